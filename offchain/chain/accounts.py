"""An account's key from a keystore, unlocked by hand or by a password file."""

import json
import os
from collections.abc import Callable
from getpass import getpass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount


def unlock(keystore: Path, password: Callable[[str], str]) -> LocalAccount:
    """The key of a keystore file (Web3 Secret Storage).

    Args:
        password: is asked for the file's, with a prompt.

    Raises:
        ValueError: not a keystore, or another password.
        OSError: it cannot be read.
    """
    try:
        content = json.loads(keystore.read_text())
    except ValueError as error:
        raise ValueError(f"{keystore} is no keystore: {error}") from error
    word = password(f"Password of {keystore.name}: ")
    try:
        key = Account.decrypt(content, word)
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise ValueError(
            f"{keystore} does not open: {error!r}, expected version 3 and its password"
        ) from error
    account: LocalAccount = Account.from_key(key)
    return account


def ask(prompt: str) -> str:
    """A password from the terminal.

    Raises:
        ValueError: there is none.
    """
    try:
        return getpass(prompt)
    except EOFError as error:
        raise ValueError("no terminal to ask for a password, expected a password file") from error


def read_password(file: Path) -> str:
    """The first line of a file that nobody else may read.

    Raises:
        ValueError: others may read it.
        OSError: it cannot be read.
    """
    with file.open() as source:
        status = os.fstat(source.fileno())
        if not is_private(status):
            raise ValueError(f"{file} with mode {status.st_mode & 0o777:o}, expected 400 or 600")
        return source.readline().rstrip("\r\n")


def is_private(status: os.stat_result) -> bool:
    """Whether only the owner may read or write a file, and root, whose group systemd gives to
    credentials that it hands over."""
    others = 0o007 if status.st_gid == 0 else 0o077
    return not status.st_mode & others
