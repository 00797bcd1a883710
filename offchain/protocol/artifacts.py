"""Encryption of models and test sets: AES-256-GCM (NIST SP 800-38D).

Artifact = ciphertext ‖ tag (16 bytes). Key = HKDF(secret, label). The nonce is twelve zero bytes,
since a secret is drawn fresh for each submission and task, and for each test set, and encrypts one
file. GCM does not commit to its key. A reader of an artifact must therefore also check its sha256,
and the plaintext against the digest that was committed.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from offchain.protocol.errors import GoldenGrainError
from offchain.protocol.keys import hkdf

MODEL = "artifact"
"""Label of a model's key."""
TEST_SET = "test set"
"""Label of a test set's key."""

TAG_BYTES = 16
_NONCE = bytes(12)
_PIECE = 2**18  # it stays in the cache between cipher and digest


class DecryptionError(GoldenGrainError, ValueError):
    """The key, the label or the bytes differ from those of the encryption."""


@dataclass(frozen=True)
class Digests:
    """Digests that a commitment covers.

    Args:
        plaintext: sha256, 32 bytes.
        artifact: sha256 of ciphertext and tag, 32 bytes.
    """

    plaintext: bytes
    artifact: bytes


def encrypt(source: IO[bytes], sink: IO[bytes], secret: bytes, label: str) -> Digests:
    """Encrypt all of ``source`` into ``sink``.

    Args:
        secret: 32 random bytes, never used for another file.
        label: `MODEL` or `TEST_SET`.
    """
    cipher = Cipher(AES256(hkdf(secret, label)), GCM(_NONCE)).encryptor()
    plaintext, artifact = sha256(), sha256()
    while piece := source.read(_PIECE):
        plaintext.update(piece)
        sealed = cipher.update(piece)
        artifact.update(sealed)
        sink.write(sealed)
    cipher.finalize()
    artifact.update(cipher.tag)
    sink.write(cipher.tag)
    return Digests(plaintext.digest(), artifact.digest())


def decrypt_bytes(artifact: bytes, secret: bytes, label: str) -> bytes:
    """Decrypt an artifact in memory alone: the host can read the disk of its enclave.

    Raises:
        DecryptionError: the authentication tag is wrong, or there is none.
    """
    _check_size(len(artifact))
    try:
        return AESGCM(hkdf(secret, label)).decrypt(_NONCE, artifact, None)
    except InvalidTag as error:
        raise _wrong_tag() from error


def _check_size(size: int) -> None:
    if size < TAG_BYTES:
        raise DecryptionError(f"artifact of {size} bytes, expected at least {TAG_BYTES}")


def _wrong_tag() -> DecryptionError:
    return DecryptionError("authentication tag is wrong, expected that of the same key and label")
