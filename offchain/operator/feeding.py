"""Delivery of a task's artifacts to an enclave in the background, and start of its measurement.

A task with slow servers or a run that keeps failing does not delay other tasks.
"""

import tempfile
from collections import Counter
from collections.abc import Generator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from offchain.operator.case import Case
from offchain.operator.client import EnclaveClient
from offchain.operator.cosigning import PROBLEMS
from offchain.operator.requests import in_background
from offchain.protocol.artifacts import TAG_BYTES
from offchain.protocol.errors import InvalidRequest, RequestFault, StorageError
from offchain.protocol.messages import Bundle, Posted, RunId, RunStage, RunStatus
from offchain.protocol.release import Release
from offchain.protocol.sample import artifact_bytes
from offchain.storage.publications import ResultsFolder
from offchain.storage.submissions import SubmissionSources, fetch_submissions, keep_artifact

MOST_DOUBLINGS = 6
"""Limit of the exponential backoff: 64 steps between two attempts."""


@dataclass
class _Delivery:
    """A background delivery of a task's artifacts, which ends with the bundle to measure.

    Args:
        release: of the test set to the enclave.
        fetched: number of submissions delivered so far.
        notes: lines to show to the operator.
        bundle: completes once all artifacts are in the enclave's folder.
    """

    release: Release
    fetched: int = 0
    notes: list[str] = field(default_factory=list)
    bundle: Future[Bundle] = field(default_factory=Future)


@dataclass
class Feeder:
    """A host's tool that delivers artifacts to its enclave and starts measurements.

    Args:
        enclave: the operator's own.
        sources: stores of submissions; ``keep`` is the operator's own store.
        results: the operator's own folder, for the enclave's notices of models that were stopped.
        linger: seconds that a step waits for a delivery before it goes on to the next task.
    """

    enclave: EnclaveClient
    sources: SubmissionSources
    results: ResultsFolder
    linger: float = 1.0
    _step: int = 0
    _deliveries: dict[RunId, _Delivery] = field(default_factory=dict)
    _failures: Counter[RunId] = field(default_factory=Counter)
    _retry_at: dict[RunId, int] = field(default_factory=dict)
    _tried: dict[RunId, tuple[int, ...]] = field(default_factory=dict)
    _delivered: dict[RunId, tuple[int, ...]] = field(default_factory=dict)

    def next_step(self) -> None:
        """Advance the count of steps, by which retries are scheduled."""
        self._step += 1

    def ensure_measured(self, case: Case, posted: Posted | None) -> Generator[str, None, bool]:
        """Return True once the enclave has measured; start the measurement if needed.

        Yields lines about each action.
        """
        run = RunId(case.task_id, 0 if posted is None else 1)
        newest = None if posted is not None else self._newest_inventory(case, run)
        if self._step < self._retry_at.get(run, 0) and newest in (None, self._tried.get(run)):
            return False
        status = self._status(run)
        if status is not None and status.stage is not RunStage.FAILED:
            measured = status.stage is RunStage.MEASURED
            if not measured or newest in (None, self._delivered.get(run)):
                return measured
            status = None
        if status is not None and run not in self._retry_at:
            notice = None if status.problem is None else status.problem.notice
            if notice is None or posted is not None:
                yield self._schedule_retry(run, f"measurement failed: {status.problem}")
            else:
                self.results.put_notice(notice)
                # The provider's next release comes first, since the same models stop again.
                self._failures[run] = MOST_DOUBLINGS
                yield self._schedule_retry(run, f"models {list(notice.stopped)} were stopped")
            return False
        delivery = self._delivery(case, run, posted)
        if delivery is None:
            yield "waits for the release of the test set to this enclave"
            return False
        wait([delivery.bundle], self.linger)
        count = len(delivery.release.inventory)
        if not delivery.bundle.done():
            yield f"fetched {delivery.fetched} of {count} submissions"
            return False
        del self._deliveries[run]
        yield from delivery.notes
        try:
            self.enclave.start(delivery.bundle.result())
        except (StorageError, ValueError, OSError, *PROBLEMS) as problem:
            yield self._schedule_retry(run, f"{type(problem).__name__}: {problem}")
        else:
            self._retry_at.pop(run, None)
            self._delivered[run] = delivery.release.inventory
            yield f"measures {count} submissions in round {run.round}"
        return False

    def _newest_inventory(self, case: Case, run: RunId) -> tuple[int, ...] | None:
        """Return what is released now, as submissions may be left out; None before a delivery."""
        if run not in self._tried:
            return None
        release = case.files.release(case.own.signing_key)
        return None if release is None else release.inventory

    def _status(self, run: RunId) -> RunStatus | None:
        try:
            return self.enclave.status(run)
        except InvalidRequest as refusal:
            if refusal.reason is not RequestFault.NOT_MEASURED:
                raise
            return None

    def _schedule_retry(self, run: RunId, cause: str) -> str:
        pause = 2 ** min(self._failures[run], MOST_DOUBLINGS)
        self._failures[run] += 1
        self._retry_at[run] = self._step + pause
        return f"{cause}; retry in {pause} steps"

    def _delivery(self, case: Case, run: RunId, posted: Posted | None) -> _Delivery | None:
        """Return the delivery for a run, started if needed; None before the release."""
        if run not in self._deliveries:
            release = case.files.release(case.own.signing_key)
            if release is None:
                return None
            delivery = self._deliveries[run] = _Delivery(release)
            self._tried[run] = release.inventory
            in_background(lambda: self._deliver(case, delivery, posted), delivery.bundle)
        return self._deliveries[run]

    def _deliver(self, case: Case, delivery: _Delivery, posted: Posted | None) -> Bundle:
        release, manifest, sources = delivery.release, case.documents.manifest, self.sources
        # The release is untrusted: refuse an inventory with a submission that was not revealed.
        case.transcript.inventory_digest(release.inventory)
        test_set = manifest.test_set.artifact_digest
        limit = artifact_bytes(manifest)
        keep_artifact(test_set, limit, sources.at(case.history.uri), sources.keep)
        self._upload(test_set, limit)
        keyrings = {}
        limit = manifest.limits.model_bytes + TAG_BYTES
        for index, outcome in fetch_submissions(
            case.transcript, release.inventory, manifest, sources
        ):
            if isinstance(outcome, StorageError):
                raise outcome
            keyrings[index] = outcome
            submission = case.transcript.by_index[index].submission
            self._upload(submission.artifact_digest, limit)
            delivery.fetched += 1
        return Bundle(case.transcript, manifest, release, keyrings, posted)

    def _upload(self, digest: bytes, limit: int) -> None:
        """Upload an artifact from the operator's store, unless the enclave has it."""
        if self.enclave.has_artifact(digest):
            return
        with tempfile.TemporaryFile() as file:
            self.sources.keep.fetch(digest, limit, file)
            self.enclave.put_artifact(digest, file)
