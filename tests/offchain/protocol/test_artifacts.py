"""Encryption of models and test sets: round trips, tampering, bounded memory, no half files."""

import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.artifacts import (
    MODEL,
    TEST_SET,
    DecryptionError,
    decrypt,
    decrypt_bytes,
    encrypt,
)
from offchain.protocol.keys import hkdf
from offchain.storage.files import decrypt_file, encrypt_file

SECRET = bytes(range(32))
MANY = 3 * 2**20 + 7  # bytes: more than two pieces, and a part of one


def encrypted(plaintext: bytes, secret: bytes = SECRET, label: str = MODEL) -> bytes:
    sink = BytesIO()
    encrypt(BytesIO(plaintext), sink, secret, label)
    return sink.getvalue()


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "artifact"
    path.write_bytes(encrypted(b"m" * MANY))
    return path


@given(st.binary(max_size=200))
def test_encrypt__any_bytes__is_aes_gcm_of_an_independent_library(plaintext):
    expected = AESGCM(hkdf(SECRET, MODEL)).encrypt(bytes(12), plaintext, None)
    assert encrypted(plaintext) == expected
    assert decrypt_bytes(expected, SECRET, MODEL) == plaintext


def test_encrypt__many_pieces__is_that_of_one_piece():
    plaintext = bytes(MANY)
    assert encrypted(plaintext) == AESGCM(hkdf(SECRET, MODEL)).encrypt(bytes(12), plaintext, None)


def test_encrypt__returns__the_digests_of_both_sides():
    sink = BytesIO()
    digests = encrypt(BytesIO(b"model"), sink, SECRET, MODEL)
    assert digests.plaintext == sha256(b"model").digest()
    assert digests.artifact == sha256(sink.getvalue()).digest()


def test_encrypt__labels__give_different_keys():
    assert encrypted(b"x", label=MODEL) != encrypted(b"x", label=TEST_SET)


def test_encrypt_file__then_decrypt_file__gives_the_file(tmp_path, artifact):
    source = tmp_path / "model"
    source.write_bytes(b"m" * MANY)
    digests = encrypt_file(source, tmp_path / "again", SECRET, MODEL)
    assert (tmp_path / "again").read_bytes() == artifact.read_bytes()
    assert digests.artifact == sha256(artifact.read_bytes()).digest()
    decrypt_file(artifact, tmp_path / "plain", SECRET, MODEL)
    assert (tmp_path / "plain").read_bytes() == source.read_bytes()
    assert (tmp_path / "plain").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("position", [0, 2**20, MANY - 1, MANY, MANY + 15])
def test_decrypt__a_bit_flipped__leaves_nothing(tmp_path, artifact, position):
    content = bytearray(artifact.read_bytes())
    content[position] ^= 1
    artifact.write_bytes(content)
    with pytest.raises(DecryptionError, match="tag does not hold"):
        decrypt_file(artifact, tmp_path / "plain", SECRET, MODEL)
    with pytest.raises(DecryptionError, match="tag does not hold"):
        decrypt_bytes(bytes(content), SECRET, MODEL)
    assert list(tmp_path.iterdir()) == [artifact]


@pytest.mark.parametrize(("secret", "label"), [(bytes(32), MODEL), (SECRET, TEST_SET)])
def test_decrypt__another_key__is_refused(tmp_path, artifact, secret, label):
    with pytest.raises(DecryptionError, match="tag does not hold"):
        decrypt_file(artifact, tmp_path / "plain", secret, label)
    assert list(tmp_path.iterdir()) == [artifact]


@pytest.mark.parametrize("size", [0, 15])
def test_decrypt__less_than_a_tag__is_refused(tmp_path, size):
    short = tmp_path / "short"
    short.write_bytes(bytes(size))
    with pytest.raises(DecryptionError, match=f"artifact of {size} bytes, expected at least 16"):
        decrypt_file(short, tmp_path / "plain", SECRET, MODEL)
    with pytest.raises(DecryptionError, match=f"artifact of {size} bytes, expected at least 16"):
        decrypt_bytes(bytes(size), SECRET, MODEL)


def test_decrypt__cut_short__is_refused(tmp_path, artifact):
    artifact.write_bytes(artifact.read_bytes()[:-1])
    with pytest.raises(DecryptionError, match="tag does not hold"):
        decrypt_file(artifact, tmp_path / "plain", SECRET, MODEL)


def test_decrypt__ends_before_its_size__is_refused(artifact):
    """A file that is cut while it is read."""
    with artifact.open("rb") as file, pytest.raises(DecryptionError, match=r"ends 101 bytes early"):
        decrypt(file, MANY + 16 + 101, SECRET, MODEL, lambda _: None)


def test_encrypt_file__empty__goes_there_and_back(tmp_path):
    (tmp_path / "empty").touch()
    encrypt_file(tmp_path / "empty", tmp_path / "artifact", SECRET, MODEL)
    decrypt_file(tmp_path / "artifact", tmp_path / "plain", SECRET, MODEL)
    assert (tmp_path / "plain").read_bytes() == b""


def test_encrypt_file__no_source__leaves_no_target(tmp_path):
    with pytest.raises(FileNotFoundError):
        encrypt_file(tmp_path / "absent", tmp_path / "target", SECRET, MODEL)
    assert list(tmp_path.iterdir()) == []


def test_encrypt__secret_of_another_length__is_refused():
    with pytest.raises(ValueError, match="secret of 16 bytes, expected 32"):
        encrypted(b"", secret=bytes(16))


def test_files__larger_than_the_memory_allowed__go_through(tmp_path):
    """A file of 128 MiB, in a process that may not have half of that beyond its start."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2**27)
    program = f"""
import resource
from pathlib import Path
from offchain.protocol.artifacts import MODEL
from offchain.storage.files import decrypt_file, encrypt_file
folder = Path({str(tmp_path)!r})
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 2**25
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
encrypt_file(folder / "large", folder / "artifact", bytes(32), MODEL)
decrypt_file(folder / "artifact", folder / "plain", bytes(32), MODEL)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "plain").stat().st_size == 2**27
