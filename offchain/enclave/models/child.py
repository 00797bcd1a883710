"""The program of the child process: it confines itself, checks a model, runs it twice, and ends."""

import mmap
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import IO, Any, Final

import numpy as np

from offchain.enclave.models.memory import Reserve, reserve_memory
from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_exactly,
    read_message,
    run_seconds,
    take_pipes,
    write_message,
)
from offchain.enclave.models.runtime import Session, open_session, run_session
from offchain.enclave.models.sandbox import (
    ADDRESS_MARGIN_BYTES,
    confine,
    deny_core_dumps,
    die_with_parent,
    expect_one_thread,
    limit_resources,
    mapped_bytes,
    shorten,
)
from offchain.enclave.models.static import Plan, check_model
from offchain.enclave.models.text import load_locale
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import STRING, ModelSpec, Output

Array = np.ndarray[Any, Any]

UNRESERVED_BYTES: Final = 64 * 2**20
"""Address space that is left for what is not on the heap, such as code and stacks."""


@dataclass(frozen=True)
class Origin:
    """Values that a child has from the zygote that forked it, which could open and read files.

    Args:
        mapped: address space of the zygote in bytes.
        silence: descriptor of /dev/null.
        inputs: descriptor of the shared memory with all samples.
    """

    mapped: int
    silence: int
    inputs: int


def main(source: IO[bytes], sink: IO[bytes], origin: Origin | None = None) -> None:
    """Serve one request by the protocol of `offchain.enclave.models.pipe`.

    Args:
        origin: None in a process of its own, which gets the samples by its pipe.
    """
    settings = RunSettings.from_json(read_message(source))
    limits, table, mapped = settings.limits, None, 0
    supported = {"prctl": deny_core_dumps() and die_with_parent(settings.parent)}
    if origin is None:
        expect_one_thread()
        mapped, silence = mapped_bytes(), os.open(os.devnull, os.O_WRONLY)
        if any(each.dtype == STRING for each in settings.spec.inputs):
            load_locale()
    else:
        table, silence = _map_samples(origin.inputs, settings), origin.silence
        mapped = origin.mapped + table.nbytes
    supported["getrusage"] = limit_resources(mapped + limits.memory_bytes, settings.cpu_seconds)
    reserve = reserve_memory(limits.memory_bytes + ADDRESS_MARGIN_BYTES - UNRESERVED_BYTES)
    confinement = confine()
    missing = [
        name for name, here in (supported | {"seccomp": confinement.seccomp}).items() if not here
    ]
    write_message(sink, asdict(replace(confinement, missing=tuple(missing))))
    os.dup2(silence, sys.stderr.fileno())  # untrusted bytes follow: nobody reads what they print
    os.close(silence)
    stages = _stages(source, settings, _Samples(source, settings.spec, table))
    while True:
        passes: list[Array] = []
        try:
            passes = next(stages)
            outcome = RunOutcome(OutcomeStatus.OK)
        except InvalidModel as refusal:
            outcome = _refuse(refusal, reserve)
        except Exception as error:
            outcome = _abort(error)
        write_message(sink, asdict(outcome))
        for predictions in passes:
            sink.write(predictions.tobytes())
        sink.flush()
        if outcome.status is not OutcomeStatus.OK or not source.read(1):
            return


def _map_samples(descriptor: int, settings: RunSettings) -> Array:
    """Return all samples, read-only, from shared memory, and close its descriptor."""
    content = mmap.mmap(descriptor, 0, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ)
    os.close(descriptor)
    shape = (settings.rows, *settings.spec.input_shape)
    return np.frombuffer(content, settings.spec.sample_dtype).reshape(shape)


@dataclass
class _Samples:
    """The samples of all passes, one after another: from shared memory, or from a pipe.

    Args:
        table: the shared memory.
        done: number of samples of the first pass that were taken from it.
    """

    source: IO[bytes]
    spec: ModelSpec
    table: Array | None
    done: int = 0

    def take(self, count: int) -> Array:
        """Return the next samples, read-only."""
        if self.table is None:
            shape, dtype = (count, *self.spec.input_shape), self.spec.sample_dtype
            size = int(np.prod(shape)) * dtype.itemsize
            return np.frombuffer(read_exactly(self.source, size), dtype).reshape(shape)
        if self.done < len(self.table):
            self.done += count
            return self.table[self.done - count : self.done]
        rows = np.frombuffer(read_exactly(self.source, 8 * count), "<i8")
        return np.asarray(self.table[rows])


