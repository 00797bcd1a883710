"""The program of the child process: it confines itself, checks a model, runs it twice, and ends."""

import os
import sys
from dataclasses import asdict
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
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.sandbox import (
    ADDRESS_MARGIN_BYTES,
    confine,
    deny_core_dumps,
    die_with_parent,
    limit_resources,
    shorten,
)
from offchain.enclave.models.static import Plan, check_model
from offchain.enclave.models.text import load_locale
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import STRING, ModelSpec, Output

Array = np.ndarray[Any, Any]

UNRESERVED_BYTES: Final = 64 * 2**20
"""Address space that is left for what is not on the heap, such as code and stacks."""


def main(source: IO[bytes], sink: IO[bytes]) -> None:
    """Serve one request by the protocol of `offchain.enclave.models.pipe`."""
    settings = RunSettings.from_json(read_message(source))
    deny_core_dumps()
    die_with_parent(settings.parent)
    if any(each.dtype == STRING for each in settings.spec.inputs):
        load_locale()
    limits = settings.limits
    limit_resources(limits.memory_bytes, settings.cpu_seconds)
    reserve = reserve_memory(limits.memory_bytes + ADDRESS_MARGIN_BYTES - UNRESERVED_BYTES)
    silence = os.open(os.devnull, os.O_WRONLY)
    write_message(sink, asdict(confine()))
    os.dup2(silence, sys.stderr.fileno())  # untrusted bytes follow: nobody reads what they print
    passes: list[Array] = []
    try:
        model = read_exactly(source, settings.model_bytes)
        passes = _run(model, settings, source)
        outcome = RunOutcome(OutcomeStatus.OK)
    except InvalidModel as refusal:
        outcome = _refuse(refusal, reserve)
    except Exception as error:
        outcome = _abort(error)
    write_message(sink, asdict(outcome))
    if outcome.status is OutcomeStatus.OK:
        for predictions in passes:
            sink.write(predictions.tobytes())
        sink.flush()


def _run(model: bytes, settings: RunSettings, source: IO[bytes]) -> list[Array]:
    plan = check_model(model, settings.spec, settings.limits, settings.rows)
    shorten(run_seconds(settings.limits.operations - plan.operations))
    return [
        predict(plan, settings.spec, settings.rows, optimised, source)
        for optimised in (False, True)
    ]


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


def predict(plan: Plan, spec: ModelSpec, rows: int, optimised: bool, source: IO[bytes]) -> Array:
    """Return the predictions of one pass over samples that are read batch by batch.

    Returns:
        int64 of shape (rows,) for labels, else float64 of shape (rows, *spec.columns).

    Raises:
        InvalidModel: `RUNTIME`, `OUTPUT` or `NOT_FINITE`.
    """
    session = open_session(plan.model, optimised)
    batches = []
    for start in range(0, rows, plan.batch_rows):
        count = min(plan.batch_rows, rows - start)
        samples = _read_samples(source, spec, count)
        if count < plan.batch_rows:
            padding = np.repeat(samples[-1:], plan.batch_rows - count, axis=0)
            samples = np.concatenate((samples, padding))
        output = run_session(session, [plan.output], _feeds(samples, plan, spec))[0]
        batches.append(_decode(output, plan, spec)[:count])
    return np.concatenate(batches)


def _read_samples(source: IO[bytes], spec: ModelSpec, count: int) -> Array:
    shape = (count, *spec.input_shape)
    dtype = spec.sample_dtype
    content = read_exactly(source, int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(shape)


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
    kind = "<i8" if spec.output is Output.LABELS else "<f8"
    return output.reshape(len(output), *spec.columns).astype(kind)


if __name__ == "__main__":
    main(*take_pipes())
