"""The folder of artifacts: bytes that do not hash to their digest are refused."""

import os
from hashlib import sha256

import pytest

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.protocol.errors import InvalidRequest, RequestFault, StorageError

CONTENT = b"an encrypted model"
DIGEST = sha256(CONTENT).digest()
OTHER = sha256(b"another").digest()


@pytest.fixture
def folder(tmp_path):
    return ArtifactFolder.open(tmp_path / "new" / "artifacts")


def names(folder):
    return {path.name for path in folder.path.iterdir()}


def upload(folder, *pieces, digest=DIGEST, limit=100):
    with folder.upload(digest, limit) as open_upload:
        for piece in pieces:
            open_upload.write(piece)


@pytest.mark.parametrize("pieces", [(CONTENT,), (CONTENT[:1], CONTENT[1:]), (b"", CONTENT)])
def test_upload__bytes_of_the_digest__can_be_fetched(folder, pieces):
    assert not folder.has(DIGEST)
    upload(folder, *pieces)
    assert folder.has(DIGEST)
    assert folder.fetch_bytes(DIGEST, len(CONTENT)) == CONTENT
    assert names(folder) == {DIGEST.hex()}


def test_upload__empty_artifact__can_be_fetched(folder):
    digest = sha256(b"").digest()
    upload(folder, digest=digest)
    assert folder.fetch_bytes(digest, 0) == b""


def test_upload__bytes_of_another_digest__leave_nothing(folder):
    with pytest.raises(InvalidRequest, match=f"expected 0x{OTHER.hex()}") as refusal:
        upload(folder, CONTENT, digest=OTHER)
    assert refusal.value.reason is RequestFault.ARTIFACT
    assert names(folder) == set()


def test_upload__limit__is_met_exactly(folder):
    upload(folder, CONTENT, limit=len(CONTENT))
    with pytest.raises(InvalidRequest, match=f"more than {len(CONTENT) - 1} bytes") as refusal:
        upload(folder, CONTENT[:5], CONTENT[5:], limit=len(CONTENT) - 1)
    assert refusal.value.reason is RequestFault.ARTIFACT
    assert names(folder) == {DIGEST.hex()}


def test_upload__given_up_half_way__leaves_nothing(folder):
    interrupted = folder.upload(DIGEST, 100)
    interrupted.__enter__().write(CONTENT[:5])
    gone = ConnectionError()
    assert not interrupted.__exit__(ConnectionError, gone, None)
    assert names(folder) == set()


def test_upload__two_of_one_artifact_at_a_time__both_succeed(folder):
    with folder.upload(DIGEST, 100) as one, folder.upload(DIGEST, 100) as other:
        one.write(CONTENT[:5])
        other.write(CONTENT)
        one.write(CONTENT[5:])
    assert folder.fetch_bytes(DIGEST, 100) == CONTENT
    assert names(folder) == {DIGEST.hex()}


def test_open__uploads_that_a_crash_cut_short__are_removed_and_artifacts_stay(folder):
    upload(folder, CONTENT)
    (folder.path / ".upload-abc").write_bytes(b"half")
    again = ArtifactFolder.open(folder.path)
    assert names(again) == {DIGEST.hex()}


def test_fetch_bytes__absent__is_said(folder):
    with pytest.raises(StorageError, match=f"not found; wanted sha256 0x{DIGEST.hex()}"):
        folder.fetch_bytes(DIGEST, 100)


def test_fetch_bytes__bytes_that_the_host_altered__do_not_count(folder):
    upload(folder, CONTENT)
    (folder.path / DIGEST.hex()).write_bytes(CONTENT + b"!")
    with pytest.raises(StorageError, match="19 bytes of sha256 0x"):
        folder.fetch_bytes(DIGEST, 100)


def test_fetch_bytes__one_byte_more_than_the_limit__is_refused(folder):
    upload(folder, CONTENT)
    assert folder.fetch_bytes(DIGEST, len(CONTENT)) == CONTENT
    with pytest.raises(StorageError, match=f"more than {len(CONTENT) - 1} bytes"):
        folder.fetch_bytes(DIGEST, len(CONTENT) - 1)


def test_fetch_bytes__a_folder_in_its_place__is_said(folder):
    (folder.path / DIGEST.hex()).mkdir()
    assert not folder.has(DIGEST)
    with pytest.raises(StorageError, match="no file, expected one"):
        folder.fetch_bytes(DIGEST, 100)


@pytest.mark.parametrize("kind", ["pipe", "link", "device"])
def test_fetch_bytes__no_file_of_the_folder__is_not_read(tmp_path, kind):
    """A pipe would stop the measurement until somebody writes; a link leads out of the folder."""
    folder = ArtifactFolder.open(tmp_path / "artifacts")
    content = b"the right bytes, elsewhere"
    (tmp_path / "elsewhere").write_bytes(content)
    path = folder.path / sha256(content).hexdigest()
    {
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(tmp_path / "elsewhere"),
        "device": lambda: path.symlink_to("/dev/zero"),
    }[kind]()
    with pytest.raises(StorageError):
        folder.fetch_bytes(sha256(content).digest(), 100)
