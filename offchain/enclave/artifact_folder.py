"""Local folder of artifacts, filled by the host; each file is named by its sha256 in hex.

The folder is on the host's disk and is untrusted: bytes are accepted only if they hash to their
digest when they are read. A trust domain shares no folder with its host, so hosts upload artifacts
through the service. Workers on other machines need a shared mount of the folder.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import IO, Protocol

from offchain.protocol.errors import InvalidRequest, RequestFault, StorageError

_PART = ".upload-"


def _open_own(path: str, flags: int) -> int:
    """Open a file of the folder: no link to another, and no pipe that waits for a writer."""
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("no file, expected one with the artifact's bytes")
    return handle


class Artifacts(Protocol):
    """A source of artifacts by digest."""

    def fetch_bytes(self, digest: bytes, limit: int) -> bytes:
        """Return the bytes of a sha256 digest, at most ``limit`` of them.

        Raises:
            StorageError: they are not available.
        """


class Upload:
    """An upload of an artifact into the folder, in pieces."""

    def __init__(self, digest: bytes, limit: int, sink: IO[bytes]) -> None:
        self._digest, self._limit, self._sink = digest, limit, sink
        self._found, self._size = sha256(), 0

    def write(self, piece: bytes) -> None:
        """Append a piece.

        Raises:
            InvalidRequest: `ARTIFACT`: more bytes than allowed.
            OSError: the disk failed.
        """
        self._size += len(piece)
        if self._size > self._limit:
            raise InvalidRequest(
                RequestFault.ARTIFACT, f"more than {self._limit} bytes, expected at most that many"
            )
        self._found.update(piece)
        self._sink.write(piece)

    def check(self) -> None:
        """Refuse bytes that do not hash to the digest of the upload.

        Raises:
            InvalidRequest: `ARTIFACT`.
        """
        if self._found.digest() != self._digest:
            raise InvalidRequest(
                RequestFault.ARTIFACT,
                f"{self._size} bytes of sha256 0x{self._found.hexdigest()}, "
                f"expected 0x{self._digest.hex()}",
            )


@dataclass(frozen=True)
class ArtifactFolder:
    """Artifacts in a folder; safe for concurrent uploads, also of the same artifact."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "ArtifactFolder":
        """Create the folder if it is missing, and remove uploads that a crash interrupted."""
        path.mkdir(parents=True, exist_ok=True)
        for part in path.glob(f"{_PART}*"):
            part.unlink(missing_ok=True)
        return cls(path)

    def has(self, digest: bytes) -> bool:
        """Return True if there is a file for a digest; its bytes are checked when it is read."""
        return (self.path / digest.hex()).is_file()

    def fetch_bytes(self, digest: bytes, limit: int) -> bytes:
        """Return an artifact, in memory.

        Raises:
            StorageError: no such file, more than ``limit`` bytes, or bytes of another digest.
        """
        file, wanted = self.path / digest.hex(), f"sha256 0x{digest.hex()}"
        try:
            with open(file, "rb", opener=_open_own) as source:
                content = source.read(limit + 1)
        except OSError as error:
            cause = "not found" if isinstance(error, FileNotFoundError) else str(error)
            raise StorageError(str(file), wanted, cause) from error
        if len(content) > limit:
            cause = f"more than {limit} bytes, expected at most that many"
            raise StorageError(str(file), wanted, cause)
        found = sha256(content)
        if found.digest() != digest:
            cause = f"{len(content)} bytes of sha256 0x{found.hexdigest()}"
            raise StorageError(str(file), wanted, cause)
        return content

    @contextmanager
    def upload(self, digest: bytes, limit: int) -> Iterator[Upload]:
        """Accept an artifact of at most ``limit`` bytes, atomically.

        The file appears in the folder only once it is complete and its digest is checked.

        Raises:
            InvalidRequest: `ARTIFACT`, when the context ends, for bytes of another digest.
        """
        handle, name = tempfile.mkstemp(prefix=_PART, dir=self.path)
        try:
            with os.fdopen(handle, "wb") as sink:
                upload = Upload(digest, limit, sink)
                yield upload
            upload.check()
            Path(name).replace(self.path / digest.hex())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
