"""Every signature, on disk before it is sent: one line of JSON each, synced.

For the operator, whose stake answers for what its enclave signs. Lines are `Signed`, which hold
nothing secret.
"""

import os
from pathlib import Path

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Signed


class SignatureJournal:
    """A file that only grows, but for a line that a crash cut short: it was never sent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, signed: Signed) -> None:
        """Writes a line and waits until it is on disk.

        Raises:
            OSError: it could not be written, so it must not be sent.
        """
        with self._path.open("a+b") as file:
            file.truncate(len(self._whole()))
            file.write(to_json(signed) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Signed]:
        """All signatures, oldest first.

        Raises:
            pydantic.ValidationError: a line that is not one that was appended.
        """
        return [from_json(Signed, line) for line in self._whole().splitlines()]

    def _whole(self) -> bytes:
        """All whole lines."""
        written = self._path.read_bytes() if self._path.exists() else b""
        return written[: written.rfind(b"\n") + 1]
