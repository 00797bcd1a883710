"""Merkle trees of keccak256 with sorted pairs; OpenZeppelin and snekmate verify their proofs.

Pairs are hashed layer by layer; the last node of an odd layer moves up unchanged. A leaf must not
be the hash of 64 bytes, because an inner node could then be presented as a leaf (second preimage).
Here every leaf is a tagged digest of more words.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak


def parent(one: bytes, other: bytes) -> bytes:
    """Return the parent of two nodes, which may stand in any order."""
    return keccak(min(one, other) + max(one, other))


def layers(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the layers of the tree from the leaves up to the root (bytes32 each).

    Raises:
        ValueError: there are no leaves.
    """
    if not leaves:
        raise ValueError("no leaves, expected at least one")
    tree = [list(leaves)]
    while len(tree[-1]) > 1:
        layer = tree[-1]
        odd = layer[len(layer) - len(layer) % 2 :]
        tree.append([parent(*layer[i : i + 2]) for i in range(0, len(layer) - 1, 2)] + odd)
    return tree


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root (bytes32). Raises as `layers` does."""
    return layers(leaves)[-1][0]
