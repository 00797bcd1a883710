"""`Uploads`: nothing counts as published before a stranger can read it."""

from pathlib import Path

import pytest

from offchain.developer.publishing import Uploads
from offchain.protocol.errors import StorageError
from offchain.storage.private_folder import PrivateFolder
from tests.offchain.developer.test_entries import DEVELOPER, EntryFolder, prepare


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(str(tmp_path / "place"), str(tmp_path / "place"), local=True)


@pytest.fixture
def entry(tmp_path):
    files = EntryFolder(PrivateFolder(tmp_path / "private"), DEVELOPER)
    made = prepare(files)
    return made, files.artifact(made)


def test_put__artifact_and_keyring__can_be_read_back_by_their_digests(uploads, entry):
    made, artifact = entry
    assert not uploads.is_published(made, len(artifact))
    uploads.put(made, artifact)
    uploads.read_back(made, len(artifact))
    names = {each.name for each in Path(uploads.place).iterdir()}
    assert names == {made.submission.artifact_digest.hex(), made.keyring_digest.hex()}


@pytest.mark.parametrize("which", ["artifact", "keyring"])
@pytest.mark.parametrize("lie", [b"", b"other bytes", None])
def test_read_back__one_is_missing_or_another__is_refused(uploads, entry, which, lie):
    made, artifact = entry
    uploads.put(made, artifact)
    digest = made.submission.artifact_digest if which == "artifact" else made.keyring_digest
    path = Path(uploads.place) / digest.hex()
    if lie is None:
        path.unlink()
    else:
        path.write_bytes(lie)
    with pytest.raises(StorageError, match=digest.hex()):
        uploads.read_back(made, len(artifact))
    assert not uploads.is_published(made, len(artifact))


def test_probe__address_of_another_folder__is_refused(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(StorageError, match=r"there/[0-9a-f]{64}: not found"):
        Uploads(str(tmp_path / "here"), str(tmp_path / "there"), local=True).probe()
    Uploads(str(tmp_path / "here"), str(tmp_path / "here"), local=True).probe()


@pytest.mark.parametrize("uri", ["ftp://a/b", "memory://a", "http://"])
def test_check__scheme_that_nobody_follows__is_refused_on_a_local_chain_too(uri):
    with pytest.raises(ValueError, match=f"uri '{uri}', expected one of"):
        Uploads("/srv/models", uri, local=True).check()


@pytest.mark.parametrize(
    "uri", ["/srv/models", "file:///srv/models", "http://127.0.0.1:1/models", "s3://a/b"]
)
def test_check__folder_or_address_of_this_machine__is_for_local_chains(uri):
    Uploads("/srv/models", uri, local=True).check()


@pytest.mark.parametrize("uri", ["/srv/models", "file:///srv/models", "ftp://a/b", "memory://a"])
def test_check__address_that_strangers_do_not_follow__is_refused(uri):
    with pytest.raises(ValueError, match="expected one of"):
        Uploads("/srv/models", uri).check()


def test_check__length_of_the_address__is_bounded_in_bytes():
    uri = "https://a.example/" + "é" * 119
    Uploads("/srv", uri).check()
    with pytest.raises(ValueError, match="URI of 257 bytes, expected at most 256"):
        Uploads("/srv", uri + "x").check()


def test_probe__address_in_this_machine__is_not_followed_on_a_live_chain(tmp_path):
    with pytest.raises(StorageError, match="not an address of the public network"):
        Uploads(str(tmp_path), "http://127.0.0.1:9/models").probe()
