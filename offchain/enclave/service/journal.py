"""Journal of signatures: each is synced to disk before it is sent, as one line of JSON.

It is for the operator, whose stake is liable for the signatures of its enclave. A line is a
`Signed`, which contains no secret.
"""

import os
from pathlib import Path

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Signed


class SignatureJournal:
    """An append-only file. Only an incomplete last line is removed: a crash cut it short, so that
    its signature was never sent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, signed: Signed) -> None:
        """Write a line and wait until it is on disk.

        Raises:
            OSError: the line could not be written; the signature must not be sent.
        """
        with self._path.open("a+b") as file:
            file.truncate(len(self._complete_lines()))
            file.write(to_json(signed) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Signed]:
        """Return all signatures, oldest first.

        Raises:
            pydantic.ValidationError: a line is not a `Signed`.
        """
        return [from_json(Signed, line) for line in self._complete_lines().splitlines()]

    def _complete_lines(self) -> bytes:
        written = self._path.read_bytes() if self._path.exists() else b""
        return written[: written.rfind(b"\n") + 1]
