"""A lock that one process of this machine holds, and that ends with it, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offchain.storage.files import naming


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock of a file, which is made if it does not exist.

    Args:
        path: of the file; it keeps the number of the process that holds it.
        what: the process does, for the message to another one.

    Raises:
        BlockingIOError: another process holds it; the message has its number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise BlockingIOError(f"process {holder} {what} already ({path})") from error
        with naming(path):
            file.truncate(0)
            os.write(file.fileno(), f"{os.getpid()}\n".encode())  # no rest of it at the close
        yield
