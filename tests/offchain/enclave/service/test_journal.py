"""The journal of signatures: complete lines remain, at whatever byte a crash cuts the last one."""

import fcntl
import os
import socket
from dataclasses import replace

import pytest
from pydantic import ValidationError

from offchain.enclave.enclave import Enclave
from offchain.enclave.service.journal import SignatureJournal
from offchain.protocol.messages import Signed
from tests.offchain.honest import HONEST, TASK_ID, fresh
from tests.offchain.market import TOOLS
from tests.vectors.generate import word


@pytest.fixture(scope="module")
def signed() -> list[Signed]:
    return [signed_by(fresh(seat)) for seat in range(2)]


def signed_by(enclave: Enclave) -> Signed:
    enclave.measure(HONEST.bundle(enclave), TOOLS)
    return enclave.cosign(TASK_ID, 0, enclave.propose(TASK_ID, 0), word("platform"))


def test_read__before_the_first_signature__is_empty(tmp_path):
    assert SignatureJournal(tmp_path / "journal").read() == []


def test_append__after_a_line_cut_anywhere__is_whole(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "journal")
    journal.append(signed[0])
    one = (tmp_path / "journal").read_bytes()
    journal.append(signed[1])
    both = (tmp_path / "journal").read_bytes()
    assert journal.read() == signed
    line = range(len(one), len(both))
    for cut in {*line[::100], line[-1], *(at for at in line if both[at - 1] == ord("}"))}:
        (tmp_path / "journal").write_bytes(both[:cut])
        assert journal.read() == signed[:1]
        SignatureJournal(tmp_path / "journal").append(signed[1])
        assert (tmp_path / "journal").read_bytes() == both


def test_read__line_that_was_not_appended__is_an_error(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "journal")
    journal.append(signed[0])
    (tmp_path / "journal").write_bytes(b"{}\n" + (tmp_path / "journal").read_bytes())
    with pytest.raises(ValidationError, match="Field required"):
        journal.read()


def test_append__signature_for_another_platform__has_its_line_already(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "journal")
    for name in ("platform", "another", "third"):
        cosignature = replace(signed[0].cosignature, platform=word(name))
        journal.append(replace(signed[0], cosignature=cosignature))
    assert journal.read() == signed[:1]


START = b'{"cosignature":{"platform":"0x'


@pytest.mark.parametrize(
    "content",
    [
        b"a letter without an end of line",
        b"a letter\nof two lines",
        b"{}\n",
        b'{"cosignature":1}\n',
        START + b'"}}\n',
        b"\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        START[:-1] + b"1",
        bytes(2**17),
    ],
)
def test_open__file_that_is_no_journal__is_refused_and_unchanged(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="is no journal of signatures"):
        SignatureJournal(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == content


def test_open__journal_with_a_line_of_something_else__is_refused(tmp_path, signed):
    SignatureJournal(tmp_path / "file").append(signed[0])
    with (tmp_path / "file").open("ab") as file:
        file.write(b"a letter\n")
    with pytest.raises(ValueError, match="is no journal of signatures, line 2"):
        SignatureJournal(tmp_path / "file")


@pytest.mark.parametrize("length", [0, 1, len(START)])
def test_open__line_that_a_crash_cut_short__is_a_journal(tmp_path, signed, length):
    (tmp_path / "file").write_bytes(START[:length])
    journal = SignatureJournal(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == START[:length]
    journal.append(signed[0])
    assert journal.read() == signed[:1]


def test_append__file_replaced_meanwhile__is_refused_and_unchanged(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"a letter")
    with pytest.raises(ValueError, match="is no journal of signatures"):
        journal.append(signed[0])
    assert (tmp_path / "file").read_bytes() == b"a letter"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "link to nothing", "socket"])
def test_open__no_file__is_refused(tmp_path, kind):
    path = tmp_path / "journal"
    with socket.socket(socket.AF_UNIX) as listening:
        {
            "folder": path.mkdir,
            "pipe": lambda: os.mkfifo(path),
            "device": lambda: path.symlink_to("/dev/zero"),
            "link to nothing": lambda: path.symlink_to(tmp_path / "nothing"),
            "socket": lambda: listening.bind(str(path)),
        }[kind]()
        with pytest.raises(ValueError, match="is no file"):
            SignatureJournal(path)
    assert not (tmp_path / "nothing").exists()


def test_open__in_no_folder__is_refused(tmp_path):
    """Without this an enclave would measure for hours and then sign nothing."""
    with pytest.raises(ValueError, match="expected an existing folder"):
        SignatureJournal(tmp_path / "none" / "journal")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_append__no_file_any_more__is_refused(tmp_path, signed, kind):
    path = tmp_path / "journal"
    journal = SignatureJournal(path)
    {"pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/null")}[kind]()
    for _ in range(2):
        with pytest.raises(OSError, match=r"not seekable|Illegal seek|Invalid argument"):
            journal.append(signed[0])


def test_append__while_another_process_appends__is_refused_and_cuts_nothing(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "journal")
    journal.append(signed[0])
    with (tmp_path / "journal").open("a+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(START)
        other.flush()
        with pytest.raises(BlockingIOError):
            journal.append(signed[1])
        assert (tmp_path / "journal").read_bytes().endswith(START)
    journal.append(signed[1])
    assert journal.read() == signed[:2]
