"""A private folder on this machine for what a party must not lose: keys, salts and secrets.

Everything else is on the chain. A file is written and synced before the transaction that needs it,
so that no kill in between loses money: the same command reads it and goes on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from offchain.protocol.encoding import from_json, to_json
from offchain.storage.files import naming, write_bytes
from offchain.storage.locks import locked

T = TypeVar("T")


@dataclass(frozen=True)
class PrivateFolder:
    """A folder that only its owner may enter, with files that only its owner may read.

    Args:
        path: of the folder, which `write` makes.
    """

    path: Path

    def write(self, name: str, content: bytes) -> Path:
        """Write a file that is not there yet, whole or not at all, and sync file and folder.

        A file with the same content is left as it is.

        Raises:
            FileExistsError: the file is there with other content; it may hold the only key.
            OSError: the disk is full, or the folder cannot be written; the error names the file.
        """
        target = self.path / name
        if target.exists():
            if target.read_bytes() != content:
                raise FileExistsError(f"{target} holds something else, which is kept")
            return target
        self._make()
        write_bytes(target, content)
        with naming(target):
            _sync(self.path)
        return target

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None when it does not exist.

        Raises:
            OSError: the file cannot be read.
        """
        with suppress(FileNotFoundError):
            return (self.path / name).read_bytes()
        return None

    def write_value(self, name: str, value: object) -> Path:
        """Write a value of one of this project's types as JSON with `write`."""
        return self.write(name, to_json(value))

    def read_value(self, kind: type[T], name: str) -> T | None:
        """Return the value of a file that `write_value` wrote, or None when it does not exist.

        Raises:
            ValueError: the file is malformed; the message names it.
            OSError: the file cannot be read.
        """
        content = self.read(name)
        if content is None:
            return None
        try:
            return from_json(kind, content)
        except ValueError as error:
            raise ValueError(f"{self.path / name} is not a {kind.__name__}: {error}") from error

    def remember(self, name: str, fresh: bytes) -> bytes:
        """Return the content of a file; write ``fresh`` into it first when it does not exist.

        With random bytes as ``fresh`` this is a secret that stays the same in every later run.
        """
        known = self.read(name)
        if known is not None:
            return known
        self.write(name, fresh)
        return fresh

    @contextmanager
    def lock(self, what: str, name: str = "") -> Iterator[None]:
        """Keep every other process out of the same work, until the end of the context.

        Args:
            what: the process does, for the message to another one.
            name: of the work; all of the folder's when empty.

        Raises:
            BlockingIOError: another process is at it; the message has its number.
        """
        self._make()
        with locked(self.path / f"{name}.lock", what):
            yield

    def _make(self) -> None:
        missing = [each for each in (self.path, *self.path.parents) if not each.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            with naming(folder):
                _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
