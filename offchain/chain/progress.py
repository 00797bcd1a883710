"""The progress of a task in the latest block, as the market tells it."""

from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """The stages of a task, by their numbers in the contract."""

    NONE = 0
    OPEN = 1
    CLOSED = 2
    REPORTED = 3
    DISPUTED = 4
    FINAL = 5
    SETTLED = 6
    VOIDED = 7


@dataclass(frozen=True)
class TaskProgress:
    """The values that the contract keeps of a task, in the order of `IModelMarket.progress`."""

    stage: Stage
    time_a: int
    time_b: int
    max_submissions: int
    commits: int
    reveals: int
    awards: int
    claimed: int
    commit_bond: int
    entry_fee: int

    @property
    def unclaimed(self) -> list[int]:
        """Positions of the awards that nobody has claimed."""
        return [each for each in range(self.awards) if not self.claimed >> each & 1]
