"""All that a market knows of one task, and what it takes for valid awards."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from offchain.chain import heads
from offchain.protocol import hashes
from tests import reasons
from tests.sale import GWEI, NONE, SETTLED, VOIDED, Signer, Task, unpacked
from tests.stateful.ledger import ETHER, Refused


@dataclass
class TaskState:
    """Everything of one task; the contract keeps two words of it, and one a submission."""

    task: Task | None = None
    stage: int = NONE
    time_a: int = 0
    time_b: int = 0
    head: bytes = hashes.NO_HEAD
    words: list[bytes] = field(default_factory=list)
    leaves: set[bytes] = field(default_factory=set)
    reveals: int = 0
    payouts: list[int] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)
    bond: int = 0

    def terms(self) -> Task:
        assert self.task, "there is no task"
        return self.task

    @property
    def pot(self) -> int:
        task, commits = self.terms(), len(self.words)
        return commits * task.entry_fee + (commits - self.reveals) * task.commit_bond

    def owed(self, token: str) -> int:
        """Units of a token that the market owes for this task and has not credited."""
        if self.stage == SETTLED or not self.task:
            return 0
        escrow, ether = self.task.benchmark_fee, self.pot
        if self.stage == VOIDED:
            waiting = sum(1 for word in self.words if word in self.leaves)
            escrow, ether = (
                waiting * (each // self.reveals) if self.reveals else 0 for each in (escrow, ether)
            )
        else:
            sold = sum(self.payouts[award] % 2**128 for award in self.claimed)
            escrow, ether = escrow + self.task.budget - sold, ether + self.bond
        return (token == self.task.token) * escrow + (token == ETHER) * ether

    def progress_word(self) -> int:
        """The packed word (docs/SPEC.md, "Packed words")."""
        if not self.task:
            return 0
        fields = [
            (self.stage, 8),
            (self.time_a, 40),
            (self.time_b, 40),
            (self.task.max_submissions, 20),
            (len(self.words), 20),
            (self.reveals, 20),
            (len(self.payouts), 4),
            (sum(1 << award for award in self.claimed), 8),
            (self.task.commit_bond // GWEI, 48),
            (self.task.entry_fee // GWEI, 48),
        ]
        word = 0
        for value, bits in fields:
            word = word << bits | value
        return word


def wrong_stage() -> Refused:
    return Refused(frozenset([reasons.WRONG_STAGE]))


def head_of_report(
    task: Task, payouts: Sequence[int], digest: bytes, signers: Sequence[Signer]
) -> bytes:
    signed = hashes.signed(digest, signers)
    return heads.after_report(task.token, list(payouts), signed)


def acceptable(task: Task, words: Sequence[int], commits: int) -> bool:
    """Return whether the market takes these awards (docs/SPEC.md, "Awards")."""
    entries = unpacked(words, 64)
    count = next((n for n, entry in enumerate(entries) if entry == 0), len(entries))
    awards = [(entry % 2**32, entry >> 32) for entry in entries[:count]]
    prices = [task.price(score) for _, score in awards]
    return (
        not any(entries[count:])
        and awards == sorted(awards, key=lambda award: (-award[1], award[0]))
        and len({index for index, _ in awards}) == count <= task.max_awards
        and all(index < commits and score <= 10**6 for index, score in awards)
        and all(price > 0 for price in prices)
        and sum(prices) <= task.budget
    )
