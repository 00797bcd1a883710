"""Proofs of single results against the root in a report (docs/SPEC.md, "Results")."""

from collections.abc import Sequence

from pydantic.dataclasses import dataclass

from offchain.protocol.encoding import STRICT, Bytes32
from offchain.protocol.merkle import layers, parent
from offchain.protocol.results import ResultLeaf, Results


@dataclass(frozen=True, config=STRICT)
class ResultProof:
    """A developer's own entry, and its Merkle proof against the report's ``results``."""

    entry: ResultLeaf
    proof: tuple[Bytes32, ...]

    def proves(self, root: bytes) -> bool:
        """Return True if the entry is part of the results with this root (bytes32)."""
        return verify_proof(self.entry.digest(), self.proof, root)


def extract(results: Results, index: int) -> ResultProof:
    """Return a submission's entry and proof.

    Raises:
        KeyError: there is no such submission.
    """
    position = {entry.result.index: at for at, entry in enumerate(results.entries)}[index]
    siblings = proof([entry.digest() for entry in results.entries], position)
    return ResultProof(results.entries[position], tuple(siblings))


def proof(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """Return the siblings (bytes32) from a leaf up to the root. Raises as `layers` does."""
    siblings = []
    for layer in layers(leaves)[:-1]:
        siblings += layer[position ^ 1 : (position ^ 1) + 1]
        position //= 2
    return siblings


def verify_proof(leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Return True if the proof leads from the leaf to the root."""
    for sibling in proof:
        leaf = parent(leaf, sibling)
    return leaf == root
