"""Envelopes: RFC 9180's test vectors, and envelopes that must not open."""

# Holds S-73.

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhpke import KEMKeyPair

from offchain.protocol.envelopes import (
    ENVELOPE_BYTES,
    SUITE,
    EnvelopeError,
    delivery_envelope,
    delivery_info,
    keyring_entry,
    keyring_info,
    make_keyring,
    seal,
    unseal,
)
from offchain.protocol.keys import public_key
from tests.offchain.protocol.test_task import SMALL_ORDER
from tests.vectors.generate import DOMAIN, address, roster, word

RECIPIENT, SECRET = word("recipient"), word("secret")
INFO = b"bound to this"
ENVELOPE = seal(public_key(RECIPIENT), INFO, SECRET, word("ephemeral"))


def test_derive_key_pair__rfc_9180_a_1_1__agrees() -> None:
    seed = bytes.fromhex("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234")
    public = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    assert SUITE.kem.derive_key_pair(seed).public_key.to_public_bytes() == public


def test_suite__rfc_9180_vector_of_this_suite_in_base_mode__agrees() -> None:
    ephemeral = SUITE.kem.deserialize_private_key(
        bytes.fromhex("179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11")
    )
    public = bytes.fromhex("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256")
    recipient = bytes.fromhex("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c")
    encapsulated, context = SUITE.create_sender_context(
        SUITE.kem.deserialize_public_key(recipient),
        b"Ode on a Grecian Urn",
        eks=KEMKeyPair(ephemeral, SUITE.kem.deserialize_public_key(public)),
    )
    assert encapsulated == public
    ciphertext = context.seal(b"Beauty is truth, truth beauty", b"Count-0")
    assert ciphertext == bytes.fromhex(
        "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"
    )


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64))
def test_unseal__what_seal_sealed__is_the_secret(secret: bytes, info: bytes) -> None:
    envelope = seal(public_key(RECIPIENT), info, secret, word("ephemeral"))
    assert len(envelope) == ENVELOPE_BYTES
    assert unseal(RECIPIENT, info, envelope) == secret


@given(st.integers(0, 8 * ENVELOPE_BYTES - 1))
def test_unseal__a_bit_flipped__raises(bit: int) -> None:
    envelope = bytearray(ENVELOPE)
    envelope[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EnvelopeError, match="does not open"):
        unseal(RECIPIENT, INFO, bytes(envelope))


@pytest.mark.parametrize(
    ("private", "info", "envelope", "reason"),
    [
        (word("another"), INFO, ENVELOPE, "does not open"),
        (RECIPIENT, b"bound to that", ENVELOPE, "does not open"),
        (RECIPIENT, INFO, b"", "envelope of 0 bytes, expected 80"),
        (RECIPIENT, INFO, ENVELOPE[:-1], "envelope of 79 bytes, expected 80"),
        (RECIPIENT, INFO, ENVELOPE + b"x", "envelope of 81 bytes, expected 80"),
    ],
)
def test_unseal__another_envelope__raises(
    private: bytes, info: bytes, envelope: bytes, reason: str
) -> None:
    with pytest.raises(EnvelopeError, match=reason):
        unseal(private, info, envelope)


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_unseal__encapsulated_key_of_small_order__raises(key: bytes) -> None:
    with pytest.raises(EnvelopeError, match=f"encapsulated key 0x{key.hex()} has small order"):
        unseal(RECIPIENT, INFO, key + ENVELOPE[32:])


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_seal__recipient_of_small_order__raises(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"recipient's key 0x{key.hex()} has small order"):
        seal(key, INFO, SECRET, word("ephemeral"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_seal__secret_of_another_length__raises(length: int) -> None:
    with pytest.raises(ValueError, match=f"secret of {length} bytes, expected 32"):
        seal(public_key(RECIPIENT), INFO, bytes(length), word("ephemeral"))


def test_delivery_envelope__made_again__is_the_same_and_opens_for_its_task_alone() -> None:
    task_id, key = word("task"), public_key(RECIPIENT)
    envelope = delivery_envelope(SECRET, task_id, key)
    assert envelope == delivery_envelope(SECRET, task_id, key)
    assert unseal(RECIPIENT, delivery_info(task_id), envelope) == SECRET
    with pytest.raises(EnvelopeError):
        unseal(RECIPIENT, delivery_info(word("another task")), envelope)


def test_make_keyring__every_enclave__opens_its_own_entry_alone() -> None:
    privates = {public_key(word(f"sealing key of enclave {i}")): i for i in range(4)}
    info = keyring_info(DOMAIN, word("task"), address("developer"), word("submission"))
    keyring = make_keyring(SECRET, info, roster())
    assert len(keyring) == 4 * ENVELOPE_BYTES
    for position, entry in enumerate(roster()):
        private = word(f"sealing key of enclave {privates[entry.sealing_key]}")
        assert unseal(private, info, keyring_entry(keyring, position)) == SECRET
        with pytest.raises(EnvelopeError):
            unseal(private, info, keyring_entry(keyring, (position + 1) % 4))


def test_keyring_info__anything_changed__differs() -> None:
    base: dict[str, Any] = {
        "domain": DOMAIN,
        "task_id": word("task"),
        "developer": address("developer"),
        "submission": word("submission"),
    }
    changes = [
        {"domain": replace(DOMAIN, chain_id=1)},
        {"domain": replace(DOMAIN, market=address("market"))},
        {"task_id": word("another")},
        {"developer": address("another")},
        {"submission": word("another")},
    ]
    assert len({keyring_info(**base | change) for change in [{}, *changes]}) == 6
