"""Cosignatures and payouts in the order that the market takes."""

import pytest

from offchain.chain.heads import after_report
from offchain.chain.packing import by_signer
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.reports import recover, sign
from tests.vectors.generate import address, signing_key, word

DIGEST = word("digest")


def test_by_signer__any_order__rises_by_address() -> None:
    names = ["a", "b", "c"]
    cosignatures = [sign(DIGEST, signing_key(name), bytes(32)) for name in names]
    signers = [recover(DIGEST, each) for each in by_signer(DIGEST, cosignatures)]
    assert signers == sorted(map(address, names), key=str.lower)
    assert by_signer(DIGEST, cosignatures[::-1]) == by_signer(DIGEST, cosignatures)


def test_by_signer__somebody_twice__raises() -> None:
    twice = [sign(DIGEST, signing_key("a"), platform) for platform in (word("x"), word("y"))]
    with pytest.raises(ValueError, match=f"^{address('a')} signed twice, expected one signature"):
        by_signer(DIGEST, twice)


def test_after_report__tied_payouts_in_the_other_order__another_head() -> None:
    payouts = [9 << 160 | index << 128 | 1 for index in range(2)]
    heads = {after_report(ZERO_ADDRESS, each, bytes(32)) for each in (payouts, payouts[::-1])}
    assert len(heads) == 2