def _stages(source: IO[bytes], settings: RunSettings, samples: _Samples) -> Iterator[list[Array]]:
    """Yield the predictions of the first pass and of a part of the second, then of its rest.

    The first pass is the one that is scored. It has the runtime's optimisations, and the second has
    none: what depends on rounding differs. An exact model is loaded once, since it has no such
    difference.
    """
    model, spec = read_exactly(source, settings.model_bytes), settings.spec
    plan = check_model(model, spec, settings.limits, settings.rows)
    shorten(run_seconds(settings.limits.operations - plan.operations))
    session = open_session(plan.model, optimised=True)
    scored = predict(session, plan, spec, settings.rows, samples)
    if not plan.exact:
        del session  # before the other one takes memory
        session = open_session(plan.model, optimised=False)
    yield [scored, predict(session, plan, spec, settings.part, samples)]
    yield [predict(session, plan, spec, settings.rows - settings.part, samples)]


def _refuse(refusal: InvalidModel, reserve: Reserve) -> RunOutcome:
    """Return a refusal; if memory may have been short, an abort: a refusal may come of that."""
    try:
        reserve.check()
    except MemoryError as error:
        return _abort(error)
    return RunOutcome(OutcomeStatus.REFUSED, refusal.reason, refusal.detail)


def _abort(error: Exception) -> RunOutcome:
    """Return an abort. No error is quoted: its text can hold values of the hidden samples."""
    name = "out of memory" if isinstance(error, MemoryError) else type(error).__name__
    return RunOutcome(OutcomeStatus.ABORTED, detail=f"{name} in the process of the model")


def predict(session: Session, plan: Plan, spec: ModelSpec, rows: int, samples: _Samples) -> Array:
    """Return the predictions of the next samples, taken batch by batch.

    Returns:
        int64 of shape (rows,) for labels, else float64 of shape (rows, *spec.columns).

    Raises:
        InvalidModel: `RUNTIME`, `OUTPUT` or `NOT_FINITE`.
    """
    # One table from the start: a small block behind the values of each batch would keep the next
    # batch from their place, so that every batch took fresh memory.
    kind = "<i8" if spec.output is Output.LABELS else "<f8"
    predictions = np.empty((rows, *spec.columns), kind)
    for start in range(0, rows, plan.batch_rows):
        count = min(plan.batch_rows, rows - start)
        batch = samples.take(count)
        if count < plan.batch_rows:
            padding = np.repeat(batch[-1:], plan.batch_rows - count, axis=0)
            batch = np.concatenate((batch, padding))
        output = run_session(session, [plan.output], _feeds(batch, plan, spec))[0]
        predictions[start : start + count] = _decode(output, plan, spec)[:count]
    return predictions


def _feeds(samples: Array, plan: Plan, spec: ModelSpec) -> dict[str, Array]:
    """Return the model's inputs by name; strings as Python's, as the runtime takes them."""
    if not spec.inputs:
        return {plan.input: samples}
    return {
        each.name: _decoded(samples[each.name])
        if each.dtype == STRING
        else np.ascontiguousarray(samples[each.name])
        for each in spec.inputs
    }


def _decoded(texts: Array) -> Array:
    strings = np.array([text.decode() for text in texts.ravel()], object)
    return strings.reshape(texts.shape)


def _decode(output: Array, plan: Plan, spec: ModelSpec) -> Array:
    """Check an output and return its predictions; an unproven type is checked only here."""
    shape = getattr(output, "shape", None)
    if shape != plan.output_shape:
        raise InvalidModel(
            ModelFault.OUTPUT, f"output of shape {shape}, expected {plan.output_shape}"
        )
    integers = spec.output is Output.LABELS and not plan.argmax
    if output.dtype.kind != ("i" if integers else "f"):
        expected = "integers" if integers else "floats"
        raise InvalidModel(ModelFault.OUTPUT, f"output of {output.dtype}, expected {expected}")
    if plan.argmax and not np.isfinite(output).all():
        raise InvalidModel(
            ModelFault.NOT_FINITE, f"output {plan.output!r} has NaN or infinity, expected none"
        )
    if plan.column:
        second = output.reshape(-1, 1)
        if plan.argmax and not 0 <= second.min() <= second.max() <= 1:
            raise InvalidModel(
                ModelFault.OUTPUT, "one column beyond 0 to 1, expected a probability or labels"
            )
        output = np.hstack((1 - second, second))
    if plan.argmax:
        output = output.argmax(axis=1)
    return output.reshape(len(output), *spec.columns)


if __name__ == "__main__":
    main(*take_pipes())
