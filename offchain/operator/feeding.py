"""Brings an enclave what it measures, in the background, and asks it to.

A task whose artifacts come slowly, or whose run fails again and again, keeps no other waiting.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import TypeVar

from offchain.operator.case import Case
from offchain.operator.client import EnclaveClient
from offchain.operator.cosigning import PROBLEMS
from offchain.protocol.artifacts import TAG_BYTES
from offchain.protocol.errors import InvalidRequest, RequestFault, StorageError
from offchain.protocol.messages import Bundle, Posted, RunId, RunStage, RunStatus
from offchain.protocol.release import Release
from offchain.protocol.results import Results
from offchain.protocol.sample import artifact_bytes
from offchain.storage.publications import PublicationFolder, ResultsFolder
from offchain.storage.submissions import SubmissionSources, fetch_submissions, keep_artifact

LONGEST_PAUSE = 64
"""Steps between two tries of what fails again and again."""

T = TypeVar("T")


@dataclass
class _Errand:
    """A bundle, once all artifacts are in the enclave's store; and what is to be said of it."""

    release: Release
    fetched: int = 0
    notes: list[str] = field(default_factory=list)
    bundle: Future[Bundle] = field(default_factory=Future)


@dataclass
class Feeder:
    """Args:
    enclave: the operator's own.
    folder: where the provider publishes.
    sources: where submissions may be had; ``keep`` is the store of the enclave.
    results: where the signers of a report may have published its results file, for a panel.
    linger: seconds that a step stays with a task for what comes at once.
    """

    enclave: EnclaveClient
    folder: PublicationFolder
    sources: SubmissionSources
    results: tuple[ResultsFolder, ...] = ()
    linger: float = 1.0
    _step: int = 0
    _errands: dict[RunId, _Errand] = field(default_factory=dict)
    _failures: Counter[RunId] = field(default_factory=Counter)
    _not_before: dict[RunId, int] = field(default_factory=dict)

    def next_step(self) -> None:
        """Counts: what failed is put off for a number of steps."""
        self._step += 1

    def ensure_measured(self, case: Case, posted: Posted | None) -> Generator[str, None, bool]:
        """Return whether the enclave has measured; start the measurement if needed.

        Yields lines that say what is done.
        """
        run = RunId(case.task_id, 0 if posted is None else 1)
        if self._step < self._not_before.get(run, 0):
            return False
        status = self._status(run)
        if status is not None and status.stage is not RunStage.FAILED:
            return status.stage is RunStage.MEASURED
        if status is not None and run not in self._not_before:
            yield self._put_off(run, f"measurement failed: {status.problem}")
            return False
        errand = self._errand(case, run, posted)
        if errand is None:
            yield "waits for the release of the test set to this enclave"
            return False
        wait([errand.bundle], self.linger)
        count = len(errand.release.inventory)
        if not errand.bundle.done():
            yield f"fetched {errand.fetched} of {count} submissions"
            return False
        del self._errands[run]
        yield from errand.notes
        try:
            self.enclave.start(errand.bundle.result())
        except (StorageError, ValueError, OSError, *PROBLEMS) as problem:
            yield self._put_off(run, f"{type(problem).__name__}: {problem}")
        else:
            self._not_before.pop(run, None)
            yield f"measures {count} submissions in round {run.round}"
        return False

    def _status(self, run: RunId) -> RunStatus | None:
        try:
            return self.enclave.status(run)
        except InvalidRequest as refusal:
            if refusal.reason is not RequestFault.NOT_MEASURED:
                raise
            return None

    def _put_off(self, run: RunId, why: str) -> str:
        pause = min(2 ** self._failures[run], LONGEST_PAUSE)
        self._failures[run] += 1
        self._not_before[run] = self._step + pause
        return f"{why}; tried again in {pause} steps"

    def _errand(self, case: Case, run: RunId, posted: Posted | None) -> _Errand | None:
        if run not in self._errands:
            release = self.folder.release(case.task_id, case.own.signing_key)
            if release is None:
                return None
            errand = self._errands[run] = _Errand(release)
            in_background(lambda: self._bring(case, errand, posted), errand.bundle)
        return self._errands[run]

    def _bring(self, case: Case, errand: _Errand, posted: Posted | None) -> Bundle:
        release, manifest, sources = errand.release, case.documents.manifest, self.sources
        case.transcript.inventory_digest(release.inventory)  # it names no stranger
        test_set = manifest.test_set.artifact_digest
        limit = artifact_bytes(manifest)
        keep_artifact(test_set, limit, [sources.keep, *sources.mirrors], sources.keep)
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
            errand.fetched += 1
        if posted is not None:
            posted = replace(posted, results=self._find(posted, errand))
        return Bundle(case.transcript, manifest, release, keyrings, posted)

    def _upload(self, digest: bytes, limit: int) -> None:
        """Bring an artifact from the operator's store to the enclave, unless it is there."""
        if self.enclave.has_artifact(digest):
            return
        with tempfile.TemporaryFile() as file:
            self.sources.keep.fetch(digest, limit, file)
            self.enclave.put_artifact(digest, file)

    def _find(self, posted: Posted, errand: _Errand) -> Results | None:
        for folder in self.results:
            try:
                return folder.find(posted.report)
            except (OSError, ValueError) as problem:
                errand.notes.append(f"no results file from {folder.url}: {problem}")
        return None


def in_background(work: Callable[[], T], future: Future[T]) -> None:
    """Works in a thread that nobody waits for at the end of the process."""

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="errand", daemon=True).start()
