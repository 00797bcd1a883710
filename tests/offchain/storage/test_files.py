"""Encryption and decryption of files: round trips, no partial files, bounded memory."""

import resource
import subprocess
import sys
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from offchain.protocol.artifacts import MODEL, TEST_SET, DecryptionError, encrypt
from offchain.storage.files import decrypt_file, encrypt_file, write_bytes
from offchain.storage.locks import locked
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.store import Store, write

SECRET = bytes(range(32))
MANY = 3 * 2**20 + 7  # bytes: whole pieces, and a part of one


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A file that holds an encrypted model."""
    path = tmp_path / "artifact"
    sink = BytesIO()
    encrypt(BytesIO(b"m" * MANY), sink, SECRET, MODEL)
    path.write_bytes(sink.getvalue())
    return path


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
def test_decrypt_file__a_bit_flipped__leaves_nothing(tmp_path, artifact, position):
    content = bytearray(artifact.read_bytes())
    content[position] ^= 1
    artifact.write_bytes(content)
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_file(artifact, tmp_path / "plain", SECRET, MODEL)
    assert list(tmp_path.iterdir()) == [artifact]


@pytest.mark.parametrize(("secret", "label"), [(bytes(32), MODEL), (SECRET, TEST_SET)])
def test_decrypt_file__another_key__is_refused(tmp_path, artifact, secret, label):
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_file(artifact, tmp_path / "plain", secret, label)
    assert list(tmp_path.iterdir()) == [artifact]


@pytest.mark.parametrize("size", [0, 15])
def test_decrypt_file__less_than_a_tag__is_refused(tmp_path, size):
    short = tmp_path / "short"
    short.write_bytes(bytes(size))
    with pytest.raises(DecryptionError, match=f"artifact of {size} bytes, expected at least 16"):
        decrypt_file(short, tmp_path / "plain", SECRET, MODEL)


def test_decrypt_file__cut_short__is_refused(tmp_path, artifact):
    artifact.write_bytes(artifact.read_bytes()[:-1])
    with pytest.raises(DecryptionError, match="authentication tag is wrong"):
        decrypt_file(artifact, tmp_path / "plain", SECRET, MODEL)


def test_encrypt_file__empty__round_trips(tmp_path):
    (tmp_path / "empty").touch()
    encrypt_file(tmp_path / "empty", tmp_path / "artifact", SECRET, MODEL)
    decrypt_file(tmp_path / "artifact", tmp_path / "plain", SECRET, MODEL)
    assert (tmp_path / "plain").read_bytes() == b""


def test_encrypt_file__no_source__leaves_no_target(tmp_path):
    with pytest.raises(FileNotFoundError):
        encrypt_file(tmp_path / "absent", tmp_path / "target", SECRET, MODEL)
    assert list(tmp_path.iterdir()) == []


def test_files__larger_than_the_memory_allowed__are_encrypted_and_decrypted(tmp_path):
    """A file of 128 MiB, in a process that may use at most 32 MiB beyond its start."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2**27)
    program = f"""
import resource
from pathlib import Path
from offchain.protocol.artifacts import MODEL
from offchain.storage.files import decrypt_file, encrypt_file, write_bytes
from offchain.storage.locks import locked
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.store import Store, write
folder = Path({str(tmp_path)!r})
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 2**25
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
encrypt_file(folder / "large", folder / "artifact", bytes(32), MODEL)
decrypt_file(folder / "artifact", folder / "plain", bytes(32), MODEL)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "plain").stat().st_size == 2**27


@contextmanager
def no_room():
    """No file can grow, as on a full disk."""
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def lock(path: Path, _: bytes) -> None:
    with locked(path, "works"):
        pass


@pytest.mark.parametrize(
    ("put", "is_kept"),
    [
        (write_bytes, False),
        (lambda path, content: write(str(path), content), False),
        (lambda path, content: PrivateFolder(path.parent).write(path.name, content), False),
        (lambda path, content: Store(str(path)).put_bytes(content), True),
        (lock, True),
    ],
    ids=["file", "public file", "private file", "store", "lock"],
)
def test_write__disk_full__names_the_place_and_leaves_no_part(tmp_path, put, is_kept):
    target = tmp_path / "a folder für alles" / "file"
    target.parent.mkdir(mode=0o700)
    with pytest.raises(OSError, match=f"large: '{target}'"), no_room():
        put(target, b"content")
    assert target.exists() == is_kept  # a store's folder, and a lock's file
    assert not [each for each in target.parent.rglob("*") if each.is_file() and each != target]
    put(target, b"content")
