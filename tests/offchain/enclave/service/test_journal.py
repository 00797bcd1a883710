"""The journal of signatures: complete lines remain, at whatever byte a crash cuts the last one."""

import os
import resource
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from offchain.enclave.enclave import Enclave
from offchain.enclave.service.journal import SignatureJournal
from offchain.protocol.encoding import from_json
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


def lines(path: Path) -> list[Signed]:
    return [from_json(Signed, line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "journal"


def append(path: Path, *signed: Signed) -> None:
    """Append what is signed, as one boot."""
    with closing(SignatureJournal(path)) as journal:
        for each in signed:
            journal.append(each)


def test_append__after_a_line_cut_anywhere__is_whole(path, signed):
    append(path, signed[0])
    one = path.read_bytes()
    append(path, signed[1])
    both = path.read_bytes()
    assert lines(path) == signed
    line = range(len(one), len(both))
    for cut in {*line[::100], line[-1], *(at for at in line if both[at - 1] == ord("}"))}:
        path.write_bytes(both[:cut])
        append(path, signed[1])
        assert path.read_bytes() == both


def test_append__signature_for_another_platform__has_its_line_already(path, signed):
    cosignature = signed[0].cosignature
    named = [replace(cosignature, platform=word(name)) for name in ("platform", "other", "third")]
    append(path, *(replace(signed[0], cosignature=each) for each in named))
    assert lines(path) == signed[:1]


# ── One writer ──


def test_open__journal_of_another_process__is_refused_and_names_it(path, signed):
    append(path, signed[0])
    code = (
        "import sys; from pathlib import Path;"
        "from offchain.enclave.service.journal import SignatureJournal;"
        "journal = SignatureJournal(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline()
        held = f"is the journal of process {holder.pid}, expected one of its own"
        with pytest.raises(ValueError, match=held):
            SignatureJournal(path)
        holder.kill()
    append(path, signed[1])
    assert lines(path) == signed


def test_append__disk_that_is_full__names_the_file_and_goes_on_later(path, signed):
    """A limit on the size of files stands for the disk: a part of the line is written."""
    append(path, signed[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(SignatureJournal(path)) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        try:
            for _ in range(2):
                with pytest.raises(OSError, match="File too large") as full:
                    journal.append(signed[1])
                assert full.value.filename == str(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.append(signed[1])
    assert lines(path)[0] == signed[0]
    assert lines(path)[-1] == signed[1]
    append(path, signed[0])


def test_append__another_file_in_its_place__is_refused(path, signed):
    with closing(SignatureJournal(path)) as journal:
        path.rename(path.with_name("moved"))
        path.write_bytes(b"")
        with pytest.raises(ValueError, match="is another file than at the start"):
            journal.append(signed[0])


def test_append__long_journal__reads_its_end_alone(path, signed, monkeypatch):
    append(path, signed[0])
    path.write_bytes(path.read_bytes() * 1_000)
    with closing(SignatureJournal(path)) as journal:
        read = []
        real = journal._file.read
        file = type("Counting", (), {"__getattr__": lambda _, name: getattr(journal_file, name)})()
        journal_file = journal._file
        file.read = lambda size: read.append(size) or real(size)
        monkeypatch.setattr(journal, "_file", file)
        journal.append(signed[1])
        assert sum(read) <= 2**16


# ── What is no journal ──

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


def test_open__journal_with_a_line_of_something_else__is_refused(path, signed):
    append(path, signed[0])
    with path.open("ab") as file:
        file.write(b"a letter\n")
    with pytest.raises(ValueError, match="is no journal of signatures, line 2"):
        SignatureJournal(path)


@pytest.mark.parametrize("length", [0, 1, len(START)])
def test_open__line_that_a_crash_cut_short__is_a_journal(path, signed, length):
    path.write_bytes(START[:length])
    with closing(SignatureJournal(path)) as journal:
        assert path.read_bytes() == START[:length]
        journal.append(signed[0])
    assert lines(path) == signed[:1]


def test_append__file_replaced_meanwhile__is_refused_and_unchanged(path, signed):
    with closing(SignatureJournal(path)) as journal:
        path.write_bytes(b"a letter")
        with pytest.raises(ValueError, match="is no journal of signatures"):
            journal.append(signed[0])
    assert path.read_bytes() == b"a letter"


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


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_append__no_file_any_more__is_refused(path, signed, kind):
    with closing(SignatureJournal(path)) as journal:
        path.unlink()
        {"pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/null")}[kind]()
        with pytest.raises(ValueError, match="is another file than at the start"):
            journal.append(signed[0])
