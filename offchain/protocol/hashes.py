"""Tagged digests of a sale, as the contracts compute them (docs/SPEC.md, "Hashes").

Every function takes and returns bytes32 unless it says otherwise.
"""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

NO_HEAD = bytes(32)
"""The head of a task of which nothing is revealed."""


def tag(name: str) -> bytes:
    """The first word of every tagged digest: ``keccak256("GoldenGrain/NAME")``."""
    return keccak(text=f"GoldenGrain/{name}")


def tagged(name: str, types: Sequence[str], *values: object) -> bytes:
    """``H(NAME, …)``: keccak256 of the tag and the ABI words of ``values``, whose types are static.

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
    """What a developer sends before the commit deadline."""
    types = ["uint256", "address", "bytes32", "address", "bytes32", "bytes32"]
    return tagged("COMMIT", types, chain_id, market, task_id, developer, submission_digest, salt)


def payload(model_digest: bytes, artifact_digest: bytes, keyring_digest: bytes) -> bytes:
    """The part of a submission that a claim need not show."""
    return tagged("PAYLOAD", ["bytes32"] * 3, model_digest, artifact_digest, keyring_digest)


def leaf(
    task_id: bytes,
    index: int,
    developer: str,
    envelope_digest: bytes,
    min_price: int,
    payload: bytes,
) -> bytes:
    """What the market stores of a revealed submission."""
    types = ["bytes32", "uint256", "address", "bytes32", "uint256", "bytes32"]
    return tagged("LEAF", types, task_id, index, developer, envelope_digest, min_price, payload)


def after_reveal(head: bytes, leaf: bytes, salt: bytes) -> bytes:
    """The task's head after one more reveal; the first follows `NO_HEAD`."""
    return tagged("REVEAL", ["bytes32"] * 3, head, leaf, salt)


def seed(head: bytes, prevrandao: bytes, parent_hash: bytes) -> bytes:
    """The task's seed, with the randomness of the block of ``close_reveals``."""
    return tagged("SEED", ["bytes32"] * 3, head, prevrandao, parent_hash)


def inventory(seed: bytes, leaves: Sequence[bytes]) -> bytes:
    """The digest of the submissions to measure, ``leaves`` by rising index."""
    return tagged("INVENTORY", ["bytes32"] * 2, seed, keccak(b"".join(leaves)))


def signed(report_digest: bytes, signers: Sequence[tuple[str, str, bytes]]) -> bytes:
    """A report with those who signed it: signing key, operator, platform of each."""
    packed = encode(["(address,address,bytes32)[]"], [list(signers)])
    return tagged("SIGNED", ["bytes32"] * 2, report_digest, keccak(packed))


def after_report(token: str, payouts: Sequence[int], signed: bytes) -> bytes:
    """The task's head after a report; ``payouts`` are words ``award << 128 | price``."""
    words = keccak(encode(["uint256[]"], [list(payouts)]))
    return tagged("REPORT", ["address", "bytes32", "bytes32"], token, words, signed)


def after_dispute(head: bytes, challenger: str) -> bytes:
    """The task's head in a dispute of the report that ``head`` stands for."""
    return tagged("DISPUTE", ["bytes32", "address"], head, challenger)
