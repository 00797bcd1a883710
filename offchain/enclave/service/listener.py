"""A listener on loopback that bounds its connections, and with them the memory of their requests.

A client may open connections without a request, send a byte a second, or never read an answer. A
full listener closes its oldest connection, so that a new client is served however many others wait.
"""

import asyncio

from aiohttp import web

CONNECTIONS = 16
"""Most connections at a time."""
GRACE_SECONDS = 5.0
"""Seconds for open requests to finish once the service is told to stop."""


class Listener:
    """A port on loopback with an application behind it."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=GRACE_SECONDS, auto_decompress=False
        )

    async def open(self, port: int) -> str:
        """Listen on a port, 0 for a free one; return the URL."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            self._connect, "127.0.0.1", port, backlog=CONNECTIONS
        )
        host, bound = self._listening.sockets[0].getsockname()[:2]
        return f"http://{host}:{bound}"

    async def close(self) -> None:
        """Stop listening, and wait at most `GRACE_SECONDS` for open requests."""
        self._listening.close()
        await self._runner.cleanup()

    def _connect(self) -> web.RequestHandler:
        server = self._runner.server
        assert server is not None  # noqa: S101 - set by `open`
        for oldest in server.connections[: max(0, len(server.connections) - CONNECTIONS + 1)]:
            if oldest.transport is not None:
                oldest.transport.abort()  # `close` would wait for its reader
        return server()
