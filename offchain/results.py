"""What became of every submission: scores and reasons, their Merkle tree, and the file of both.

The report holds the tree's root. Leaves are salted with the test set's key, so that the root tells
nobody a score; who has the file can check it, and a developer gets its own leaf with a proof.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from annotated_types import Len
from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain import merkle
from offchain.digests import tagged
from offchain.fields import STRICT, Bytes32, Index, Score
from offchain.hkdf import hkdf
from offchain.models.refusals import Reason


class Fault(StrEnum):
    """What a submission got wrong before or beside its model. The values stand in results files."""

    NOT_IN_INVENTORY = "not-in-inventory"
    """The provider did not hold its artifact, and released no test set to measure it."""
    KEYRING = "keyring"
    """Not its key, sealed to every enclave of the roster."""
    ENVELOPE = "envelope"
    """The committed delivery envelope is not the one that its key makes."""
    ARTIFACT = "artifact"
    """Its key does not decrypt the artifact."""
    MODEL_DIGEST = "model-digest"
    """The decrypted file is not the committed one."""
    DUPLICATE = "duplicate"
    """The model, artifact or envelope of an earlier submission that has a score."""
    UNSTABLE = "unstable"
    """The score moves beyond the tolerance between runtime optimisations off and on, where the
    samples come in another order."""


@dataclass(frozen=True, config=STRICT)
class Result:
    """A submission's score (parts per million), or the reason why it has none.

    Raises:
        pydantic.ValidationError: both, or neither.
    """

    index: Index
    score: Score | None = None
    reason: Fault | Reason | None = None

    def __post_init__(self) -> None:
        if (self.score is None) == (self.reason is None):
            raise ValueError(
                f"submission {self.index} with score {self.score} and reason {self.reason}, "
                "expected one of them"
            )


@dataclass(frozen=True, config=STRICT)
class Entry:
    """A leaf of the tree: a result, the submission's leaf on-chain, and the salt."""

    result: Result
    leaf: Bytes32
    salt: Bytes32

    def digest(self) -> bytes:
        """bytes32: the leaf's place in the tree."""
        reason = keccak(text=self.result.reason or "")
        return tagged(
            "RESULT",
            ["bytes32", "bytes32", "uint256", "bytes32"],
            self.salt,
            self.leaf,
            self.result.score or 0,
            reason,
        )


@dataclass(frozen=True, config=STRICT)
class Extract:
    """What a developer gets: its own entry, and the way from it to the report's ``results``."""

    entry: Entry
    proof: tuple[Bytes32, ...]

    def proves(self, root: bytes) -> bool:
        """Whether this is part of the results with that root (bytes32)."""
        return merkle.verify(self.entry.digest(), self.proof, root)


@dataclass(frozen=True, config=STRICT)
class Results:
    """The results file of one report.

    Args:
        task_id: bytes32.
        entries: of every revealed submission, by rising index.
        chosen: the team in the order of the choices, or empty. Not in the root: the awards follow
            from it.
    """

    task_id: Bytes32
    entries: Annotated[tuple[Entry, ...], Len(1)]
    chosen: tuple[Index, ...]
    version: Literal[1] = 1

    def root(self) -> bytes:
        """bytes32 that the report holds."""
        return merkle.root([entry.digest() for entry in self.entries])

    def extract(self, index: int) -> Extract:
        """A submission's part.

        Raises:
            KeyError: there is no such submission.
        """
        position = {entry.result.index: at for at, entry in enumerate(self.entries)}[index]
        proof = merkle.proof([entry.digest() for entry in self.entries], position)
        return Extract(self.entries[position], tuple(proof))


def make_results(
    task_id: bytes,
    leaves: Mapping[int, bytes],
    secret: bytes,
    results: Sequence[Result],
    chosen: Sequence[int] = (),
) -> Results:
    """The results file.

    Args:
        task_id: bytes32.
        leaves: the leaf (bytes32) of every revealed submission.
        secret: the test set's key, 32 bytes.
        results: one for each leaf.
        chosen: the team.
    """
    entries = (
        Entry(result, leaves[result.index], hkdf(secret, "result", leaves[result.index]))
        for result in sorted(results, key=lambda result: result.index)
    )
    return Results(task_id, tuple(entries), tuple(chosen))
