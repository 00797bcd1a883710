"""`registry_word`: what is packed comes back, and a revocation changes nothing else."""

from pathlib import Path

import boa
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.reasons import ALREADY_REVOKED

MODULE = Path(__file__).parents[2] / "contracts" / "modules" / "registry_word.vy"

values, times, epochs = (st.integers(0, 2**bits - 1) for bits in (160, 40, 16))
words = st.binary(min_size=32, max_size=32)


@pytest.fixture(scope="module")
def registry_word():
    return boa.load(str(MODULE)).internal


def unpacked(registry_word, word):
    return (
        registry_word._value(word),
        registry_word._revoked_at(word),
        registry_word._until(word),
        registry_word._epoch(word),
    )


@given(fields=st.tuples(values, times, times, epochs))
def test_pack__any_fields__come_back(registry_word, fields):
    word = registry_word._pack(*fields)
    assert unpacked(registry_word, word) == fields
    assert int(registry_word._account(word), 16) == fields[0]


@given(value=values, until=times, epoch=epochs)
def test_revoke__any_word__sets_the_time_alone_and_once(registry_word, value, until, epoch):
    word = registry_word._pack(value, 0, until, epoch)
    revoked = registry_word._revoke(word)
    assert unpacked(registry_word, revoked) == (value, boa.env.timestamp, until, epoch)
    with boa.reverts(ALREADY_REVOKED):
        registry_word._revoke(revoked)


@given(operator=st.binary(min_size=20, max_size=20), platform=words, sealing_key=words)
def test_binding__is_160_bits_of_the_hash(registry_word, operator, platform, sealing_key):
    digest = keccak(encode(["address", "bytes32", "bytes32"], [operator, platform, sealing_key]))
    found = registry_word._binding(boa.util.abi.Address(operator), platform, sealing_key)
    assert found == int.from_bytes(digest[12:], "big")
