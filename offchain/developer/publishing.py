"""Publishing of a revealed submission: written to the developer's own store, read as a stranger."""

from dataclasses import dataclass, field
from io import BytesIO

from eth_utils.crypto import keccak

from offchain.developer.preparation import Entry
from offchain.protocol.errors import StorageError
from offchain.storage.store import KECCAK256, RetryPolicy, Store, fetch, write
from offchain.storage.untrusted import public_store

MAX_URI_BYTES = 256
"""Longest URI that the market takes."""


@dataclass(frozen=True)
class Uploads:
    """The store of a developer, and its address for everybody else.

    Args:
        place: local folder or bucket (fsspec URL) that is written to.
        uri: public address of the same folder, which the reveal names.
        local: allow a folder or an address of this machine; for local chains only.
        patience: for reading back.
    """

    place: str
    uri: str
    local: bool = False
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=20, attempts=2))

    def check(self) -> None:
        """Refuse an address that nobody else would read.

        Raises:
            ValueError: the URI is too long, or its scheme is not allowed.
        """
        size = len(self.uri.encode())
        if size > MAX_URI_BYTES:
            raise ValueError(f"URI of {size} bytes, expected at most {MAX_URI_BYTES}")
        scheme, separator, _ = self.uri.partition("://")
        if not self.local or (separator and scheme != "file"):
            public_store(self.uri, self.patience)

    def probe(self) -> None:
        """Write a small file and read it back as a stranger would.

        Raises:
            StorageError: it cannot be read back.
            OSError: it cannot be written.
        """
        content = b"Golden Grain: can this be read by everybody?\n"
        digest = self._store().put_bytes(content)
        self._outside().fetch(digest, len(content), BytesIO())

    def put(self, entry: Entry, artifact: bytes) -> None:
        """Write artifact and keyring under the hex digits of their digests.

        Raises:
            OSError: the store refuses the write.
        """
        self._store().put_bytes(artifact)
        write(f"{self.place.rstrip('/')}/{entry.keyring_digest.hex()}", entry.keyring)

    def read_back(self, entry: Entry, size: int) -> None:
        """Fetch artifact and keyring as a stranger would.

        Args:
            entry: of the submission.
            size: of the artifact, in bytes.

        Raises:
            StorageError: one of them is not there, or other bytes are.
        """
        outside = self._outside()
        outside.fetch(entry.submission.artifact_digest, size, BytesIO())
        address = outside.address(entry.keyring_digest)
        options = dict(outside.options)
        limit = len(entry.keyring)
        fetch(address, keccak(entry.keyring), limit, BytesIO(), self.patience, KECCAK256, **options)

    def is_published(self, entry: Entry, size: int) -> bool:
        """Return True if a stranger can read artifact and keyring. Arguments as `read_back`."""
        try:
            self.read_back(entry, size)
        except StorageError:
            return False
        return True

    def _store(self) -> Store:
        return Store(self.place, self.patience)

    def _outside(self) -> Store:
        if self.local:
            return Store(self.uri, self.patience)
        return public_store(self.uri, self.patience)
