"""Retrieval of submissions: artifacts and keyrings, fetched and checked against their digests.

A developer's URI names a folder: the artifact lies under the hex digits of its sha256, the keyring
under those of its keccak256. The provider's URI names one with the encrypted test set, likewise.
Mirrors have the same layout and are tried first.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from typing import IO, TypeVar

from offchain.protocol.artifacts import TAG_BYTES
from offchain.protocol.envelopes import ENVELOPE_BYTES
from offchain.protocol.errors import StorageError
from offchain.protocol.manifest import Manifest
from offchain.protocol.transcript import Reveal, Transcript
from offchain.storage.store import KECCAK256, SHA256, Hashing, RetryPolicy, Store
from offchain.storage.untrusted import public_store

_KEYRING_BYTES = 16 * ENVELOPE_BYTES

T = TypeVar("T")


@dataclass(frozen=True)
class SubmissionSources:
    """The stores to fetch submissions from, and the store that keeps them.

    Args:
        keep: this host's own store.
        mirrors: other stores, tried before the developer's own URI.
        patience: timeouts and retries for the URI of a developer or provider.
        local: allow URIs that point into this machine; for development only.
        threads: number of submissions that are fetched at a time.
    """

    keep: Store
    mirrors: tuple[Store, ...] = ()
    patience: RetryPolicy = field(default_factory=RetryPolicy)
    local: bool = False
    threads: int = 8

    def at(self, uri: str) -> list[Store]:
        """Return the stores to try for what a stranger's URI names; that of the URI is the last.

        A URI that is not public is not followed: its store answers every question with the reason.
        """
        stores = [self.keep, *self.mirrors]
        if self.local:
            return [*stores, Store(uri, self.patience)]
        try:
            return [*stores, public_store(uri, self.patience)]
        except ValueError as refusal:
            return [*stores, _RefusedStore(uri, refused=str(refusal))]


@dataclass(frozen=True)
class _RefusedStore(Store):
    """A store that is never asked, because its URI is not followed; ``refused`` says why."""

    refused: str = ""

    def fetch(self, digest: bytes, limit: int, sink: IO[bytes]) -> int:
        raise StorageError(self.url, f"0x{digest.hex()}", self.refused)

    def fetch_bytes(self, digest: bytes, limit: int, hashing: Hashing = SHA256) -> bytes:
        raise StorageError(self.url, f"{hashing.name} 0x{digest.hex()}", self.refused)


def fetch_keyring(reveal: Reveal, sources: SubmissionSources) -> bytes:
    """Return a submission's keyring.

    Raises:
        StorageError: no source has it; the error is that of the last source.
    """
    digest = reveal.keyring_digest
    return _first_success(
        sources.at(reveal.uri), lambda store: store.fetch_bytes(digest, _KEYRING_BYTES, KECCAK256)
    )


def keep_artifact(digest: bytes, limit: int, stores: Sequence[Store], keep: Store) -> None:
    """Copy an artifact of at most ``limit`` bytes into ``keep``, in bounded memory.

    Raises:
        StorageError: no source has it; the error is that of the last source.
    """

    def copy_from(store: Store) -> None:
        with tempfile.TemporaryFile() as file:
            store.fetch(digest, limit, file)
            if store is not keep:
                file.seek(0)
                keep.put(file)

    _first_success(stores, copy_from)


def fetch_submissions(
    transcript: Transcript, indices: Collection[int], manifest: Manifest, sources: SubmissionSources
) -> Iterator[tuple[int, bytes | StorageError]]:
    """Fetch submissions; yield each one's keyring, or the error when a part of it is missing.

    Several are fetched at a time, in bounded memory, and come in the order of ``indices``. A
    caller that stops early does not wait for stalled servers, because the threads are daemons.

    Args:
        transcript: of the task.
        indices: of the submissions.
        manifest: of the task.
        sources: stores to try.
    """
    limit = manifest.limits.model_bytes + TAG_BYTES

    def fetch(index: int) -> tuple[int, bytes | StorageError]:
        reveal = transcript.by_index[index]
        places, digest = sources.at(reveal.uri), reveal.submission.artifact_digest
        try:
            keep_artifact(digest, limit, places, sources.keep)
            return index, fetch_keyring(reveal, sources)
        except StorageError as error:
            return index, error

    with ThreadPool(sources.threads) as pool:
        yield from pool.imap(fetch, indices)


def _first_success(stores: Sequence[Store], ask: Callable[[Store], T]) -> T:
    *others, last = stores
    for store in others:
        try:
            return ask(store)
        except StorageError:
            continue
    return ask(last)
