"""An operator's key, its keystore and password, and what its transactions offer to pay."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_account import Account
from hexbytes import HexBytes
from web3.exceptions import TimeExhausted

from offchain.__main__ import main
from offchain.chain.accounts import is_private, read_password, unlock
from offchain.chain.transactions import FeePolicy, NodeSender

KEY = bytes(31) + b"\1"
KEYSTORE = Account.encrypt(KEY, "a word", kdf="pbkdf2", iterations=2)


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    file = tmp_path / "operator.json"
    file.write_text(json.dumps(KEYSTORE))
    return file


def password_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    file = folder / "password"
    file.write_text(content)
    file.chmod(mode)
    return file


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
    with pytest.raises(ValueError, match=r"operator.json is no keystore: "):
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
        (0o440, 0, True),  # what systemd hands over
        (0o440, 1000, False),
        (0o620, 1000, False),
        (0o444, 0, False),
    ],
)
def test_is_private__mode_and_group__decide(mode: int, group: int, private: bool) -> None:
    status = os.stat_result((0o100000 | mode, 0, 0, 1, 1000, group, 6, 0, 0, 0))
    assert is_private(status) == private


# ── Fees ──

GWEI = 10**9


class Chain:
    """A node that takes every transaction, and mines none of its own accord."""

    def __init__(self, base_fee: int, max_priority_fee: int) -> None:
        self.base_fee, self.max_priority_fee = base_fee, max_priority_fee
        self.mined, self.sent = 0, []

    def get_transaction_count(self, address: str, block: str) -> int:
        assert block == "latest"
        return self.mined

    def get_block(self, block: str) -> dict[str, int]:
        return {"baseFeePerGas": self.base_fee}

    def send_transaction(self, made: dict[str, int]) -> HexBytes:
        self.sent.append((made["nonce"], made["maxFeePerGas"], made["maxPriorityFeePerGas"]))
        return HexBytes(b"")

    def wait_for_transaction_receipt(self, *_: object) -> None:
        raise TimeExhausted


def offered(most: int, chain: Chain, tries: int) -> list[tuple[int, int, int]]:
    """Nonce, fee and tip of the same call, tried again and again."""
    web3 = SimpleNamespace(eth=chain, to_checksum_address=str)
    sender = NodeSender(web3, "0x", FeePolicy(most=most))  # type: ignore[arg-type]
    call = SimpleNamespace(build_transaction=dict)
    for _ in range(tries):
        with pytest.raises(TimeExhausted):
            sender.send(call)  # type: ignore[arg-type]
    return chain.sent


def test_send__first_try__offers_twice_the_base_fee_and_the_tip() -> None:
    assert offered(100 * GWEI, Chain(7 * GWEI, 2 * GWEI), 1) == [(0, 16 * GWEI, 2 * GWEI)]


def test_send__again_and_again__offers_a_quarter_more_up_to_the_limit() -> None:
    assert offered(100, Chain(36, 8), 3) == [(0, 80, 8), (0, 100, 11), (0, 100, 14)]
    assert offered(4, Chain(3, 8), 1) == [(0, 4, 4)]


def test_send__base_fee_that_rises__is_followed() -> None:
    chain = Chain(10, 4)
    offered(1000, chain, 1)
    chain.base_fee = 100
    assert offered(1000, chain, 1)[1] == (0, 204, 4)


# ── The command, before anything starts: nobody listens at its urls ──


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
    assert said.err.startswith(f"ValueError: {keystore} does not open: ")
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
    assert capsys.readouterr().err.startswith("FileNotFoundError: ")
