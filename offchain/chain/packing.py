"""Payouts as words, and cosignatures in the order that the market takes."""

from collections.abc import Iterable, Sequence

from eth_utils.address import to_canonical_address

from offchain.protocol.pricing import Award, Knot, price
from offchain.protocol.reports import Cosignature, recover


def award_of(payout: int) -> Award:
    """Return the award of a payout word, ``award << 128 | price``."""
    return Award(payout >> 128 & 2**32 - 1, payout >> 160)


def payout_words(curve: Sequence[Knot], awards: Sequence[Award]) -> list[int]:
    """Return awards with their prices as the contract packs them: ``award << 128 | price``."""
    return [award.word() << 128 | price(curve, award.score) for award in awards]


def by_signer(digest: bytes, cosignatures: Iterable[Cosignature]) -> list[Cosignature]:
    """Sort cosignatures by rising address of the signer, as the market takes them.

    Raises:
        ValueError: a signature is invalid, or a key signed twice.
    """
    signers: dict[str, Cosignature] = {}
    for cosignature in cosignatures:
        signer = recover(digest, cosignature)
        if signer in signers:
            raise ValueError(f"{signer} signed twice, expected one signature of each enclave")
        signers[signer] = cosignature
    return [signers[signer] for signer in sorted(signers, key=to_canonical_address)]
