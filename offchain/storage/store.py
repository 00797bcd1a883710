"""Bytes by their sha256, over fsspec: folder, ``memory://``, ``s3://``, ``http(s)://``, ``ipfs://``.

Whoever holds the bytes is not believed: what does not hash to the digest is missing. ``ipfs://``
works where fsspec knows it (package ipfsspec); a store over ``http`` or ``ipfs`` is read only.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import IO, Any, cast
from uuid import uuid4

import aiohttp
import fsspec
from Crypto.Hash import keccak

from offchain.protocol.errors import StorageError

_PIECE = 2**20


@dataclass(frozen=True)
class Hashing:
    """A hash function by name; ``new`` makes an object with ``update`` and ``digest``."""

    name: str
    new: Callable[[], Any]


SHA256 = Hashing("sha256", sha256)
"""Of artifacts."""
KECCAK256 = Hashing("keccak256", partial(keccak.new, digest_bits=256))
"""Of keyrings."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a remote store.

    Args:
        seconds: for one answer.
        attempts: how often to ask, at least once.
        pause: seconds before the second attempt; each further pause is twice as long.
        sleep: how to pause.
        total: seconds for all of it, against a server that sends byte after byte.
        clock: seconds that never go back.
    """

    seconds: float = 60.0
    attempts: int = 3
    pause: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    total: float = 3600.0
    clock: Callable[[], float] = time.monotonic


def fetch(
    url: str,
    digest: bytes,
    limit: int,
    sink: IO[bytes],
    patience: RetryPolicy = RetryPolicy(),
    hashing: Hashing = SHA256,
    **options: Any,
) -> int:
    """Copies what lies at a url into ``sink``, which is empty again unless it hashes to ``digest``.

    Args:
        url: any that fsspec knows. For a stranger's see `public_store`.
        digest: 32 bytes.
        limit: no more bytes than this are read.
        sink: a new seekable file.
        hashing: of which the digest is.
        options: for fsspec, such as an ``endpoint_url``.

    Returns:
        Number of bytes.

    Raises:
        StorageError: not there, too large, of another digest, or not to be had in time.
    """
    cause = ""
    deadline = patience.clock() + patience.total
    for attempt in range(patience.attempts):
        if attempt:
            patience.sleep(patience.pause * 2 ** (attempt - 1))
        try:
            return _copy(url, digest, limit, sink, patience, deadline, hashing, **options)
        except FileNotFoundError as error:
            sink.seek(0)
            sink.truncate()
            raise _missing(url, digest, hashing, "not found") from error
        except (_Wrong, ValueError, ImportError) as error:
            sink.seek(0)
            sink.truncate()
            raise _missing(url, digest, hashing, str(error)) from error
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            sink.seek(0)
            sink.truncate()
            cause = f"{type(error).__name__} {error} in attempt {attempt + 1}"
    raise _missing(url, digest, hashing, cause)


def fetch_bytes(
    url: str,
    digest: bytes,
    limit: int,
    patience: RetryPolicy = RetryPolicy(),
    hashing: Hashing = SHA256,
    **options: Any,
) -> bytes:
    """What lies at a url, in memory. As `fetch`."""
    sink = BytesIO()
    fetch(url, digest, limit, sink, patience, hashing, **options)
    return sink.getvalue()


def read(url: str, limit: int, patience: RetryPolicy = RetryPolicy()) -> bytes:
    """What lies at a url, whatever it hashes to; asked for once.

    Args:
        limit: no more bytes than this are read.

    Raises:
        FileNotFoundError: there is nothing.
        OSError: too large, or not to be had in time.
    """
    sink = BytesIO()
    try:
        _copy(url, None, limit, sink, patience, patience.clock() + patience.total)
    except (_Wrong, aiohttp.ClientError, ValueError, ImportError) as error:
        raise OSError(f"{url}: {error}") from error
    return sink.getvalue()


@dataclass(frozen=True)
class Store:
    """A place for artifacts, each under the hex digits of its digest.

    Args:
        url: of a folder or bucket; a path without scheme is a local folder.
        options: for fsspec.
    """

    url: str
    patience: RetryPolicy = RetryPolicy()
    options: tuple[tuple[str, Any], ...] = ()

    def address(self, digest: bytes) -> str:
        """The url of a digest."""
        return f"{self.url.rstrip('/')}/{digest.hex()}"

    def put(self, source: IO[bytes]) -> bytes:
        """Stores all of ``source``; a reader sees all of it or nothing.

        Returns:
            Its sha256, 32 bytes.

        Raises:
            OSError: the store does not take it; nothing of it stays.
        """
        options = _options(self.url, self.patience.seconds) | dict(self.options)
        files, folder = fsspec.url_to_fs(self.url, **options)
        files.makedirs(folder, exist_ok=True)
        part = f"{folder.rstrip('/')}/.{uuid4().hex}.part"
        try:
            with files.open(part, "wb") as sink:
                digest = _pump(source.read, sink.write)
            files.mv(part, f"{folder.rstrip('/')}/{digest.hex()}")
        except BaseException:
            if files.exists(part):
                files.rm(part)
            raise
        return digest

    def put_bytes(self, content: bytes) -> bytes:
        """As `put`."""
        return self.put(BytesIO(content))

    def fetch(self, digest: bytes, limit: int, sink: IO[bytes]) -> int:
        """As the function `fetch`."""
        address, options = self.address(digest), dict(self.options)
        return fetch(address, digest, limit, sink, self.patience, **options)

    def fetch_bytes(self, digest: bytes, limit: int, hashing: Hashing = SHA256) -> bytes:
        """As the function `fetch_bytes`."""
        address, options = self.address(digest), dict(self.options)
        return fetch_bytes(address, digest, limit, self.patience, hashing, **options)


def _missing(url: str, digest: bytes, hashing: Hashing, cause: str) -> StorageError:
    return StorageError(url, f"{hashing.name} 0x{digest.hex()}", cause)


class _Wrong(Exception):  # noqa: N818 - says what happened
    """Not the bytes wanted, or not in time: asking again does not help."""


def _copy(
    url: str,
    digest: bytes | None,
    limit: int,
    sink: IO[bytes],
    patience: RetryPolicy,
    deadline: float,
    hashing: Hashing = SHA256,
    **options: Any,
) -> int:
    size = 0

    def check_time() -> float:
        left = deadline - patience.clock()
        if left <= 0:
            raise _Wrong(f"not whole after {patience.total} s")
        return left

    def write(piece: bytes) -> None:
        nonlocal size
        check_time()
        size += len(piece)
        if size > limit:
            raise _Wrong(f"more than {limit} bytes, expected that many at most")
        sink.write(piece)

    with _opened(url, patience.seconds, check_time(), options) as source:
        found = _pump(source.read, write, hashing)
    if digest not in (None, found):
        raise _Wrong(f"{size} bytes of {hashing.name} 0x{found.hex()}")
    return size


def _opened(
    url: str, seconds: float, left: float, options: dict[str, Any]
) -> AbstractContextManager[IO[bytes]]:
    files, path = fsspec.url_to_fs(url, **_options(url, seconds) | options)
    if url.partition("://")[0] in ("http", "https"):
        # Read as it comes. Whatever the size: were it zero, fsspec would ask for it first, and take
        # every failure for an absent file. The end holds for the headers too.
        timeout = aiohttp.ClientTimeout(total=left, sock_read=seconds, sock_connect=seconds)
        return cast(
            AbstractContextManager[IO[bytes]],
            files.open(path, "rb", block_size=0, size=1, timeout=timeout),
        )
    return cast(AbstractContextManager[IO[bytes]], files.open(path, "rb"))


def _pump(
    read: Callable[[int], bytes], write: Callable[[bytes], Any], hashing: Hashing = SHA256
) -> bytes:
    found = hashing.new()
    while piece := read(_PIECE):
        found.update(piece)
        write(piece)
    digest: bytes = found.digest()
    return digest


def _options(url: str, seconds: float) -> dict[str, Any]:
    """How a scheme is told its timeout, where not on opening."""
    if url.partition("://")[0] == "s3":
        return {
            "config_kwargs": {
                "connect_timeout": seconds,
                "read_timeout": seconds,
                "retries": {"max_attempts": 1},
            }
        }
    return {}
