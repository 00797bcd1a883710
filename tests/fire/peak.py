"""Measurements of large tasks, each in a process of its own, which prints its peak of memory."""

import ctypes
import gc
import json
import os
import sys
import tempfile
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.benchmark import Benchmark, Kept, Tools, measure_all
from offchain.enclave.capacity import measuring_bytes
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.opening import Job, draw_samples
from offchain.enclave.sealed import SealedArrays
from offchain.protocol.artifacts import MODEL, TEST_SET, encrypt
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, pack
from offchain.protocol.selection import Votes
from offchain.protocol.task import Submission
from tests.fire.forks import status_bytes
from tests.offchain.enclave.models.onnx_files import constant, file, node

KEY = bytes(range(32))
MIB = 2**20
LIMITS = ModelLimits(model_bytes=MIB, memory_bytes=2048 * MIB, batch_rows=8192)


def model(spec: ModelSpec, scale: float) -> bytes:
    columns = max(spec.classes, 1)
    nodes = [
        node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        node("MatMul", ["f", "w"], ["m"]),
        node("Softmax" if spec.classes else "Identity", ["m"], ["y"]),
    ]
    weights = np.linspace(-scale, scale, columns * spec.input_shape[0]).reshape(
        spec.input_shape[0], -1
    )
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(spec.input_dtype))
    shape = ("N", *spec.input_shape)
    return file(nodes, [constant("w", weights, np.float32)], input_shape=shape, input_type=kind)


def manifest_of(
    rows: int, sample: int, spec: ModelSpec, metric: str, digest: bytes = bytes(32)
) -> Manifest:
    ensemble = spec.output is not Output.LABELS
    return Manifest(
        description="large",
        metric=metric,
        model=spec,
        limits=LIMITS,
        test_set=HiddenSet(rows, digest, key_commitment(KEY)),
        sample_size=sample,
        selection=Selection.ENSEMBLE if ensemble else Selection.TOP,
        minimum_gain=1 if ensemble else 0,
    )


def main(arguments: dict) -> dict[str, int]:
    """Measure a task; return the peak in bytes beyond what the process had at the start."""
    spec = ModelSpec((arguments["width"],), Output(arguments["output"]), arguments["classes"])
    spec = ModelSpec(spec.input_shape, spec.output, spec.classes, arguments["dtype"])
    rows, workers = arguments["rows"], arguments["workers"]
    with tempfile.TemporaryDirectory() as folder:
        artifacts = ArtifactFolder.open(Path(folder))
        test_set = _put(artifacts, _test_set(rows, spec), TEST_SET)
        manifest = manifest_of(rows, arguments["sample"], spec, arguments["metric"], test_set)
        jobs = [_job(artifacts, spec, index) for index in range(workers + 1)]
        run = partial(run_model, run_limits=RunLimits())
        _measure(manifest, Tools(artifacts, run, folder), jobs[:1], 1, rows=1000)  # imports
        start = _reset_peak()
        _measure(manifest, Tools(artifacts, run, folder), jobs, workers)
        peak = status_bytes("self", "VmHWM") - start
    return {"peak": peak, "bound": measuring_bytes(manifest, workers)}


def _job(artifacts: ArtifactFolder, spec: ModelSpec, index: int) -> Job:
    content = model(spec, 1 + index / 10)
    digest, stored = sha256(content).digest(), _put(artifacts, content, MODEL)
    return Job(index, Submission(digest, stored, index.to_bytes(32, "big"), 0), KEY)


def _test_set(rows: int, spec: ModelSpec) -> bytes:
    inputs = (np.arange(rows * spec.input_shape[0]) % 251).astype(spec.input_dtype)
    targets = np.arange(rows) % spec.classes if spec.classes else np.arange(rows) / rows
    return pack(Samples(inputs.reshape(rows, -1), targets), spec)


def _put(artifacts: ArtifactFolder, content: bytes, label: str) -> bytes:
    sealed = BytesIO()
    digest = encrypt(BytesIO(content), sealed, KEY, label).artifact
    with artifacts.upload(digest, len(content) + 16) as upload:
        upload.write(sealed.getbuffer())
    return digest


def _measure(
    manifest: Manifest, tools: Tools, jobs: list[Job], workers: int, rows: int = 0
) -> None:
    samples = draw_samples(manifest, bytes(32), KEY, tools.artifacts)
    if rows:
        samples = samples.rows(np.arange(rows))
    benchmark = Benchmark(manifest, samples.targets, samples.weights, bytes(32), 10**6, tools)
    with tempfile.TemporaryFile(dir=tools.scratch) as file:
        outputs = SealedArrays(KEY, file)
        kept = Kept(outputs)
        results = measure_all(benchmark, samples.inputs, jobs, workers, lambda _: None, kept)
        scored = [index for index, result in results.items() if result.score is not None]
        if len(scored) != len(jobs):
            raise ValueError(f"{results}, expected scores")
        if len(outputs):
            Votes(outputs, benchmark.score).score(tuple(scored))


def _reset_peak() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return status_bytes("self", "VmRSS")


def serve() -> None:
    """Measure the task of each line in a fork, which need not import anything again."""
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            try:
                print(json.dumps(main(json.loads(line))), flush=True)
            finally:
                os._exit(0)
        os.waitpid(process, 0)
        print(flush=True)


if __name__ == "__main__":
    serve()
