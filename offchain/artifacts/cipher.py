"""AES-256-GCM (NIST SP 800-38D) of a file, piece by piece.

Artifact = ciphertext ‖ tag (16 bytes). Key = HKDF(secret, label); the nonce is twelve zero bytes,
since a secret is drawn fresh for each submission and task, and for each test set, and encrypts one
file. GCM does not commit to its key: whoever fetches an artifact also checks its sha256, and what
comes out against the digest that was committed.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from Crypto.Cipher import AES

from offchain.hkdf import hkdf

MODEL = "artifact"
"""Label of a model's key."""
TEST_SET = "test set"
"""Label of a test set's key."""

TAG_BYTES = 16
_NONCE = bytes(12)
_PIECE = 2**20


class NotAuthentic(ValueError):  # noqa: N818 - says what is wrong
    """The key, the label or the bytes are not those of the encryption."""


@dataclass(frozen=True)
class Digests:
    """What to commit to.

    Args:
        plaintext: sha256, 32 bytes.
        artifact: sha256 of ciphertext and tag, 32 bytes.
    """

    plaintext: bytes
    artifact: bytes


def encrypt(source: IO[bytes], sink: IO[bytes], secret: bytes, label: str) -> Digests:
    """Encrypts all of ``source`` into ``sink``.

    Args:
        secret: 32 random bytes, never used for another file.
        label: `MODEL` or `TEST_SET`.
    """
    cipher = _cipher(secret, label)
    plaintext, artifact = sha256(), sha256()
    while piece := source.read(_PIECE):
        plaintext.update(piece)
        sealed = cipher.encrypt(piece)
        artifact.update(sealed)
        sink.write(sealed)
    tag = cipher.digest()
    artifact.update(tag)
    sink.write(tag)
    return Digests(plaintext.digest(), artifact.digest())


def decrypt(
    source: IO[bytes], size: int, secret: bytes, label: str, sink: Callable[[bytes], Any]
) -> None:
    """Decrypts an artifact of ``size`` bytes, giving ``sink`` piece after piece.

    The pieces are not authentic until this returns: use `decrypt_file` or `decrypt_bytes`, which
    give nothing away before.

    Raises:
        NotAuthentic: the tag does not hold, or there are fewer bytes than one tag.
    """
    if size < TAG_BYTES:
        raise NotAuthentic(f"artifact of {size} bytes, expected at least {TAG_BYTES}")
    cipher, left = _cipher(secret, label), size - TAG_BYTES
    while left:
        piece = source.read(min(_PIECE, left))
        if not piece:
            raise NotAuthentic(f"artifact ends {left + TAG_BYTES} bytes early, expected {size}")
        left -= len(piece)
        sink(cipher.decrypt(piece))
    try:
        cipher.verify(source.read(TAG_BYTES))
    except ValueError as error:
        raise NotAuthentic("tag does not hold, expected that of the same key and label") from error


def decrypt_bytes(artifact: bytes, secret: bytes, label: str) -> bytes:
    """The plaintext, in memory: what an enclave does, whose disk is its host's.

    Raises:
        NotAuthentic: see `decrypt`.
    """
    if len(artifact) < TAG_BYTES:
        raise NotAuthentic(f"artifact of {len(artifact)} bytes, expected at least {TAG_BYTES}")
    view = memoryview(artifact)
    try:
        plaintext: bytes = _cipher(secret, label).decrypt_and_verify(
            view[:-TAG_BYTES], view[-TAG_BYTES:]
        )
    except ValueError as error:
        raise NotAuthentic("tag does not hold, expected that of the same key and label") from error
    return plaintext


def encrypt_file(source: Path, target: Path, secret: bytes, label: str) -> Digests:
    """Encrypts a file into ``target``, which appears whole or not at all."""
    digests: list[Digests] = []

    def write(sink: IO[bytes]) -> None:
        with source.open("rb") as file:
            digests.append(encrypt(file, sink, secret, label))

    write_whole(target, write)
    return digests[0]


def decrypt_file(source: Path, target: Path, secret: bytes, label: str) -> None:
    """Decrypts a file into ``target``, which appears whole and authentic or not at all.

    Raises:
        NotAuthentic: see `decrypt`.
    """

    def write(sink: IO[bytes]) -> None:
        with source.open("rb") as file:
            decrypt(file, source.stat().st_size, secret, label, sink.write)

    write_whole(target, write)


def write_whole(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Lets ``write`` fill a file beside ``target`` and renames it when all went well.

    The file is for its owner only; nothing of it stays when ``write`` raises.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as sink:
            write(sink)
            sink.flush()
            os.fsync(sink.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def _cipher(secret: bytes, label: str) -> Any:
    return AES.new(hkdf(secret, label), AES.MODE_GCM, nonce=_NONCE, mac_len=TAG_BYTES)
