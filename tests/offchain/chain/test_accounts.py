"""Accounts from a keystore: right and wrong passwords, malformed files, permissions."""

import json
import os
from pathlib import Path

import pytest

from offchain.chain.accounts import is_private, read_password, unlock
from tests.offchain.keystores import KEY, KEYSTORE, keystore_file, password_file


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    return keystore_file(tmp_path)


def test_unlock__password_on_a_terminal__is_the_key(keystore: Path) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "a word"

    assert unlock(keystore, answer).key == KEY
    assert asked == ["Password of operator.json: "]


@pytest.mark.parametrize("content", ["a word", "a word\n", "a word\r\n", "a word\nand a note\n"])
def test_unlock__password_in_a_file__is_the_key(keystore: Path, content: str) -> None:
    file = password_file(keystore.parent, content)
    assert unlock(keystore, lambda _: read_password(file)).key == KEY


def test_unlock__another_password__is_said_without_it(keystore: Path) -> None:
    with pytest.raises(ValueError, match=r"operator.json does not open: .*MAC mismatch") as error:
        unlock(keystore, lambda _: "another word")
    assert "another word" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "7",
        json.dumps(KEYSTORE | {"version": 1}),
        json.dumps(KEYSTORE | {"crypto": {}}),
        json.dumps(KEYSTORE | {"crypto": KEYSTORE["crypto"] | {"ciphertext": "no hex"}}),
    ],
)
def test_unlock__not_a_keystore__is_said(keystore: Path, content: str) -> None:
    keystore.write_text(content)
    with pytest.raises(ValueError, match=r"operator.json does not open: .*expected version 3"):
        unlock(keystore, lambda _: "a word")


@pytest.mark.parametrize("content", ["", "{", "\xff"])
def test_unlock__not_json__is_said_before_the_password_is_asked_for(
    keystore: Path, content: str
) -> None:
    keystore.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"operator.json is not a keystore: "):
        unlock(keystore, lambda _: pytest.fail("asked"))


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644])
def test_read_password__file_that_others_may_read__is_refused(tmp_path: Path, mode: int) -> None:
    file = password_file(tmp_path, "a word", mode)
    with pytest.raises(ValueError, match=f"password with mode {mode:o}, expected 400 or 600"):
        read_password(file)


@pytest.mark.parametrize(
    ("mode", "group", "private"),
    [
        (0o400, 1000, True),
        (0o600, 1000, True),
        (0o440, 0, True),  # a credential from systemd
        (0o440, 1000, False),
        (0o620, 1000, False),
        (0o444, 0, False),
    ],
)
def test_is_private__mode_and_group__decide(mode: int, group: int, private: bool) -> None:
    status = os.stat_result((0o100000 | mode, 0, 0, 1, 1000, group, 6, 0, 0, 0))
    assert is_private(status) == private
