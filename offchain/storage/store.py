"""Content-addressed stores over fsspec: folder, ``memory``, ``s3``, ``http``, ``https``, ``ipfs``.

Stores are untrusted: bytes that do not hash to the digest are treated as missing. ``ipfs://``
works where the package ipfsspec is installed. A store over ``http`` or ``ipfs`` is read only.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

import aiohttp
import fsspec
from Crypto.Hash import keccak

from offchain.protocol.errors import StorageError
from offchain.storage.files import naming, write_bytes

_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Hashing:
    """A hash function and its name; ``new`` makes an object with ``update`` and ``digest``."""

    name: str
    new: Callable[[], Any]


SHA256 = Hashing("sha256", sha256)
"""The hash function of artifacts."""
KECCAK256 = Hashing("keccak256", partial(keccak.new, digest_bits=256))
"""The hash function of keyrings."""


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts and retries with exponential backoff for a remote store.

    Args:
        seconds: timeout of a connection and of each read.
        attempts: number of attempts, at least 1.
        pause: seconds before the second attempt; each further pause is twice as long.
        sleep: function that pauses for a number of seconds.
        total: seconds for all attempts together. It stops a denial of service by a server that
            sends one byte at a time, each within ``seconds``.
        clock: function that returns monotonic seconds.
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
    """Copy the bytes at a URL into ``sink``; leave it empty unless they hash to ``digest``.

    Failures of the network are retried. A missing file, a wrong digest or a file above the limit
    is final.

    Args:
        url: any that fsspec supports. For an untrusted one use
            `offchain.storage.untrusted.public_store`.
        digest: 32 bytes.
        limit: most bytes to read.
        sink: a new seekable file.
        hashing: hash function of the digest.
        options: for fsspec, such as an ``endpoint_url``.

    Returns:
        Number of bytes.

    Raises:
        StorageError: there is no such file, it is too large or has another digest, or the store
            did not answer in time.
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
            raise _storage_error(url, digest, hashing, "not found") from error
        except (_FinalError, ValueError, ImportError) as error:
            sink.seek(0)
            sink.truncate()
            raise _storage_error(url, digest, hashing, str(error)) from error
        except Exception as error:  # whatever a stranger's store makes a library raise
            sink.seek(0)
            sink.truncate()
            cause = f"{type(error).__name__} {error} in attempt {attempt + 1}"
    raise _storage_error(url, digest, hashing, cause)


def fetch_bytes(
    url: str,
    digest: bytes,
    limit: int,
    patience: RetryPolicy = RetryPolicy(),
    hashing: Hashing = SHA256,
    **options: Any,
) -> bytes:
    """Return the bytes at a URL. Arguments and errors are those of `fetch`."""
    sink = BytesIO()
    fetch(url, digest, limit, sink, patience, hashing, **options)
    return sink.getvalue()


def read(url: str, limit: int, patience: RetryPolicy = RetryPolicy(), **options: Any) -> bytes:
    """Return the bytes at a URL without a check of their digest, in one attempt.

    Args:
        limit: most bytes to read.
        options: for fsspec.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the file is too large, or the store did not answer in time.
    """
    sink = BytesIO()
    try:
        deadline = patience.clock() + patience.total
        _copy(url, None, limit, sink, patience, deadline, **options)
    except OSError:
        raise
    except Exception as error:  # as above
        raise OSError(f"{url}: {error}") from error
    return sink.getvalue()


@dataclass(frozen=True)
class Store:
    """A content-addressed store of artifacts, each under the hex digits of its digest.

    Args:
        url: of a folder or bucket; a path without a scheme is a local folder.
        patience: timeouts and retries.
        options: for fsspec.
    """

    url: str
    patience: RetryPolicy = RetryPolicy()
    options: tuple[tuple[str, Any], ...] = ()

    def address(self, digest: bytes) -> str:
        """Return the URL of a digest."""
        return f"{self.url.rstrip('/')}/{digest.hex()}"

    def put(self, source: IO[bytes]) -> bytes:
        """Store all of ``source`` atomically: a reader sees all of it or nothing.

        Returns:
            Its sha256, 32 bytes.

        Raises:
            OSError: the store refuses the write; no part of the file remains.
        """
        options = _options(self.url, self.patience.seconds) | dict(self.options)
        with _writing(self.url):
            files, folder = fsspec.url_to_fs(self.url, **options)
            files.makedirs(folder, exist_ok=True)
            part = f"{folder.rstrip('/')}/.{uuid4().hex}.part"
            try:
                with naming(folder), files.open(part, "wb") as sink:
                    digest = _copy_and_hash(source.read, sink.write)
                files.mv(part, f"{folder.rstrip('/')}/{digest.hex()}")
            except BaseException:
                if files.exists(part):
                    files.rm(part)
                raise
        return digest

    def put_bytes(self, content: bytes) -> bytes:
        """Store ``content`` with `put`; return its sha256."""
        return self.put(BytesIO(content))

    def fetch(self, digest: bytes, limit: int, sink: IO[bytes]) -> int:
        """Copy an artifact into ``sink``. See the function `fetch` of this module."""
        address, options = self.address(digest), dict(self.options)
        return fetch(address, digest, limit, sink, self.patience, **options)

    def fetch_bytes(self, digest: bytes, limit: int, hashing: Hashing = SHA256) -> bytes:
        """Return an artifact's bytes. See the function `fetch_bytes` of this module."""
        address, options = self.address(digest), dict(self.options)
        return fetch_bytes(address, digest, limit, self.patience, hashing, **options)


