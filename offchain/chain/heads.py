"""The head of a task after its report and its dispute, for whoever follows the contract's state."""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.protocol.hashes import tagged


def after_report(token: str, payouts: Sequence[int], signed: bytes) -> bytes:
    """Return the task's head after a report; ``payouts`` are words ``award << 128 | price``."""
    words = keccak(encode(["uint256[]"], [list(payouts)]))
    return tagged("REPORT", ["address", "bytes32", "bytes32"], token, words, signed)


def after_dispute(head: bytes, challenger: str) -> bytes:
    """Return the task's head after a dispute; ``head`` is that after the disputed report."""
    return tagged("DISPUTE", ["bytes32", "address"], head, challenger)
