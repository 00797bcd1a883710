"""The command `watch` refuses a bad password before it connects: nothing listens at its URLs."""

from pathlib import Path

import pytest

from offchain.__main__ import main
from tests.offchain.keystores import keystore_file, password_file


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    return keystore_file(tmp_path)


def watch(keystore: Path, *options: str) -> int:
    nowhere = "http://127.0.0.1:9"
    arguments = ["--market", "0x" + 40 * "1", "--rpc", nowhere, "--enclave", nowhere]
    arguments += ["--folder", str(keystore.parent), "--store", str(keystore.parent / "store")]
    arguments += ["--results", str(keystore.parent / "results"), "--keystore", str(keystore)]
    return main(["watch", *arguments, *options])


def test_watch__another_password__ends_with_the_reason(
    keystore: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = password_file(keystore.parent, "another word")
    assert watch(keystore, "--password-file", str(file)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{keystore} does not open: ")
    assert "another word" not in said.err


def test_watch__no_terminal_and_no_password_file__ends_with_the_reason(
    keystore: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_terminal(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("offchain.chain.accounts.getpass", no_terminal)
    assert watch(keystore) == 1
    assert "no terminal to ask for a password" in capsys.readouterr().err


def test_watch__password_file_that_is_not_there__ends_with_the_reason(
    keystore: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch(keystore, "--password-file", str(keystore.parent / "absent")) == 1
    assert capsys.readouterr().err.startswith("[Errno 2] No such file")
