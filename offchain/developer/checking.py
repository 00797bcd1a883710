"""A model against a task's manifest, as an enclave would judge it; nothing is sent."""

import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offchain.enclave.benchmark import read
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import check_model
from offchain.protocol import metrics
from offchain.protocol.errors import InvalidModel, ModelFault, RunAborted
from offchain.protocol.manifest import Manifest
from offchain.protocol.model_spec import OPERATION_SECONDS, ModelSpec

REMEDIES = {
    ModelFault.EXTERNAL_DATA: "torch.onnx.export(…, external_data=False), or onnx.save of the "
    "loaded model, writes one file",
    ModelFault.INPUT: "export with the task's type and shape: PyTorch dynamic_axes or "
    "dynamic_shapes, skl2onnx initial_types, Keras an InputSpec with None first",
    ModelFault.OUTPUT: "export probabilities: PyTorch a softmax as the last layer, skl2onnx, "
    "CatBoost and LightGBM a classifier with predict_proba rather than a booster",
    ModelFault.NOT_PROBABILITIES: "end the model with a softmax or a sigmoid, and leave that out "
    "of a quantisation (nodes_to_exclude)",
    ModelFault.UNSUPPORTED_OP: "export for inference with another opset: PyTorch opset_version=18, "
    "onnxmltools target_opset=15; docs/MODELS.md lists the ops",
    ModelFault.SHAPE: "shapes may depend on shapes but not on values: no masks, no NonZero",
    ModelFault.MEMORY: "fewer values at a time, or ask for a larger memory_bytes",
    ModelFault.WORK: "a smaller model, or ask for more operations",
    ModelFault.NOT_FINITE: "scale the inputs inside of the model, and impute missing values",
    ModelFault.TOO_LARGE: "fewer nodes or float16 weights",
}
"""Remedies for a developer, by the reason of the refusal."""

Rows = NDArray[np.generic]


@dataclass(frozen=True)
class Sample:
    """A developer's own data to try a model on.

    Args:
        rows: inputs, as the task's models take them.
        targets: of the rows, or None; with them the model gets a score.
    """

    rows: Rows
    targets: Rows | None = None


def check(
    model: bytes, manifest: Manifest, sample: Sample | None = None, *, unconfined: bool = False
) -> Generator[str, None, int | None]:
    """Check a model and run it; yield its memory, work and time beside the limits, then ``ok``.

    Args:
        model: content of an ONNX file.
        manifest: of the task.
        sample: rows to run the model on; made up when None.
        unconfined: run without a sandbox.

    Returns:
        The score (ppm) on the sample by the task's metric, or None without targets.

    Raises:
        ValueError: the model would have no score; the message has the detail and the remedy.
    """
    spec, limits, size = manifest.model, manifest.limits, manifest.sample_size
    try:
        plan = check_model(model, spec, limits, size)
    except InvalidModel as refusal:
        raise _refused(refusal) from refusal
    yield f"file        {len(model):,} of {limits.model_bytes:,} bytes"
    yield f"memory      {plan.memory_bytes:,} of {limits.memory_bytes:,} bytes"
    yield f"work        {plan.operations:,} of {limits.operations:,} operations"
    yield f"batch       {plan.batch_rows} of {limits.batch_rows} samples, output {plan.output!r}"
    rows = made_up(spec, min(size, 2 * plan.batch_rows)) if sample is None else sample.rows
    start = time.monotonic()
    limited = RunLimits(require_sandbox=not unconfined)
    try:
        predictions = run_model(model, rows, spec, limits, limited, submission=0)
        passes = (predictions.optimised, predictions.plain)
        optimised, plain = (read(each, spec) for each in passes if each is not None)
    except InvalidModel as refusal:
        raise _refused(refusal) from refusal
    except RunAborted as abort:
        raise ValueError(f"an enclave would leave this model out: {abort.cause}") from abort
    seconds = time.monotonic() - start
    bound = 2 * OPERATION_SECONDS * plan.operations
    yield f"time        {seconds:.1f} s for {len(rows)} rows, bound {bound:.1f} s for {size}"
    apart = float(np.abs(plain.astype(float) - optimised.astype(float)).max())
    yield f"stable      {apart:.1e} between runs with and without optimisations"
    score = None
    if sample is not None and sample.targets is not None:
        wide = optimised.astype(np.float64) if optimised.dtype.kind == "f" else optimised
        score = metrics.score(manifest.metric, sample.targets, wide)
        yield f"score       {score / metrics.PPM:.6f} {manifest.metric} on your rows"
    yield "ok" + (
        "" if sample is not None else " on made-up rows: values of another kind may be refused"
    )
    return score


def made_up(spec: ModelSpec, count: int) -> Rows:
    """Return rows of the task's types: small numbers, and texts of one letter."""
    random = np.random.default_rng(0)

    def column(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Rows:
        values = random.random((count, *shape)) * (1 if dtype.kind == "f" else 2)
        return values.astype(int).astype(dtype) if dtype.kind == "S" else values.astype(dtype)

    if not spec.inputs:
        return column(spec.sample_dtype, spec.input_shape)
    made = np.zeros(count, spec.sample_dtype)
    for each in spec.inputs:
        made[each.name] = column(each.array_dtype, each.shape)
    return made


def _refused(refusal: InvalidModel) -> ValueError:
    remedy = REMEDIES.get(refusal.reason)
    return ValueError(f"{refusal}" + (f". Remedy: {remedy}" if remedy else ""))
