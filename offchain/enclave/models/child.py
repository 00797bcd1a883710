"""The program of the child process: it confines itself, checks a model, runs it twice, and ends."""

import os
import sys
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_exactly,
    read_message,
    write_message,
)
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.sandbox import confine, die_with_parent, limit_resources
from offchain.enclave.models.static import Plan, check_model
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault
from offchain.protocol.model_spec import STRING, ModelSpec, Output

Array = np.ndarray[Any, Any]


def main(source: IO[bytes], sink: IO[bytes]) -> None:
    """Serve one request by the protocol of `offchain.enclave.models.pipe`."""
    settings = RunSettings.from_json(read_message(source))
    die_with_parent(settings.parent)
    os.set_blocking(sys.stderr.fileno(), False)  # the parent reads it only after the end
    limit_resources(settings.limits.memory_bytes, settings.cpu_seconds)
    write_message(sink, asdict(confine()))
    passes: list[Array] = []
    try:
        model = read_exactly(source, settings.model_bytes)
        plan = check_model(model, settings.spec, settings.limits, settings.rows)
        passes = [
            predict(model, plan, settings.spec, settings.rows, optimised, source)
            for optimised in (False, True)
        ]
        outcome = RunOutcome(OutcomeStatus.OK)
    except InvalidModel as refusal:
        outcome = RunOutcome(OutcomeStatus.REFUSED, refusal.reason, refusal.detail)
    except MemoryError as error:
        outcome = RunOutcome(
            OutcomeStatus.ABORTED, detail=f"out of memory: {error}"[:DETAIL_LENGTH]
        )
    write_message(sink, asdict(outcome))
    if outcome.status is OutcomeStatus.OK:
        for predictions in passes:
            sink.write(predictions.tobytes())
        sink.flush()


def predict(
    model: bytes, plan: Plan, spec: ModelSpec, rows: int, optimised: bool, source: IO[bytes]
) -> Array:
    """Return the predictions of one pass over samples that are read batch by batch.

    Returns:
        int64 of shape (rows,) for labels, else float64 of shape (rows, *spec.columns).

    Raises:
        InvalidModel: `RUNTIME`, `OUTPUT` or `NOT_FINITE`.
    """
    session = open_session(model, optimised)
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
        each.name: np.char.decode(samples[each.name]).astype(object)
        if each.dtype == STRING
        else np.ascontiguousarray(samples[each.name])
        for each in spec.inputs
    }


def _decode(output: Array, plan: Plan, spec: ModelSpec) -> Array:
    """Check an output and return its predictions; an unproven shape is checked only here."""
    shape = getattr(output, "shape", None)
    if shape != plan.output_shape:
        raise InvalidModel(
            ModelFault.OUTPUT, f"output of shape {shape}, expected {plan.output_shape}"
        )
    if not np.isfinite(output).all():
        raise InvalidModel(
            ModelFault.NOT_FINITE, f"output {plan.output!r} has NaN or infinity, expected none"
        )
    if plan.argmax:
        output = output.argmax(axis=1)
    kind = "<i8" if spec.output is Output.LABELS else "<f8"
    return output.reshape(len(output), *spec.columns).astype(kind)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
