"""Cosignatures in the order that the market takes."""

import pytest

from offchain.chain.packing import by_signer
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
