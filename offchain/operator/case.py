"""A task as an operator looks at it."""

from dataclasses import dataclass

from offchain.chain.market import History
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import TaskDocuments


@dataclass(frozen=True)
class Case:
    """A task in whose roster this operator's enclave stands."""

    task_id: bytes
    history: History
    documents: TaskDocuments
    transcript: Transcript
    own: RosterEntry
