"""Journal of signatures: each is synced to disk before it is sent, as one line of JSON.

The operator's stake is liable for them. A line is a `Signed`, which contains no secret.
"""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Signed

_START = b'{"cosignature":{"platform":"0x'
_PIECE = 2**16
_LONGEST = 2**26


class SignatureJournal:
    """An append-only file, locked until it is closed or the process ends.

    Only an incomplete last line is removed: a crash cut it short, and it was never sent.
    """

    def __init__(self, path: Path) -> None:
        """Open and lock a file, made if it does not exist; change nothing in it.

        Raises:
            ValueError: the file is no journal, or another process holds it.
        """
        if os.path.lexists(path) and not path.is_file():  # it may be a device, or a link to nothing
            raise ValueError(f"{path} is no file, expected a journal of signatures")
        self._path, self._file = path, path.open("a+b")
        self._written: set[tuple[bytes, bytes]] = set()
        try:
            _lock(path, self._file)
            self._file.seek(0)
            _check(path, self._file)
        except (OSError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def append(self, signed: Signed) -> None:
        """Write a line and wait until it is on disk, unless this signature has its line.

        The platform is no part of a signature: a request can name any.

        Raises:
            OSError: the file, which it names, is full; the signature must not be sent.
            ValueError: the file is no journal any more, or another file has its name.
        """
        signature = signed.cosignature.r, signed.cosignature.vs
        if signature in self._written:
            return
        file = self._file
        if not os.path.samestat(self._path.stat(), os.fstat(file.fileno())):
            raise ValueError(f"{self._path} is another file than at the start")
        try:
            file.truncate(_end(self._path, file))
            file.write(to_json(signed) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        self._written.add(signature)


def _lock(path: Path, file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held = f"{path} is the journal of {_holder(file)}"
        raise ValueError(f"{held}, expected one of its own for each enclave") from error
    except OSError as error:
        if error.errno != errno.ENOSYS:  # Gramine has no locks that reach beyond its enclave
            raise


def _holder(file: IO[bytes]) -> str:
    """Return the name of the process that holds a file's lock, as far as the kernel says it."""
    inode = f":{os.fstat(file.fileno()).st_ino}"
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, _, _, pid, place, *_ = line.split()
            if kind == "FLOCK" and place.endswith(inode):
                return f"process {pid}"
    return "another process"


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
