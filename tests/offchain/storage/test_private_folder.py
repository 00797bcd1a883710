"""A private folder: what is written stays, whole, and only its owner may read it."""

import stat

import pytest

from offchain.protocol.messages import Problem
from offchain.storage.private_folder import PrivateFolder


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "home" / "network" / "task")


def test_write__new_file__is_private_and_so_are_its_folders(folder, tmp_path):
    file = folder.write("secret", b"s")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for each in (folder.path, folder.path.parent, tmp_path / "home"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert folder.read("secret") == b"s"


def test_write__other_content__keeps_what_is_there(folder):
    folder.write("secret", b"s")
    folder.write("secret", b"s")
    with pytest.raises(FileExistsError, match="secret holds something else"):
        folder.write("secret", b"t")
    assert folder.read("secret") == b"s"


def test_remember__twice__is_the_first(folder):
    assert folder.remember("salt", b"1") == b"1"
    assert folder.remember("salt", b"2") == b"1"


def test_write__path_with_spaces_and_unicode__works(tmp_path):
    folder = PrivateFolder(tmp_path / "mein Öl 金")
    folder.write("salt", b"1")
    assert folder.read("salt") == b"1"


def test_read_value__malformed__names_the_file(folder):
    folder.write("problem.json", b"{}")
    with pytest.raises(ValueError, match=r"problem.json is not a Problem"):
        folder.read_value(Problem, "problem.json")
    assert folder.read_value(Problem, "absent") is None
