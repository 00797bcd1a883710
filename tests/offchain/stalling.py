"""A developer's server that accepts requests and delays its answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread

from tests.offchain.market import STORE, Market


class Stalling(ThreadingHTTPServer):
    """A server that answers only once `crowd` requests wait at the same time.

    Args:
        content: bodies by the last part of the path; status 404 for any other.
        crowd: number of requests; None delays all of them until the server is closed.
    """

    daemon_threads = True

    def __init__(self, content: dict[str, bytes], crowd: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.crowd = content, crowd
        self.here = self.most = 0
        self.change, self.over = Condition(), Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, requests: int) -> None:
        """Block until so many requests wait."""
        with self.change:
            assert self.change.wait_for(lambda: self.here >= requests, 30)


class _Handler(BaseHTTPRequestHandler):
    server: Stalling

    def do_GET(self) -> None:
        server = self.server
        with server.change:
            server.here += 1
            server.most = max(server.most, server.here)
            server.change.notify_all()
            if server.crowd is not None:
                server.change.wait_for(lambda: server.most >= server.crowd, 30)
        if server.crowd is None:
            server.over.wait()
        content = server.content.get(self.path.rsplit("/", 1)[-1], b"")
        with server.change:
            server.here -= 1
        self.send_response(200 if content else 404)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def stalling(content: dict[str, bytes], crowd: int | None = None) -> Iterator[Stalling]:
    """Run the server for the time of the context."""
    server = Stalling(content, crowd)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def files_of(market: Market) -> dict[str, bytes]:
    """Return the files that developers publish, by the hex digits of their digests."""
    artifacts = (each.submission.artifact_digest for each in market.transcript.reveals)
    return {
        **{digest.hex(): STORE.fetch_bytes(digest, 10**6) for digest in artifacts},
        **{
            each.keyring_digest.hex(): market.keyrings[each.index]
            for each in market.transcript.reveals
        },
    }
