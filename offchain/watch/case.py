"""A task as an operator looks at it."""

from dataclasses import dataclass

from offchain.chain.documents import Documents
from offchain.chain.market import History
from offchain.task import RosterEntry
from offchain.transcript import Transcript


@dataclass(frozen=True)
class Case:
    """A task in whose roster this operator's enclave stands."""

    task_id: bytes
    history: History
    documents: Documents
    transcript: Transcript
    own: RosterEntry
