"""The public transcript of a task's submissions, and its digests: task id, leaves, head, seed.

The hashes are the market's (docs/SPEC.md, "Hashes"). A transcript is untrusted input. One that
differs from the market's gives another seed, with which the test set's envelope does not open and
the market accepts no report.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated

from annotated_types import Len
from pydantic.dataclasses import dataclass

from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Address, Bytes32, Index
from offchain.protocol.task import RosterEntry, Submission, Task, check_roster


@dataclass(frozen=True, config=STRICT)
class Reveal:
    """One ``ModelRevealed`` event. The uri is untrusted: it hints where to fetch, and no hash
    covers it."""

    index: Index
    developer: Address
    submission: Submission
    keyring_digest: Bytes32
    salt: Bytes32
    uri: Annotated[str, Len(0, 256)]

    def leaf(self, task_id: bytes) -> bytes:
        """Return the leaf (bytes32) that the market stores."""
        submission = self.submission
        payload = hashes.payload(
            submission.model_digest, submission.artifact_digest, self.keyring_digest
        )
        return hashes.leaf(
            task_id,
            self.index,
            self.developer,
            submission.envelope_digest,
            submission.min_price,
            payload,
        )

    def commitment(self, domain: Domain, task_id: bytes) -> bytes:
        """Return the commitment (bytes32) that the developer sent."""
        return hashes.commitment(
            domain.chain_id,
            domain.market,
            task_id,
            self.developer,
            self.submission.digest(),
            self.salt,
        )


@dataclass(frozen=True, config=STRICT)
class Transcript:
    """A task whose reveals are closed.

    Args:
        reveals: every revealed submission, in the order of the reveals.
        prevrandao: of the block of ``close_reveals``.
        parent_hash: of that block.

    Raises:
        pydantic.ValidationError: a value is out of range, the roster is not the task's, or an index
            is revealed twice or is not below ``max_submissions``.
    """

    domain: Domain
    task: Task
    roster: Annotated[tuple[RosterEntry, ...], Len(4, 16)]
    reveals: Annotated[tuple[Reveal, ...], Len(1)]
    prevrandao: Bytes32
    parent_hash: Bytes32

    def __post_init__(self) -> None:
        check_roster(self.task, self.roster)
        seen: set[int] = set()
        for reveal in self.reveals:
            if reveal.index in seen:
                raise ValueError(f"submission {reveal.index} is revealed twice")
            if reveal.index >= self.task.max_submissions:
                raise ValueError(
                    f"submission {reveal.index}, expected below {self.task.max_submissions}"
                )
            seen.add(reveal.index)

    @cached_property
    def task_id(self) -> bytes:
        """Task id (bytes32): the EIP-712 digest of the task."""
        return self.task.id(self.domain)

    @cached_property
    def by_index(self) -> dict[int, Reveal]:
        """Reveals by rising index, which is the order of the commits."""
        return {each.index: each for each in sorted(self.reveals, key=lambda each: each.index)}

    @cached_property
    def leaves(self) -> dict[int, bytes]:
        """Leaf (bytes32) of each submission, by rising index."""
        return {index: reveal.leaf(self.task_id) for index, reveal in self.by_index.items()}

    @cached_property
    def head(self) -> bytes:
        """Head of the task (bytes32) after the last reveal."""
        head = hashes.NO_HEAD
        for reveal in self.reveals:
            head = hashes.after_reveal(head, self.leaves[reveal.index], reveal.salt)
        return head

    @cached_property
    def seed(self) -> bytes:
        """Seed (bytes32): selects the test sample, and commits to the whole transcript."""
        return hashes.seed(self.head, self.prevrandao, self.parent_hash)

    def inventory_digest(self, inventory: Sequence[int]) -> bytes:
        """Return the digest (bytes32) of the submissions to measure.

        Raises:
            ValueError: an index is not revealed, or the indices do not rise strictly.
        """
        for index in inventory:
            if index not in self.leaves:
                raise ValueError(f"submission {index} of the inventory is not revealed")
        if any(low >= high for low, high in pairwise(inventory)):
            raise ValueError(f"inventory {list(inventory)}, expected strictly rising")
        return hashes.inventory(self.seed, [self.leaves[index] for index in inventory])
