"""`EntryFolder`: what a developer must not lose is on the disk before anything is sent."""

import os
import stat
from itertools import count
from pathlib import Path

import pytest

from offchain.developer.entries import EntryFolder
from offchain.enclave.opening import open_key
from offchain.protocol import hashes
from offchain.protocol.envelopes import delivery_info, unseal
from offchain.protocol.transcript import Reveal
from offchain.storage.private_folder import PrivateFolder
from tests.offchain.market import Offer, enclaves, make_market, model
from tests.vectors.generate import DOMAIN, address, word

DEVELOPER = address("developer")
MODEL = model()


@pytest.fixture
def files(tmp_path: Path) -> EntryFolder:
    return EntryFolder(PrivateFolder(tmp_path / "task"), DEVELOPER)


def prepare(files: EntryFolder, content: bytes = MODEL):
    transcript = make_market([Offer()]).transcript
    numbers = count()
    return files.prepare(
        content, transcript.task, transcript.roster, DOMAIN, 7, lambda _: word(str(next(numbers)))
    )


def test_prepare__entry__is_read_back_equal_and_private(files):
    entry = prepare(files)
    assert files.read() == entry
    assert files.model(entry) == MODEL
    assert entry.submission.min_price == 7
    assert entry.secret != entry.salt
    for each in files.folder.path.iterdir():
        assert each.stat().st_mode & 0o777 == 0o600, each
    assert files.folder.path.stat().st_mode & 0o777 == 0o700


def test_prepare__entry__opens_for_each_enclave_and_the_provider(files):
    transcript, entry = make_market([Offer()]).transcript, prepare(files)
    made = entry.submission
    reveal = Reveal(0, DEVELOPER, made, entry.keyring_digest, entry.salt, "")
    for enclave in enclaves():
        position = transcript.roster.index(enclave.identity)
        private = enclave._sealing_private
        assert open_key(transcript, reveal, entry.keyring, position, private) == entry.secret
    info = delivery_info(transcript.task_id)
    assert unseal(word("delivery key"), info, entry.envelope) == entry.secret
    assert reveal.commitment(DOMAIN, transcript.task_id) == entry.commitment(DOMAIN)
    paid = DEVELOPER, made.envelope_digest, made.min_price, entry.payload
    assert reveal.leaf(transcript.task_id) == hashes.leaf(transcript.task_id, 0, *paid)


def test_prepare__secrets__are_in_no_text_of_the_entry(files):
    entry = prepare(files)
    for secret in (entry.secret, entry.salt, entry.envelope):
        assert repr(secret) not in repr(entry)


def test_prepare__twice__keeps_the_first(files):
    entry = prepare(files)
    with pytest.raises(FileExistsError, match="holds an entry, which is kept"):
        prepare(files, model([1]))
    assert files.read() == entry


def test_prepare__disk_full_at_the_artifact__leaves_no_entry(files, monkeypatch):
    def full(handle):
        if stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("offchain.storage.files.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*[0-9a-f]{64}'"):
        prepare(files)
    assert files.read() is None


def test_read__other_name_or_account__has_its_own(files):
    prepare(files)
    assert EntryFolder(files.folder, DEVELOPER, "2").read() is None
    assert EntryFolder(files.folder, address("other")).read() is None


@pytest.mark.parametrize("name", ["", "a/b", 41 * "a", "a b"])
def test_entry_folder__name_that_is_no_file__is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="expected up to 40 letters"):
        EntryFolder(PrivateFolder(tmp_path), DEVELOPER, name)


def test_artifact__gone_or_changed__asks_for_the_backup(files):
    entry = prepare(files)
    path = files.folder.path / entry.submission.artifact_digest.hex()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=f"{path} was changed: bring your backup back"):
        files.artifact(entry)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"{path} is gone: bring your backup back"):
        files.artifact(entry)


def test_lock__held__names_the_process_and_ends_with_it(files):
    other = EntryFolder(files.folder, DEVELOPER, "2")
    second = pytest.raises(BlockingIOError, match=f"process {os.getpid()} works on this entry")
    with files.lock(), other.lock(), second, files.lock():
        pass
    with files.lock():
        pass
