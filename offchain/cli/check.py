"""``golden-grain check``: try a model against a manifest as an enclave would; nothing is sent."""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offchain.enclave.benchmark import read
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import check_model
from offchain.protocol.encoding import from_json
from offchain.protocol.errors import InvalidModel, ModelFault, RunAborted
from offchain.protocol.manifest import Manifest
from offchain.protocol.model_spec import OPERATION_SECONDS, ModelSpec
from offchain.storage.publications import PublicationFolder

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


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", type=Path, help="ONNX file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--manifest", type=Path, help="the task's manifest.json")
    source.add_argument("--task", help="id of a task whose documents are in --folder")
    parser.add_argument("--folder", help="folder or URL where the provider publishes")
    parser.add_argument("--rows", type=Path, help=".npy file of inputs (made up)")
    parser.add_argument(
        "--unconfined", action="store_true", help="run without a sandbox: your own model only"
    )


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Check a model and run it; yield its memory, work and time beside the limits, then ``ok``.

    Raises:
        ValueError: the model would have no score; the message has the detail and the remedy.
        OSError: a file cannot be read.
    """
    manifest, model = _manifest(arguments), arguments.model.read_bytes()
    spec, limits, size = manifest.model, manifest.limits, manifest.sample_size
    try:
        plan = check_model(model, spec, limits, size)
    except InvalidModel as refusal:
        raise _refused(refusal) from refusal
    yield f"file        {len(model):,} of {limits.model_bytes:,} bytes"
    yield f"memory      {plan.memory_bytes:,} of {limits.memory_bytes:,} bytes"
    yield f"work        {plan.operations:,} of {limits.operations:,} operations"
    yield f"batch       {plan.batch_rows} of {limits.batch_rows} samples, output {plan.output!r}"
    made_up = arguments.rows is None
    samples = _made_up(spec, min(size, 2 * plan.batch_rows)) if made_up else _rows(arguments, spec)
    start = time.monotonic()
    limited = RunLimits(require_sandbox=not arguments.unconfined)
    try:
        predictions = run_model(model, samples, spec, limits, limited, submission=0)
        passes = (predictions.optimised, predictions.plain)
        optimised, plain = (read(each, spec) for each in passes if each is not None)
    except InvalidModel as refusal:
        raise _refused(refusal) from refusal
    except RunAborted as abort:
        raise ValueError(f"an enclave would leave this model out: {abort.cause}") from abort
    seconds = time.monotonic() - start
    bound = 2 * OPERATION_SECONDS * plan.operations
    yield f"time        {seconds:.1f} s for {len(samples)} rows, bound {bound:.1f} s for {size}"
    apart = float(np.abs(plain.astype(float) - optimised.astype(float)).max())
    yield f"stable      {apart:.1e} between runs with and without optimisations"
    yield "ok" + (
        " on made-up rows: values of another kind may still be refused" if made_up else ""
    )


def _manifest(arguments: argparse.Namespace) -> Manifest:
    if arguments.manifest is not None:
        return from_json(Manifest, arguments.manifest.read_bytes())
    if arguments.folder is None:
        raise ValueError("--task without --folder, expected where the provider publishes")
    task_id = bytes.fromhex(arguments.task.removeprefix("0x"))
    documents = PublicationFolder(arguments.folder).documents(task_id)
    if documents is None:
        raise ValueError(f"no documents of task {arguments.task} in {arguments.folder}")
    return documents.manifest


def _made_up(spec: ModelSpec, count: int) -> NDArray[np.generic]:
    """Return rows of the task's types: small numbers, and texts of one letter."""
    random = np.random.default_rng(0)

    def column(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> NDArray[np.generic]:
        values = random.random((count, *shape)) * (1 if dtype.kind == "f" else 2)
        return values.astype(int).astype(dtype) if dtype.kind == "S" else values.astype(dtype)

    if not spec.inputs:
        return column(spec.sample_dtype, spec.input_shape)
    made = np.zeros(count, spec.sample_dtype)
    for each in spec.inputs:
        made[each.name] = column(each.array_dtype, each.shape)
    return made


def _rows(arguments: argparse.Namespace, spec: ModelSpec) -> NDArray[np.generic]:
    rows: NDArray[np.generic] = np.load(arguments.rows, allow_pickle=False)
    return rows.astype(spec.sample_dtype)


def _refused(refusal: InvalidModel) -> ValueError:
    remedy = REMEDIES.get(refusal.reason)
    return ValueError(f"{refusal}" + (f". Remedy: {remedy}" if remedy else ""))
