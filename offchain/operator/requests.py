"""HTTP requests with a limit of bytes and a deadline for the whole answer; work in the background.

The deadline covers name, connection, request and answer, so that a server which sends a byte a
second stops nobody. Answers are asked for as they are, and refused if they are compressed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from threading import Thread
from typing import IO, TypeVar

import aiohttp

from offchain.protocol.messages import ServiceError

T = TypeVar("T")

_PIECE = 2**20
_SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    content: bytes

    @property
    def is_success(self) -> bool:
        """True for a status of 200 to 299."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Upload:
    """A body of ``size`` bytes, read in bounded memory."""

    source: IO[bytes]
    size: int


def request(
    method: str, url: str, limit: int, seconds: float, body: bytes | Upload | None = None
) -> Answer:
    """Send a request and return its answer of at most ``limit`` bytes within ``seconds``.

    Raises:
        ServiceError: no answer in time, or one that is too large, compressed or no HTTP.
    """
    work = _request(method, url, limit, seconds, body)
    try:
        return asyncio.run_coroutine_threadsafe(work, _loop()).result()
    except TimeoutError as error:
        raise ServiceError(f"{method} {url}: no answer within {seconds:g} s") from error
    except aiohttp.ClientConnectionError as error:
        remedy = "is the enclave's service running, and is its address right?"
        raise ServiceError(f"{method} {url}: no connection ({error}): {remedy}"[:_SHOWN]) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ServiceError(f"{method} {url}: {error!r}"[:_SHOWN]) from error


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="requests", daemon=True).start()
    return loop


async def _request(
    method: str, url: str, limit: int, seconds: float, body: bytes | Upload | None
) -> Answer:
    headers = {"Accept-Encoding": "identity"}
    if isinstance(body, Upload):
        headers["Content-Length"] = str(body.size)
    content = _pieces(body.source) if isinstance(body, Upload) else body
    found = bytearray()
    async with (
        asyncio.timeout(seconds),
        aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout()) as session,
        session.request(
            method, url, data=content, headers=headers, allow_redirects=False
        ) as answer,
    ):
        encoding = answer.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise ValueError(f"Content-Encoding {encoding[:_SHOWN]!r}, expected none")
        async for piece in answer.content.iter_any():
            found += piece
            if len(found) > limit:
                raise ValueError(f"answer of more than {limit} bytes, expected at most that many")
    return Answer(answer.status, bytes(found))


async def _pieces(source: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(source.read, _PIECE):
        yield piece


def in_background(work: Callable[[], T], future: Future[T]) -> None:
    """Run ``work`` in a daemon thread, so that a stalled server does not delay a shutdown.

    Without room for a thread, the error is the future's: a later step can ask again.
    """

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    try:
        Thread(target=run, name="request", daemon=True).start()
    except RuntimeError as error:
        future.set_exception(error)
