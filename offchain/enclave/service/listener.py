"""A listener on loopback that bounds what their clients occupy: connections, and time.

A stranger may open connections without a request, send a byte a second, or never read an answer. A
full listener closes its oldest connection, so that a new client is served however many others wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

CONNECTIONS = 16
"""Most connections at a time."""
REQUEST_SECONDS = 150.0
"""Seconds from a request's first byte to its answer's last; and of a connection without one."""
GRACE_SECONDS = 5.0
"""Seconds for open requests to finish once the service is told to stop."""


class Listener:
    """A port on loopback with an application behind it."""

    def __init__(self, app: web.Application) -> None:
        app[LISTENER] = self
        app.middlewares.insert(0, self._start_clock)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=GRACE_SECONDS, auto_decompress=False
        )
        self._deadlines: dict[web.RequestHandler, float] = {}

    async def open(self, port: int) -> str:
        """Listen on a port, 0 for a free one; return the URL."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            self._connect, "127.0.0.1", port, backlog=CONNECTIONS
        )
        self._sweeping = asyncio.create_task(self._sweep())
        host, bound = self._listening.sockets[0].getsockname()[:2]
        return f"http://{host}:{bound}"

    async def close(self) -> None:
        """Stop listening, and wait at most `GRACE_SECONDS` for open requests."""
        self._listening.close()
        self._sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeping
        await self._runner.cleanup()

    @property
    def _server(self) -> web.Server:
        assert self._runner.server is not None  # noqa: S101 - set by `open`
        return self._runner.server

    def _connect(self) -> web.RequestHandler:
        open_now = self._server.connections
        for oldest in open_now[: max(0, len(open_now) - CONNECTIONS + 1)]:
            _abort(oldest)
        return self._server()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            now = asyncio.get_running_loop().time()
            fresh, known = now + REQUEST_SECONDS, self._deadlines
            self._deadlines = {each: known.get(each, fresh) for each in self._server.connections}
            for connection, deadline in self._deadlines.items():
                if deadline < now:
                    _abort(connection)

    @web.middleware
    async def _start_clock(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.extend(request, 0)
        return await handler(request)

    def extend(self, request: web.Request, seconds: float) -> None:
        """Give a request that carries much data so many seconds more."""
        now = asyncio.get_running_loop().time()
        self._deadlines[request.protocol] = now + REQUEST_SECONDS + seconds


LISTENER = web.AppKey("listener", Listener)


def _abort(connection: web.RequestHandler) -> None:
    transport = connection.transport
    if transport is not None:
        transport.abort()  # drops an answer that is not read; `close` would wait for its reader
