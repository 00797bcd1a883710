"""Encryption of models and test sets: round trips, tampering, sizes."""

# Holds S-75.

from hashlib import sha256
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.artifacts import (
    MODEL,
    TEST_SET,
    DecryptionError,
    decrypt_bytes,
    encrypt,
)
from offchain.protocol.keys import hkdf

SECRET = bytes(range(32))
MANY = 3 * 2**20 + 7  # bytes: whole pieces, and a part of one


def encrypted(plaintext: bytes, secret: bytes = SECRET, label: str = MODEL) -> bytes:
    sink = BytesIO()
    encrypt(BytesIO(plaintext), sink, secret, label)
    return sink.getvalue()


@given(st.binary(max_size=200))
def test_encrypt__any_bytes__is_aes_gcm_of_an_independent_library(plaintext):
    expected = AESGCM(hkdf(SECRET, MODEL)).encrypt(bytes(12), plaintext, None)
    assert encrypted(plaintext) == expected
    assert decrypt_bytes(expected, SECRET, MODEL) == plaintext


def test_encrypt__many_pieces__is_that_of_one_piece():
    plaintext = bytes(MANY)
    assert encrypted(plaintext) == AESGCM(hkdf(SECRET, MODEL)).encrypt(bytes(12), plaintext, None)


@pytest.mark.parametrize("plaintext", [b"", b"model", b"m" * MANY], ids=["none", "one", "many"])
def test_encrypt__any_number_of_pieces__returns_the_digests_of_both_sides(plaintext):
    sink = BytesIO()
    digests = encrypt(BytesIO(plaintext), sink, SECRET, MODEL)
    assert digests.plaintext == sha256(plaintext).digest()
    assert digests.artifact == sha256(sink.getvalue()).digest()


def test_encrypt__labels__give_different_keys():
    assert encrypted(b"x", label=MODEL) != encrypted(b"x", label=TEST_SET)


@pytest.mark.parametrize("position", [0, 2**20, MANY - 1, MANY, MANY + 15])
def test_decrypt__a_bit_flipped__is_refused(position):
    content = bytearray(encrypted(b"m" * MANY))
    content[position] ^= 1
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_bytes(bytes(content), SECRET, MODEL)


@pytest.mark.parametrize(("secret", "label"), [(bytes(32), MODEL), (SECRET, TEST_SET)])
def test_decrypt__another_key__is_refused(secret, label):
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_bytes(encrypted(b"m" * MANY), secret, label)


@pytest.mark.parametrize("size", [0, 15])
def test_decrypt__less_than_a_tag__is_refused(size):
    with pytest.raises(DecryptionError, match=f"artifact of {size} bytes, expected at least 16"):
        decrypt_bytes(bytes(size), SECRET, MODEL)


def test_decrypt__cut_short__is_refused():
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_bytes(encrypted(b"m" * MANY)[:-1], SECRET, MODEL)


def test_encrypt__secret_of_another_length__is_refused():
    with pytest.raises(ValueError, match="secret of 16 bytes, expected 32"):
        encrypted(b"", secret=bytes(16))
