"""The page on loopback: made anew when the market has a newer block."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from aiohttp import web
from aiohttp.typedefs import Handler

from offchain.chain.node import REFUSALS
from offchain.page.document import document
from offchain.page.view import MarketView, to_json

LOOPBACK = "127.0.0.1"
_NAMES = frozenset({"127.0.0.1", "localhost"})
_POLICY = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass
class PageServer:
    """Serves a market's page: ``/``, and ``/values.json``, which the page asks for newer values.

    Args:
        read: returns the market in its newest block; it may take seconds.
        view: what is served until the first newer one.
        every: seconds between two readings.
    """

    read: Callable[[], MarketView]
    view: MarketView
    every: float
    fault: str = ""

    def application(self) -> web.Application:
        """Return the application; reading begins when it starts, and ends with it."""
        made = web.Application(middlewares=[_only_here])
        made.router.add_get("/", self._page)
        made.router.add_get("/values.json", self._values)
        made.cleanup_ctx.append(self._reading)
        return made

    async def _reading(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._keep_reading())
        yield
        task.cancel()

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            try:
                newer = await asyncio.to_thread(self.read)
                if replace(newer, made=self.view.made) != self.view:  # else its tag stays
                    self.view = newer
                self.fault = ""
            except REFUSALS as error:
                self.fault = f"the node is not read: {error or type(error).__name__}"
            except Exception as error:  # old values must not pass for new ones, whatever happens
                self.fault = f"the market is not read: {type(error).__name__}: {error}"

    async def _page(self, _: web.Request) -> web.Response:
        text = document(self.view, live=True)
        return web.Response(text=text, content_type="text/html", headers=_POLICY)

    async def _values(self, request: web.Request) -> web.Response:
        if self.fault:
            raise web.HTTPServiceUnavailable(text=self.fault)
        text = to_json(self.view)
        tag = hashlib.sha256(text.encode()).hexdigest()
        headers = {**_POLICY, "ETag": f'"{tag}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(text=text, content_type="application/json", headers=headers)


@web.middleware
async def _only_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that only a resolver makes loopback (DNS rebinding)."""
    if (request.url.host or "") not in _NAMES:
        raise web.HTTPForbidden(text=f"host {request.url.host!r}, expected {LOOPBACK}")
    return await handler(request)
