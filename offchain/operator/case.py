"""A task from the point of view of one operator."""

from dataclasses import dataclass

from offchain.chain.history import History
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import TaskDocuments


@dataclass(frozen=True)
class Case:
    """A task whose roster contains this operator's enclave; ``own`` is its entry."""

    task_id: bytes
    history: History
    documents: TaskDocuments
    transcript: Transcript
    own: RosterEntry
