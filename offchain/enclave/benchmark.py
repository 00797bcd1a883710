"""Measurement of all submissions of an inventory: one result each, from committed bytes alone.

Submissions are independent and run in parallel. A submission that shares a digest with an earlier
one waits for the earlier result, since it is a duplicate only if the earlier one opens.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from offchain.enclave.artifact_folder import Artifacts
from offchain.enclave.capacity import Capacity
from offchain.enclave.models.runner import Predictions, SecondPass
from offchain.enclave.opening import Job
from offchain.enclave.proposals import Doubt
from offchain.enclave.sealed import SealedArrays
from offchain.protocol import metrics
from offchain.protocol.artifacts import MODEL, TAG_BYTES, DecryptionError, decrypt_bytes
from offchain.protocol.bounds import lower_bound
from offchain.protocol.errors import (
    InvalidModel,
    InvalidSubmission,
    ModelFault,
    RunAborted,
    RunStopped,
    StorageError,
    SubmissionFault,
)
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.passes import order, part_rows
from offchain.protocol.results import Result

Array = NDArray[Any]

SUM_TOLERANCE = 0.02
"""Largest difference between 1 and the sum of a row of probabilities, and of a value from 0 to 1.

Outputs that are quantised to eight bits are half a step of 1/256 off, so rows of ten classes up to
0.0195. Forests of two classes in float32 have values down to -0.0000013."""

MACHINE_REASONS = frozenset(ModelFault) | {SubmissionFault.UNSTABLE}
"""Reasons of a submission that opened. A later one that shares a digest is a duplicate, whatever
the run gave: what opens is decided by bytes alone."""


class Run(Protocol):
    """A function as `offchain.enclave.models.runner.run_model` with its run limits bound."""

    def __call__(
        self,
        model: bytes,
        samples: Array,
        spec: ModelSpec,
        limits: ModelLimits,
        *,
        submission: int,
        second: SecondPass | None = None,
    ) -> Predictions: ...


@dataclass(frozen=True)
class Tools:
    """A machine's means of measurement; picklable, since it is sent to the workers.

    Args:
        artifacts: encrypted models and test sets by digest.
        run: runs a model.
        scratch: folder on the host's disk for sealed outputs of models; None for the system's
            temporary folder.
        capacity: the machine's memory for a task; None accepts a task of any size.
    """

    artifacts: Artifacts
    run: Run
    scratch: str | None = None
    capacity: Capacity | None = None


@dataclass(frozen=True)
class Measurement:
    """A submission's result.

    It has an abort instead if the environment failed.

    Args:
        result: its score or reason.
        outputs: on the sample, if a team is to be chosen.
        doubt: of a doubtful submission, else None.
        detail: why a model is refused, or empty; found without hidden samples.
        abort: why there is no result.
    """

    result: Result | None
    outputs: Array | None = None
    doubt: Doubt | None = None
    detail: str = ""
    abort: RunAborted | None = None


@dataclass(frozen=True)
class Kept:
    """Results by index of all attempts at a task, doubts, details, and outputs behind them."""

    outputs: SealedArrays
    results: dict[int, Result] = field(default_factory=dict)
    doubtful: dict[int, Doubt] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """The parts of a measurement that all submissions of a task share.

    Args:
        manifest: of the task.
        targets: of the sample.
        weights: of the sample, or None.
        seed: of the task (bytes32), for confidence bounds.
        tolerance: parts per million by which optimisations and the order of samples may move a
            score.
        tools: of the machine.
    """

    manifest: Manifest
    targets: Array
    weights: Array | None
    seed: bytes
    tolerance: int
    tools: Tools

    def score(self, outputs: Array) -> int:
        """Return the score of outputs in parts per million."""
        return metrics.score(self.manifest.metric, self.targets, _wide(outputs), self.weights)

    def price_score(self, outputs: Array) -> int:
        """Return the score (ppm) that the price follows from: a lower bound if the manifest asks
        for one."""
        manifest = self.manifest
        if not manifest.confidence:
            return self.score(outputs)
        return lower_bound(
            manifest.metric,
            self.targets,
            _wide(outputs),
            self.weights,
            manifest.confidence,
            self.seed,
        )

    def measure(self, inputs: Array, job: Job) -> Measurement:
        """Measure a submission on the sample's inputs."""
        manifest, run = self.manifest, self.tools.run
        try:
            model, second = self._open(job), self.second_pass()
            predictions = run(
                model,
                inputs,
                manifest.model,
                manifest.limits,
                submission=job.index,
                second=second,
            )
        except RunAborted as abort:  # the others still get their scores
            return Measurement(None, abort=abort)
        except InvalidSubmission as fault:
            return Measurement(Result(job.index, reason=fault.reason))
        except InvalidModel as fault:
            detail = self._explain(model, fault.reason, len(inputs))
            return Measurement(Result(job.index, reason=fault.reason), detail=detail)
        measurement = self._judge(job.index, predictions)
        keep = manifest.selection is Selection.ENSEMBLE
        return measurement if keep else replace(measurement, outputs=None)

    def second_pass(self) -> SecondPass:
        """Return the second pass: a part of it suffices if no sample of it has another value."""
        count, each = len(self.targets), metrics.get(self.manifest.metric).each
        rows = order(self.seed, 2, count)
        part = part_rows(self.manifest.metric, count, self.weights, self.tolerance)
        if self.manifest.confidence:
            part = count

        def agrees(optimised: Array, plain: Array) -> bool:
            first, second = self._read(optimised)[0], self._read(plain)[0]
            if each is None or first is None or second is None:
                return False
            some = rows[:part]
            one, other = (each(self.targets[some], _wide(made)) for made in (first[some], second))
            return np.array_equal(one, other)

        return SecondPass(rows, part, agrees)

    def _explain(self, model: bytes, reason: ModelFault, rows: int) -> str:
        """Return why a model is refused, from a process that has one sample of zeros.

        The process that refused it had hidden samples, and a model may choose its texts. The work
        for all samples shows as that for one.
        """
        spec, limits = self.manifest.model, self.manifest.limits
        if reason is ModelFault.WORK:
            limits = replace(limits, operations=max(1, limits.operations // rows))
        try:
            sample = np.zeros((1, *spec.input_shape), spec.sample_dtype)
            self.tools.run(model, sample, spec, limits, submission=0)
        except InvalidModel as fault:
            return fault.detail if fault.reason is reason else ""
        except RunAborted:
            pass
        return ""

    def _judge(self, index: int, predictions: Predictions) -> Measurement:
        """Return the result of two passes (docs/SPEC.md, "Doubtful submissions").

        Their difference moves by at most twice the tolerance from one machine to another. So what
        one machine refuses, at more than three times the tolerance, is doubtful on every other, at
        more than the tolerance; and what one scores is at most five times the tolerance apart. If a
        part of the second pass agreed, they are not more than the tolerance apart.
        """
        first, fault = self._read(predictions.optimised)
        if predictions.plain is None and first is not None:
            return Measurement(Result(index, self.price_score(first)), first)
        second, other_fault = self._read(predictions.plain)
        if first is None or second is None:
            result = Result(index, reason=fault or other_fault)
            if first is not None:
                return Measurement(result, first, Doubt(self.price_score(first), first=True))
            if second is not None:
                return Measurement(result, None, Doubt(self.price_score(second), first=False))
            return Measurement(result)
        score = self.price_score(first)
        same = np.array_equal(first, second)
        apart = 0 if same else abs(self.price_score(second) - score)
        doubtful = self.tolerance < apart <= 5 * self.tolerance
        doubt = Doubt(score, first=True) if doubtful else None
        if apart > 3 * self.tolerance:
            return Measurement(Result(index, reason=SubmissionFault.UNSTABLE), first, doubt)
        return Measurement(Result(index, score), first, doubt)

    def _read(self, predictions: Array | None) -> tuple[Array | None, ModelFault | None]:
        if predictions is None:
            return None, None
        try:
            return read(predictions, self.manifest.model), None
        except InvalidModel as fault:
            return None, fault.reason

    def _open(self, job: Job) -> bytes:
        limit = self.manifest.limits.model_bytes + TAG_BYTES
        try:
            artifact = self.tools.artifacts.fetch_bytes(job.submission.artifact_digest, limit)
        except StorageError as error:
            raise RunAborted(job.index, f"its artifact is missing: {error}") from error
        try:
            model = decrypt_bytes(artifact, job.secret, MODEL)
        except DecryptionError as error:
            raise InvalidSubmission(SubmissionFault.ARTIFACT) from error
        if sha256(model).digest() != job.submission.model_digest:
            raise InvalidSubmission(SubmissionFault.MODEL_DIGEST)
        return model


def _wide(outputs: Array) -> Array:
    return outputs.astype(np.float64) if outputs.dtype.kind == "f" else outputs


def read(predictions: Array, spec: ModelSpec) -> Array:
    """Check predictions and return them as they are scored and voted with.

    They are untrusted input: an exploited child process can return anything. Probabilities are
    clipped to 0 to 1, divided by the sum of their row, and rounded to float32, because many tables
    of them are kept at a time. They are scored after rounding, so that a team of one has the score
    of its member.

    Raises:
        InvalidModel: `NOT_FINITE`, `UNKNOWN_LABEL` or `NOT_PROBABILITIES`.
    """
    if not np.isfinite(predictions).all():
        raise InvalidModel(ModelFault.NOT_FINITE, "predictions with NaN or infinity, expected none")
    if spec.output is Output.LABELS:
        if ((predictions < 0) | (predictions >= spec.classes)).any():
            raise InvalidModel(
                ModelFault.UNKNOWN_LABEL, f"expected labels from 0 to {spec.classes - 1}"
            )
        return predictions
    if spec.output in (Output.VALUES, Output.VECTORS, Output.SCORES):
        return predictions
    if spec.output is Output.MULTILABEL:
        _check_range(predictions)
        return predictions.clip(0.0, 1.0).astype(np.float32)
    apart = np.abs(predictions.sum(axis=1) - 1).max()
    _check_range(predictions)
    if apart > SUM_TOLERANCE:
        raise InvalidModel(
            ModelFault.NOT_PROBABILITIES,
            f"rows that sum up to {apart} apart from 1, expected at most {SUM_TOLERANCE}",
        )
    clipped = predictions.clip(0.0, 1.0)
    shares: Array = clipped / clipped.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def _check_range(predictions: Array) -> None:
    if predictions.min() < -SUM_TOLERANCE or predictions.max() > 1 + SUM_TOLERANCE:
        raise InvalidModel(
            ModelFault.NOT_PROBABILITIES,
            f"from {predictions.min()} to {predictions.max()}, expected 0 to 1 within "
            f"{SUM_TOLERANCE}",
        )


def measure_all(
    benchmark: Benchmark,
    inputs: Array,
    jobs: Iterable[Job],
    workers: int,
    progress: Callable[[Result], None],
    kept: Kept,
) -> dict[int, Result]:
    """Return the result of every job by index; the number of workers does not change it.

    Args:
        benchmark: of the task.
        inputs: of the sample. It is an argument of each call because joblib sends a large argument
            to a cluster's worker once, but the state of a bound method with every job.
        jobs: by rising index.
        workers: number of submissions measured at a time: joblib's ``n_jobs``, in threads unless
            joblib is configured otherwise (each model runs in a process of its own).
        progress: called with every result.
        kept: of earlier attempts, which are not measured again; gets the new ones.

    Raises:
        RunAborted: the environment failed for a submission; `RunStopped` if it did nothing but end
            runs of models. All other submissions were measured and are kept.
    """
    campaign = _Campaign({job.index: job for job in jobs}, kept, progress)
    parallel = Parallel(n_jobs=workers, prefer="threads", return_as="generator_unordered")
    while campaign.waiting:
        new = campaign.next_wave()
        for measurement in parallel(delayed(benchmark.measure)(inputs, job) for job in new):
            campaign.add(measurement)
    if campaign.aborts:
        raise _abort_of(campaign.aborts)
    return campaign.results


@dataclass
class _Campaign:
    """State of the measurement of all jobs: results, aborts, and the jobs that still wait."""

    jobs: dict[int, Job]
    kept: Kept
    progress: Callable[[Result], None]
    results: dict[int, Result] = field(default_factory=dict)
    aborts: dict[int, RunAborted] = field(default_factory=dict)
    scored: set[tuple[int, bytes]] = field(default_factory=set)
    stopped: dict[bytes, RunAborted] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Job]:
        done = self.results.keys() | self.aborts.keys()
        return [job for index, job in self.jobs.items() if index not in done]

    def next_wave(self) -> list[Job]:
        """Record duplicates, kept results and copies of stopped models; return jobs to run."""
        ready, duplicates = _next_wave(self.waiting, self.scored)
        for job in duplicates:
            self._record(Result(job.index, reason=SubmissionFault.DUPLICATE))
        new = []
        for job in ready:
            if job.submission.model_digest in self.stopped:  # one model is not stopped twice
                self.aborts[job.index] = self.stopped[job.submission.model_digest]
            elif job.index in self.kept.results:
                self._record(self.kept.results[job.index])
            else:
                new.append(job)
        return new

    def add(self, measurement: Measurement) -> None:
        abort, result = measurement.abort, measurement.result
        if abort is not None:
            self.aborts[abort.submission] = abort
            if isinstance(abort, RunStopped):
                self.stopped[self.jobs[abort.submission].submission.model_digest] = abort
        elif result is not None:
            if measurement.outputs is not None:
                self.kept.outputs.put(result.index, measurement.outputs)
            if measurement.detail:
                self.kept.details[result.index] = measurement.detail
            if measurement.doubt is not None:
                self.kept.doubtful[result.index] = measurement.doubt
            self.kept.results[result.index] = result
            self._record(result)

    def _record(self, result: Result) -> None:
        self.results[result.index] = result
        if result.score is not None or result.reason in MACHINE_REASONS:
            self.scored |= self.jobs[result.index].digests()
        self.progress(result)


def _abort_of(aborts: dict[int, RunAborted]) -> RunAborted:
    """Return one error for all aborts; a fault of the machine comes before an end of a model."""
    for index in sorted(aborts):
        if not isinstance(aborts[index], RunStopped):
            return aborts[index]
    first, *others = sorted(aborts)
    return RunStopped(first, aborts[first].cause, tuple(others))


def _next_wave(
    waiting: Iterable[Job], scored: set[tuple[int, bytes]]
) -> tuple[list[Job], list[Job]]:
    """Return jobs that need not wait for an earlier one, and duplicates of scored submissions."""
    ready, duplicates = [], []
    earlier: set[tuple[int, bytes]] = set()
    for job in waiting:
        if job.digests() & scored:
            duplicates.append(job)
            continue
        if not job.digests() & earlier:
            ready.append(job)
        earlier |= job.digests()
    return ready, duplicates