def write(url: str, content: bytes) -> None:
    """Write a public file that appears whole or not at all, to a local folder or a bucket.

    Raises:
        OSError: the place refuses the write.
    """
    with _writing(url):
        files, path = fsspec.url_to_fs(url)
        if "file" in files.protocol:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(Path(path), content)
            Path(path).chmod(0o644)
        else:
            files.pipe_file(path, content)


@contextmanager
def _writing(url: str) -> Iterator[None]:
    """Raise as `OSError` whatever the library of a scheme raises, such as for no credentials."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        cause = str(error) or type(error).__name__
        raise OSError(f"{url} cannot be written: {cause}") from error


def _storage_error(url: str, digest: bytes, hashing: Hashing, cause: str) -> StorageError:
    return StorageError(url, f"{hashing.name} 0x{digest.hex()}", cause)


class _FinalError(Exception):
    """A failure that a retry cannot repair: wrong bytes, too many bytes, or no time left."""


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
            raise _FinalError(f"not whole after {patience.total} s")
        return left

    def write(chunk: bytes) -> None:
        nonlocal size
        check_time()
        size += len(chunk)
        if size > limit:
            raise _FinalError(f"more than {limit} bytes, expected that many at most")
        sink.write(chunk)

    with _open(url, patience.seconds, check_time(), options) as source:
        found = _copy_and_hash(source.read, write, hashing)
    if digest not in (None, found):
        raise _FinalError(f"{size} bytes of {hashing.name} 0x{found.hex()}")
    return size


def _open(
    url: str, seconds: float, left: float, options: dict[str, Any]
) -> AbstractContextManager[IO[bytes]]:
    files, path = fsspec.url_to_fs(url, **_options(url, seconds) | options)
    if url.partition("://")[0] in ("http", "https"):
        # Block size 0 streams the body. A size is given because without one fsspec asks for it
        # first, and takes every failure of that request for an absent file. The total timeout
        # covers the response's headers too, which `write` does not see.
        timeout = aiohttp.ClientTimeout(total=left, sock_read=seconds, sock_connect=seconds)
        return cast(
            AbstractContextManager[IO[bytes]],
            files.open(
                path,
                "rb",
                block_size=0,
                size=1,
                timeout=timeout,
                headers={"Accept-Encoding": "identity"},
                # Only the client of `public_store` checks where it is led.
                allow_redirects="get_client" in options,
            ),
        )
    return cast(AbstractContextManager[IO[bytes]], files.open(path, "rb"))


async def _check_answer(answer: aiohttp.ClientResponse) -> None:
    if 300 <= answer.status < 400:
        raise ValueError(f"status {answer.status}, expected the file and no redirect")
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise ValueError(f"Content-Encoding {encoding[:80]!r}, expected none")


def _copy_and_hash(
    read: Callable[[int], bytes], write: Callable[[bytes], Any], hashing: Hashing = SHA256
) -> bytes:
    found = hashing.new()
    while chunk := read(_CHUNK_BYTES):
        found.update(chunk)
        write(chunk)
    digest: bytes = found.digest()
    return digest


def _options(url: str, seconds: float) -> dict[str, Any]:
    """Return the options that a scheme takes before opening a file.

    Only the retries of `fetch` count, so the client's own are switched off. A compressed answer is
    refused, since a few bytes of it may stand for all of the memory.
    """
    if url.partition("://")[0] in ("http", "https"):
        return {"client_kwargs": {"auto_decompress": False, "raise_for_status": _check_answer}}
    if url.partition("://")[0] == "s3":
        return {
            "config_kwargs": {
                "connect_timeout": seconds,
                "read_timeout": seconds,
                "retries": {"max_attempts": 1},
            }
        }
    return {}
