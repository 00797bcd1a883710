"""`records`: what is packed comes back, and a revocation changes nothing else."""

# Holds S-48.

from pathlib import Path

import boa
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.reasons import ALREADY_REVOKED

MODULE = Path(__file__).parents[2] / "contracts" / "modules" / "registry" / "records.vy"

values, times, epochs = (st.integers(0, 2**bits - 1) for bits in (160, 40, 16))
words = st.binary(min_size=32, max_size=32)


@pytest.fixture(scope="module")
def records():
    return boa.load(str(MODULE)).internal


def unpacked(records, word):
    return (
        records._get_value(word),
        records._get_revoked_at(word),
        records._get_until(word),
        records._get_epoch(word),
    )


@given(fields=st.tuples(values, times, times, epochs))
def test_pack__any_fields__come_back(records, fields):
    word = records._pack(*fields)
    assert unpacked(records, word) == fields
    assert int(records._get_account(word), 16) == fields[0]


@given(value=values, until=times, epoch=epochs)
def test_revoke__any_word__sets_the_time_alone_and_once(records, value, until, epoch):
    word = records._pack(value, 0, until, epoch)
    revoked = records._revoke(word)
    assert unpacked(records, revoked) == (value, boa.env.timestamp, until, epoch)
    for later in (0, 1):
        with boa.env.anchor(), boa.reverts(ALREADY_REVOKED):
            boa.env.timestamp += later
            records._revoke(revoked)


@given(operator=st.binary(min_size=20, max_size=20), platform=words, sealing_key=words)
def test_binding__is_160_bits_of_the_hash(records, operator, platform, sealing_key):
    digest = keccak(encode(["address", "bytes32", "bytes32"], [operator, platform, sealing_key]))
    found = records._compute_binding(boa.util.abi.Address(operator), platform, sealing_key)
    assert found == int.from_bytes(digest[12:], "big")
