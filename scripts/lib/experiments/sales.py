"""Sales of models to an enclave in this process, and their times beside plain onnxruntime."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

from offchain.enclave.benchmark import Tools, read
from offchain.enclave.enclave import Enclave
from offchain.enclave.models.runner import Predictions, RunLimits, SecondPass, run_model
from offchain.protocol.manifest import Manifest
from offchain.protocol.messages import Proposal
from offchain.protocol.model_spec import ModelLimits, ModelSpec
from offchain.protocol.reports import Report
from offchain.provider.data import Array, Data
from offchain.provider.hidden_set import BenchmarkTerms
from offchain.storage.store import Store
from scripts.lib.bench.market import make_sale
from scripts.lib.bench.runs import BATCHES, children_seconds


@dataclass(frozen=True)
class Call:
    """The arguments of a run that an enclave asked for."""

    model: bytes
    samples: Array
    spec: ModelSpec
    limits: ModelLimits
    second: SecondPass

    def run(self) -> Predictions:
        """Run the model in the sandbox, as the enclave does."""
        return run_model(
            self.model, self.samples, self.spec, self.limits, RunLimits(), 0, self.second
        )


@dataclass
class Recorder:
    """Runs models for an enclave, and keeps what it was asked for by submission."""

    calls: dict[int, Call] = field(default_factory=dict)

    def __call__(
        self,
        model: bytes,
        samples: Array,
        spec: ModelSpec,
        limits: ModelLimits,
        *,
        submission: int,
        second: SecondPass | None = None,
    ) -> Predictions:
        if second is not None:
            self.calls[submission] = Call(model, samples, spec, limits, second)
        return run_model(model, samples, spec, limits, RunLimits(), submission, second)


@dataclass(frozen=True)
class Sale:
    """A measured task: its signed report, and the runs behind it by submission."""

    manifest: Manifest
    proposal: Proposal
    report: Report
    calls: Mapping[int, Call]

    @property
    def scores(self) -> list[int]:
        """Scores (ppm) by submission.

        Raises:
            RuntimeError: a model was refused; names it and the reason.
        """
        scores = []
        for result in self.proposal.results:
            if result.score is None:
                raise RuntimeError(f"model {result.index} was refused: {result.reason}")
            scores.append(result.score)
        return scores


def sell(data: Data, terms: BenchmarkTerms, offers: Sequence[bytes], **other: Any) -> Sale:
    """Offer models to a task, and let one enclave measure them and sign its report.

    Args:
        data: the hidden test set.
        terms: of its measurement.
        offers: ONNX files.
        other: fields of the task, such as ``curve``.
    """
    enclave, recorder = Enclave.boot(os.urandom), Recorder()
    with TemporaryDirectory() as folder:
        store = Store(folder)
        bundle = make_sale((enclave.identity,), data, terms, offers, store, **other)
        enclave.measure(bundle, Tools(store, recorder))
        task_id = bundle.transcript.task_id
        proposal = enclave.propose(task_id, 0)
        report = enclave.cosign(task_id, 0, proposal, bytes(32)).report
    return Sale(bundle.manifest, proposal, report, recorder.calls)


def outputs(model: bytes, inputs: Array, manifest: Manifest) -> Array:
    """Return a model's outputs on other data than the sample, as a vote counts them."""
    made = run_model(model, inputs, manifest.model, manifest.limits, RunLimits(), 0)
    return read(made.optimised, manifest.model)


def times(call: Call, turns: int) -> tuple[float, float]:
    """Return the CPU seconds of a run in the enclave's sandbox, and of plain onnxruntime.

    Both are means of runs in turns, from the file to the predictions: with static checks, process
    and second pass on one side; with the fastest of four batch sizes on the other.

    Args:
        call: the run.
        turns: number of runs of each side. The kernel counts the time of other processes in steps
            of 10 ms, so the mean of the enclave's is exact to 20 ms over this number.
    """
    plain = _plain(call)

    def ours() -> float:
        start = time.process_time() + children_seconds()
        call.run()
        return time.process_time() + children_seconds() - start

    ours()
    best = min(BATCHES, key=plain)
    pairs = np.array([(ours(), plain(best)) for _ in range(turns)])
    own, other = pairs.mean(axis=0)
    return float(own), float(other)


def _plain(call: Call) -> Callable[[int], float]:
    """Return a function of a batch size that runs plain onnxruntime and returns its seconds."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 3
    feeds = {"": call.samples}
    if call.samples.dtype.names:
        decode = np.vectorize(bytes.decode, otypes=[object])
        feeds = {name: decode(call.samples[name]) for name in call.samples.dtype.names}

    def run(batch: int) -> float:
        start = time.process_time()
        session = InferenceSession(call.model, options, providers=["CPUExecutionProvider"])
        output, first = session.get_outputs()[-1].name, session.get_inputs()[0].name
        for low in range(0, len(call.samples), batch):
            part = {name or first: each[low : low + batch] for name, each in feeds.items()}
            session.run([output], part)
        return time.process_time() - start

    return run
