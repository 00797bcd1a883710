"""Measurement of all submissions of an inventory: one result each, from committed bytes alone.

Submissions are independent and run in parallel. A submission that shares a digest with an earlier
one waits for the earlier result, since it is a duplicate only if the earlier one has a score.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from offchain.enclave.artifact_folder import Artifacts
from offchain.enclave.capacity import Capacity
from offchain.enclave.models.runner import Predictions
from offchain.enclave.opening import Job
from offchain.enclave.sealed import SealedArrays
from offchain.protocol import metrics
from offchain.protocol.artifacts import MODEL, TAG_BYTES, DecryptionError, decrypt_bytes
from offchain.protocol.bounds import lower_bound
from offchain.protocol.errors import (
    InvalidModel,
    InvalidSubmission,
    ModelFault,
    RunAborted,
    StorageError,
    SubmissionFault,
)
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.results import Result

Array = NDArray[Any]

SUM_TOLERANCE = 1e-3
"""The largest allowed difference between 1 and the sum of a row of probabilities."""


class Run(Protocol):
    """A function as `offchain.enclave.models.runner.run_model` with its run limits bound."""

    def __call__(
        self, model: bytes, samples: Array, spec: ModelSpec, limits: ModelLimits, *, submission: int
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
    """A submission's result; with its outputs on the sample if a team is to be chosen."""

    result: Result
    outputs: Array | None = None


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
        """Measure a submission on the sample's inputs.

        Raises:
            RunAborted: the environment failed.
        """
        try:
            outputs, score = self._score(inputs, job)
        except (InvalidSubmission, InvalidModel) as fault:
            return Measurement(Result(job.index, reason=fault.reason))
        keep = self.manifest.selection is Selection.ENSEMBLE
        return Measurement(Result(job.index, score), outputs if keep else None)

    def _score(self, inputs: Array, job: Job) -> tuple[Array, int]:
        model, manifest = self._open(job), self.manifest
        run = self.tools.run
        predictions = run(model, inputs, manifest.model, manifest.limits, submission=job.index)
        plain = read(predictions.plain, manifest.model)
        optimised = read(predictions.optimised, manifest.model)
        score = self.price_score(plain)
        if abs(self.price_score(optimised) - score) > self.tolerance:
            raise InvalidSubmission(SubmissionFault.UNSTABLE)
        return plain, score

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
    rounded to float32, because many tables of them are kept at a time. They are scored after
    rounding, so that a team of one has the score of its member.

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
        if predictions.min() < -SUM_TOLERANCE or predictions.max() > 1 + SUM_TOLERANCE:
            raise InvalidModel(
                ModelFault.NOT_PROBABILITIES,
                f"from {predictions.min()} to {predictions.max()}, expected 0 to 1",
            )
        return predictions.clip(0.0, 1.0).astype(np.float32)
    apart = np.abs(predictions.sum(axis=1) - 1).max()
    if predictions.min() < 0 or apart > SUM_TOLERANCE:
        raise InvalidModel(
            ModelFault.NOT_PROBABILITIES,
            f"probabilities from {predictions.min()}, rows that sum up to {apart} apart from 1, "
            f"expected none negative and at most {SUM_TOLERANCE}",
        )
    return predictions.astype(np.float32)


def measure_all(
    benchmark: Benchmark,
    inputs: Array,
    jobs: Iterable[Job],
    workers: int,
    progress: Callable[[Result], None],
    outputs: SealedArrays,
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
        outputs: stores the outputs of models, so that memory does not grow with the submissions.

    Raises:
        RunAborted: the environment failed; names a submission.
    """
    results: dict[int, Result] = {}
    scored: set[tuple[int, bytes]] = set()
    waiting = {job.index: job for job in jobs}
    parallel = Parallel(n_jobs=workers, prefer="threads", return_as="generator_unordered")

    def record(result: Result) -> None:
        results[result.index] = result
        progress(result)

    while waiting:
        ready, duplicates = _next_wave(waiting.values(), scored)
        for job in duplicates:
            record(Result(job.index, reason=SubmissionFault.DUPLICATE))
        for measurement in parallel(delayed(benchmark.measure)(inputs, job) for job in ready):
            result = measurement.result
            if measurement.outputs is not None:
                outputs.put(result.index, measurement.outputs)
            if result.score is not None:
                scored |= waiting[result.index].digests()
            record(result)
        waiting = {index: job for index, job in waiting.items() if index not in results}
    return results


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
