"""A keystore and its password file."""

import json
from pathlib import Path

from eth_account import Account

KEY = bytes(31) + b"\1"
PASSWORD = "a word"  # noqa: S105 - of a test
KEYSTORE = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)


def keystore_file(folder: Path) -> Path:
    """Write the keystore into a folder; return its path."""
    file = folder / "operator.json"
    file.write_text(json.dumps(KEYSTORE))
    return file


def password_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    """Write a password file with this mode; return its path."""
    file = folder / "password"
    file.write_text(content)
    file.chmod(mode)
    return file
