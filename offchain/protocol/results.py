"""Results of all submissions: a score or a reason for each, their Merkle tree, and their file.

The report holds the tree's root. Leaves are salted with the test set's key, so that an attacker
cannot guess scores from the root. A reader of the file can check it against the root, and a
developer gets its own leaf with a proof.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

from annotated_types import Len
from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain.protocol import merkle
from offchain.protocol.encoding import STRICT, Bytes32, Index, Score, Version
from offchain.protocol.errors import DETAIL_LENGTH, ModelFault, SubmissionFault
from offchain.protocol.hashes import tagged
from offchain.protocol.keys import hkdf


@dataclass(frozen=True, config=STRICT)
class Result:
    """A submission's score (parts per million), or the reason why it has none.

    Raises:
        pydantic.ValidationError: there are both, or neither.
    """

    index: Index
    score: Score | None = None
    reason: SubmissionFault | ModelFault | None = None

    def __post_init__(self) -> None:
        if (self.score is None) == (self.reason is None):
            raise ValueError(
                f"submission {self.index} with score {self.score} and reason {self.reason}, "
                "expected one of them"
            )


@dataclass(frozen=True, config=STRICT)
class ResultLeaf:
    """A leaf of the tree: a result, the submission's leaf on-chain, and the salt."""

    result: Result
    leaf: Bytes32
    salt: Bytes32

    def digest(self) -> bytes:
        """Return the leaf's node (bytes32) of the tree."""
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
class Detail:
    """Why a model was refused, found without hidden samples; the developer can choose its words."""

    index: Index
    text: Annotated[str, Len(0, DETAIL_LENGTH)]


@dataclass(frozen=True, config=STRICT)
class Results:
    """The results file of one report.

    Args:
        task_id: bytes32.
        entries: one for every revealed submission, by rising index.
        chosen: the team in the order of the choices, or empty. The root does not cover it: the
            report's awards follow from it.
        details: of some refused models, by rising index. The root does not cover them.
    """

    task_id: Bytes32
    entries: Annotated[tuple[ResultLeaf, ...], Len(1)]
    chosen: tuple[Index, ...]
    details: tuple[Detail, ...] = ()
    version: Version = 1

    def root(self) -> bytes:
        """Return the tree's root (bytes32), which the report holds."""
        return merkle.root([entry.digest() for entry in self.entries])


def make_results(
    task_id: bytes,
    leaves: Mapping[int, bytes],
    secret: bytes,
    results: Sequence[Result],
    chosen: Sequence[int] = (),
    details: Mapping[int, str] = MappingProxyType({}),
) -> Results:
    """Build the results file.

    Args:
        task_id: bytes32.
        leaves: the leaf (bytes32) of every revealed submission.
        secret: the test set's key, 32 bytes.
        results: one for each leaf.
        chosen: the team.
        details: of refused models.
    """
    entries = (
        ResultLeaf(result, leaves[result.index], hkdf(secret, "result", leaves[result.index]))
        for result in sorted(results, key=lambda result: result.index)
    )
    notes = tuple(Detail(index, text) for index, text in sorted(details.items()))
    return Results(task_id, tuple(entries), tuple(chosen), notes)
