"""Writing of files on a full disk."""

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from offchain.storage.files import write_bytes
from offchain.storage.locks import locked
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.store import Store, write


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
