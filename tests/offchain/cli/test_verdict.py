"""``golden-grain verdict`` without files, its market played by a stub."""

from types import SimpleNamespace

import pytest

from offchain.chain.history import DISPUTED, REPORTED
from offchain.cli import verdict
from offchain.cli.main import main

LINE = ["verdict", "0x" + 64 * "1", "--network", "any"]


@pytest.fixture
def here(monkeypatch):
    """A session that notes what it asks and sends."""
    made = SimpleNamespace(done=[], history=SimpleNamespace(stage=DISPUTED))
    made.confirm = lambda lines: made.done.append(("asked", *lines))
    made.sender = SimpleNamespace(address="0xabc", send=lambda call: made.done.append(call))
    made.market = SimpleNamespace(expire_dispute=lambda history: ("expire_dispute", history))
    made.result = str
    monkeypatch.setattr(verdict.session.Session, "of", lambda _: made)
    monkeypatch.setattr(verdict, "history_of", lambda *_: made.history)
    return made


def test_verdict__without_files__asks_and_ends_the_dispute(here):
    assert main(LINE) == 0
    assert here.done == [
        ("asked", "end the dispute without a verdict, as 0xabc"),
        ("expire_dispute", here.history),
    ]


def test_verdict__task_that_is_not_in_dispute__sends_nothing(here, capsys):
    here.history.stage = REPORTED
    assert main(LINE) == 1
    assert "the task is not in dispute" in capsys.readouterr().err
    assert here.done == []
