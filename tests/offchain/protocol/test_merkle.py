"""The results tree: snekmate's verifier accepts its proofs."""

# Holds S-93.

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.result_proofs import proof, verify_proof
from offchain.protocol.merkle import root
from tests.vectors.generate import word

LEAVES = [word(f"leaf {i}") for i in range(11)]
VERIFIER = """
# pragma version 0.4.3
from snekmate.utils import merkle_proof_verification as merkle


@external
@pure
def verify(proof: DynArray[bytes32, max_value(uint8)], root: bytes32, leaf: bytes32) -> bool:
    return merkle._verify(proof, root, leaf)
"""


@given(st.integers(1, 40), st.data())
def test_verify__proof_of_each_leaf__holds_for_it_alone(count: int, data: st.DataObject) -> None:
    leaves = [word(f"leaf {i}") for i in range(count)]
    position = data.draw(st.integers(0, count - 1))
    assert verify_proof(leaves[position], proof(leaves, position), root(leaves))
    assert not verify_proof(word("another leaf"), proof(leaves, position), root(leaves))


def test_root__any_leaf_changed_or_left_out__differs() -> None:
    changed = [[*LEAVES[:i], word("other"), *LEAVES[i + 1 :]] for i in range(len(LEAVES))]
    shorter = [LEAVES[:i] + LEAVES[i + 1 :] for i in range(len(LEAVES))]
    roots = {root(leaves) for leaves in [LEAVES, *changed, *shorter]}
    assert len(roots) == 1 + 2 * len(LEAVES)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_proof__any_leaf__convinces_snekmate(count: int) -> None:
    verifier = boa.loads(VERIFIER)
    leaves = LEAVES[:count]
    for position, leaf in enumerate(leaves):
        assert verifier.verify(proof(leaves, position), root(leaves), leaf)
        assert not verifier.verify(proof(leaves, position), root(leaves), word("other"))


def test_root__of_nothing__raises() -> None:
    with pytest.raises(ValueError, match=r"^no leaves, expected at least one$"):
        root([])
