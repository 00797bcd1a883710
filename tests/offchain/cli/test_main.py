"""The last line of a command that fails."""

import pytest

from offchain.cli import main as command


def test_main__error_with_a_strangers_words__cannot_command_the_terminal(monkeypatch, capsys):
    def run(*_):
        raise OSError(
            "no results at http://a/\x1b[2J\x1b]0;x\x07\r\u2028\x85: not found\nthe remedy"
        )
        yield

    monkeypatch.setattr("offchain.cli.status.run", run)
    assert command.main(["status", "11" * 32]) == 1
    first, second = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert first.isprintable()
    assert first.startswith("no results at http://a/ [2J ]0;x")
    assert second == "the remedy"


def test_main__fault_of_the_program__is_raised(monkeypatch):
    def run(*_):
        raise KeyError("a bug")
        yield

    monkeypatch.setattr("offchain.cli.status.run", run)
    with pytest.raises(KeyError, match="a bug"):
        command.main(["status", "11" * 32])
