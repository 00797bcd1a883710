"""The journal of signatures: complete lines remain, at whatever byte a crash cuts the last one."""

import pytest
from pydantic import ValidationError

from offchain.enclave.service.journal import SignatureJournal
from offchain.protocol.messages import Signed
from tests.offchain.honest import BUNDLE, TASK_ID, fresh
from tests.offchain.market import TOOLS
from tests.vectors.generate import word


@pytest.fixture(scope="module")
def signed() -> list[Signed]:
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    proposal = enclave.propose(TASK_ID, 0)
    return [enclave.cosign(TASK_ID, 0, proposal, word(f"platform {i}")) for i in range(2)]


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
        journal.append(signed[1])
        assert (tmp_path / "journal").read_bytes() == both


def test_read__line_that_was_not_appended__is_an_error(tmp_path, signed):
    journal = SignatureJournal(tmp_path / "journal")
    journal.append(signed[0])
    (tmp_path / "journal").write_bytes(b"{}\n" + (tmp_path / "journal").read_bytes())
    with pytest.raises(ValidationError, match="Field required"):
        journal.read()
