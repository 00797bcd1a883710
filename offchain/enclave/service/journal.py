"""Journal of signatures: each is synced to disk before it is sent, as one line of JSON.

It is for the operator, whose stake is liable for the signatures of its enclave. A line is a
`Signed`, which contains no secret.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Signed

_START = b'{"cosignature":{"platform":"0x'
_PIECE = 2**16
_LONGEST = 2**26


class SignatureJournal:
    """An append-only file. Only an incomplete last line is removed: a crash cut it short, so that
    its signature was never sent."""

    def __init__(self, path: Path) -> None:
        """Check a file and do not change it; a new one is made for the first signature.

        Raises:
            OSError: the file cannot be read and written.
            ValueError: it exists and is no journal, or there is no folder to make it in.
        """
        self._path = path
        self._written: set[tuple[bytes, bytes]] = set()
        if os.path.lexists(path):
            if not path.is_file():  # it may be a device, or a link to nothing
                raise ValueError(f"{path} is no file, expected a journal of signatures")
            with path.open("r+b") as file:
                _check(path, file)
        elif not os.access(path.parent, os.W_OK):
            raise ValueError(f"--journal {path}, expected an existing folder that can be written")

    def append(self, signed: Signed) -> None:
        """Write a line and wait until it is on disk, unless this signature has its line.

        The platform is no part of a signature: a request can name any.

        Raises:
            OSError: the line could not be written, or another process writes one; the signature
                must not be sent.
            ValueError: the file is no journal any more.
        """
        signature = signed.cosignature.r, signed.cosignature.vs
        if signature in self._written:
            return
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # or its line could be cut off
            file.truncate(_end(self._path, file))
            file.write(to_json(signed) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._written.add(signature)

    def read(self) -> list[Signed]:
        """Return all signatures, oldest first.

        Raises:
            pydantic.ValidationError: a line is not a `Signed`.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            end = _end(self._path, file)
            file.seek(0)
            content = file.read(end)
        return [from_json(Signed, line) for line in content.splitlines()]


def _check(path: Path, file: IO[bytes]) -> None:
    """Refuse a file that has another line than signatures."""
    number = 0
    while (line := file.readline(_LONGEST)).endswith(b"\n"):
        number += 1
        try:
            if number == 1:
                from_json(Signed, line)
            if not line.startswith(_START):
                raise ValueError(f"expected it to start with {_START.decode()}")
        except ValueError as error:
            raise ValueError(
                f"{path} is no journal of signatures, line {number}: {error}"
            ) from error
    _end(path, file)


def _end(path: Path, file: IO[bytes]) -> int:
    """Return the end of the last complete line.

    Raises:
        ValueError: the bytes after it are not the beginning of a signature.
    """
    at, tail, cut = file.seek(0, os.SEEK_END), b"", -1
    while at and cut < 0:
        start = file.seek(max(0, at - _PIECE))
        piece = file.read(at - start)
        cut = piece.rfind(b"\n")
        tail = (piece[cut + 1 :] + tail)[: len(_START)]
        at = start + cut + 1
    if not _START.startswith(tail):
        raise ValueError(f"{path} is no journal of signatures: it ends with {tail!r}")
    return at
