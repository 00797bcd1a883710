"""Accounts from keystores, unlocked by a typed password or a password file."""

import json
import os
from collections.abc import Callable
from getpass import getpass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount


def unlock(keystore: Path, password: Callable[[str], str]) -> LocalAccount:
    """Decrypt the account of a keystore file (Web3 Secret Storage, version 3).

    Args:
        keystore: the file.
        password: function that takes a prompt and returns the password.

    Raises:
        ValueError: the file is not a keystore, or the password is wrong.
        OSError: the file cannot be read.
    """
    try:
        content = json.loads(keystore.read_text())
    except ValueError as error:
        raise ValueError(f"{keystore} is not a keystore: {error}") from error
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
    """Ask for a password on the terminal.

    Raises:
        ValueError: there is no terminal.
    """
    try:
        return getpass(prompt)
    except EOFError as error:
        raise ValueError("no terminal to ask for a password, expected a password file") from error


def read_password(file: Path) -> str:
    """Return the first line of a file that only its owner may read.

    Raises:
        ValueError: other users may read or write the file.
        OSError: the file cannot be read.
    """
    with file.open() as source:
        status = os.fstat(source.fileno())
        if not is_private(status):
            raise ValueError(f"{file} with mode {status.st_mode & 0o777:o}, expected 400 or 600")
        return source.readline().rstrip("\r\n")


def is_private(status: os.stat_result) -> bool:
    """Return True when only the owner and root have access to a file.

    Permissions of the group are allowed when the group is root's: systemd sets them on the
    credentials that it passes to a service.
    """
    others = 0o007 if status.st_gid == 0 else 0o077
    return not status.st_mode & others
