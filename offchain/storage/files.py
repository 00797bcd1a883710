"""Atomic writes of local files."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Let an error of the system that names no file, such as that of a full disk, name this one."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_atomically(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Let ``write`` fill a temporary file beside ``target``, sync it and rename it to ``target``.

    Only the owner may read the file. When ``write`` raises, the temporary file is removed and
    ``target`` is left as it was; an error of the disk names ``target``.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with naming(target), os.fdopen(handle, "wb") as sink:
            write(sink)
            sink.flush()
            os.fsync(sink.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def write_bytes(target: Path, content: bytes) -> None:
    """Write ``content`` to ``target`` with `write_atomically`."""

    def write(sink: IO[bytes]) -> None:
        sink.write(content)

    write_atomically(target, write)
