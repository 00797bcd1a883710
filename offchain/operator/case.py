"""A task from the point of view of one operator, and what its provider publishes."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from offchain.chain.history import History
from offchain.operator.polling import Polls
from offchain.protocol.messages import RunId
from offchain.protocol.release import Release
from offchain.protocol.task import RosterEntry, Task
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import PublicationFolder, TaskDocuments

T = TypeVar("T")


@dataclass
class ProviderFiles:
    """A provider's files of one task, read in the background; what came last is at hand.

    Args:
        task_id: bytes32.
        folder: that the task's event names.
        polls: in which the files are asked for.
    """

    task_id: bytes
    folder: PublicationFolder
    polls: Polls
    _known: dict[Hashable, Any] = field(default_factory=dict)

    def documents(self, task: Task) -> TaskDocuments | None:
        """Return the documents of the task, or None before they have come.

        Raises:
            ValueError, OSError: see `PublicationFolder.documents` and `TaskDocuments.check`. They
                are read again in a later step.
        """

        def read() -> TaskDocuments | None:
            found = self.folder.documents(self.task_id)
            if found is not None:
                found.check(task)
            return found

        if "documents" not in self._known:
            return self._poll("documents", read)
        documents: TaskDocuments = self._known["documents"]
        return documents

    def release(self, signing_key: str) -> Release | None:
        """Return the newest release to an enclave that has come, or None before there is one.

        Raises:
            ValueError, OSError: see `PublicationFolder.release`; never once a release has come.
        """
        return self._poll(signing_key, lambda: self.folder.release(self.task_id, signing_key))

    def _poll(self, what: str, read: Callable[[], T | None]) -> T | None:
        name = (self.task_id, what)
        for answer in self.polls.ask({name: read}).values():
            try:
                found = answer.result()
            except (ValueError, OSError):
                if what not in self._known:
                    raise
            else:
                if found is not None:
                    self._known[what] = found
        known: T | None = self._known.get(what)
        return known


@dataclass(frozen=True)
class Case:
    """A task whose roster contains this operator's enclave.

    Args:
        task_id: bytes32.
        history: of the task, by the chain.
        documents: checked against the task.
        transcript: of the task.
        own: the enclave's entry in the roster.
        files: the provider's.
    """

    task_id: bytes
    history: History
    documents: TaskDocuments
    transcript: Transcript
    own: RosterEntry
    files: ProviderFiles

    @property
    def run(self) -> RunId:
        """The run that the task waits for: of the report, or once it is posted of the panel."""
        return RunId(self.task_id, 0 if self.history.posted is None else 1)
