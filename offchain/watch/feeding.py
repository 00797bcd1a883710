"""Brings an enclave what it measures, in the background, and asks it to.

A task whose artifacts come slowly, or whose run fails again and again, keeps no other waiting.
"""

from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import TypeVar

from offchain.artifacts.store import Missing
from offchain.bundle import Bundle
from offchain.chain.documents import Folder
from offchain.errors import Refused, Why
from offchain.panel import Posted
from offchain.provider.holdings import Sources, hold, keep_artifact
from offchain.release import Release
from offchain.results import Results
from offchain.samples import artifact_bytes
from offchain.service.client import EnclaveClient
from offchain.service.wire import RunId, Stage, Status
from offchain.watch.case import Case
from offchain.watch.cosigning import PROBLEMS
from offchain.watch.publishing import ResultsFolder

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
    folder: Folder
    sources: Sources
    results: tuple[ResultsFolder, ...] = ()
    linger: float = 1.0
    _step: int = 0
    _errands: dict[RunId, _Errand] = field(default_factory=dict)
    _failures: Counter[RunId] = field(default_factory=Counter)
    _not_before: dict[RunId, int] = field(default_factory=dict)

    def next_step(self) -> None:
        """Counts: what failed is put off for a number of steps."""
        self._step += 1

    def measured(self, case: Case, posted: Posted | None) -> Generator[str, None, bool]:
        """Whether the enclave has measured; else sees to it that it will, and says how."""
        run = RunId(case.task_id, 0 if posted is None else 1)
        if self._step < self._not_before.get(run, 0):
            return False
        status = self._status(run)
        if status is not None and status.stage is not Stage.FAILED:
            return status.stage is Stage.MEASURED
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
        except (Missing, ValueError, OSError, *PROBLEMS) as problem:
            yield self._put_off(run, f"{type(problem).__name__}: {problem}")
        else:
            self._not_before.pop(run, None)
            yield f"measures {count} submissions in round {run.round}"
        return False

    def _status(self, run: RunId) -> Status | None:
        try:
            return self.enclave.status(run)
        except Refused as refusal:
            if refusal.why is not Why.NOT_MEASURED:
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
        keep_artifact(
            test_set, artifact_bytes(manifest), [sources.keep, *sources.mirrors], sources.keep
        )
        keyrings = {}
        for index, outcome in hold(case.transcript, release.inventory, manifest, sources):
            if isinstance(outcome, Missing):
                raise outcome
            keyrings[index] = outcome
            errand.fetched += 1
        if posted is not None:
            posted = replace(posted, results=self._find(posted, errand))
        return Bundle(case.transcript, manifest, release, keyrings, posted)

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
