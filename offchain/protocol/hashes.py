"""Tagged digests of a sale, as the contracts compute them (docs/SPEC.md, "Hashes").

Every function takes and returns bytes32 unless its docstring says otherwise.
"""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

NO_HEAD = bytes(32)
"""The head of a task before its first reveal."""


def tag(name: str) -> bytes:
    """Return the first word of a tagged digest: ``keccak256("GoldenGrain/NAME")``."""
    return keccak(text=f"GoldenGrain/{name}")


def tagged(name: str, types: Sequence[str], *values: object) -> bytes:
    """Return ``H(NAME, …)``: keccak256 of the tag and the ABI words of ``values`` (static types).

    Raises:
        eth_abi.exceptions.EncodingError: a value does not fit its type.
    """
    return keccak(encode(["bytes32", *types], [tag(name), *values]))


def commitment(
    chain_id: int,
    market: str,
    task_id: bytes,
    developer: str,
    submission_digest: bytes,
    salt: bytes,
) -> bytes:
    """Return the commitment that a developer sends before the commit deadline."""
    types = ["uint256", "address", "bytes32", "address", "bytes32", "bytes32"]
    return tagged("COMMIT", types, chain_id, market, task_id, developer, submission_digest, salt)


def payload(model_digest: bytes, artifact_digest: bytes, keyring_digest: bytes) -> bytes:
    """Return the digest of the part of a submission that a claim does not have to show."""
    return tagged("PAYLOAD", ["bytes32"] * 3, model_digest, artifact_digest, keyring_digest)


def leaf(
    task_id: bytes,
    index: int,
    developer: str,
    envelope_digest: bytes,
    min_price: int,
    payload: bytes,
) -> bytes:
    """Return the leaf that the market stores of a revealed submission."""
    types = ["bytes32", "uint256", "address", "bytes32", "uint256", "bytes32"]
    return tagged("LEAF", types, task_id, index, developer, envelope_digest, min_price, payload)


def after_reveal(head: bytes, leaf: bytes, salt: bytes) -> bytes:
    """Return the task's head after one more reveal; the first reveal extends `NO_HEAD`."""
    return tagged("REVEAL", ["bytes32"] * 3, head, leaf, salt)


def seed(head: bytes, prevrandao: bytes, parent_hash: bytes) -> bytes:
    """Return the task's seed; the randomness is that of the block of ``close_reveals``."""
    return tagged("SEED", ["bytes32"] * 3, head, prevrandao, parent_hash)


def inventory(seed: bytes, leaves: Sequence[bytes]) -> bytes:
    """Return the digest of the submissions to measure; ``leaves`` are by rising index."""
    return tagged("INVENTORY", ["bytes32"] * 2, seed, keccak(b"".join(leaves)))


def stopped(inventory: bytes) -> bytes:
    """Return the digest that a stop notice signs; the stopped submissions are the inventory."""
    return tagged("STOPPED", ["bytes32"], inventory)


def signed(report_digest: bytes, signers: Sequence[tuple[str, str, bytes]]) -> bytes:
    """Return the digest of a report and its signers: signing key, operator, platform of each."""
    packed = encode(["(address,address,bytes32)[]"], [list(signers)])
    return tagged("SIGNED", ["bytes32"] * 2, report_digest, keccak(packed))
