"""A node that stalls and drops transactions, and a store that lies and drips, as a test says."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
from eth_utils.crypto import keccak

HONEST, LYING, SLOW = "honest", "lying", "slow"
PIECE, PAUSE = 1_000, 0.05
"""Bytes that a slow store sends at a time, and seconds until the next ones."""


@dataclass
class FaultyNode:
    """A proxy of a node.

    Args:
        url: of the node.
        answers: cleared while it stalls.
        drops: number of transactions that it acknowledges and forgets from now on.
        dropped: how many there were.
    """

    url: str
    answers: Event = field(default_factory=Event)
    drops: int = 0
    dropped: int = 0
    _client: httpx.Client = field(default_factory=partial(httpx.Client, timeout=60, verify=False))

    def __post_init__(self) -> None:
        self.answers.set()

    def answer(self, body: bytes) -> bytes:
        """Answer a request, in the end."""
        self.answers.wait()
        request = json.loads(body)
        if self.drops and request["method"] == "eth_sendRawTransaction":
            self.drops, self.dropped = self.drops - 1, self.dropped + 1
            digest = "0x" + keccak(hexstr=request["params"][0]).hex()
            return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": digest}).encode()
        headers = {"Content-Type": "application/json"}
        return self._client.post(self.url, content=body, headers=headers).content


@dataclass
class FaultyStore:
    """A web server of a folder's files."""

    folder: Path
    mode: str = HONEST

    def content(self, name: str) -> bytes | None:
        """Return a file, or another one of its size; None where there is none."""
        path = self.folder / name.strip("/")
        if not path.is_file():
            return None
        content = path.read_bytes()
        return bytes(len(content)) if self.mode == LYING else content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, served: FaultyNode | FaultyStore, *rest: object) -> None:
        self.served = served
        super().__init__(*rest)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(self.served.answer(body))

    def do_GET(self) -> None:
        content = self.served.content(self.path)
        if content is None:
            self.send_error(404)
        else:
            self._send(content, is_slow=self.served.mode == SLOW)

    do_HEAD = do_GET  # noqa: N815 - as the base class wants it

    def _send(self, content: bytes, *, is_slow: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(content), PIECE if is_slow else len(content)):
            self.wfile.write(content[start : start + PIECE] if is_slow else content)
            time.sleep(PAUSE if is_slow else 0)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(served: FaultyNode | FaultyStore) -> Iterator[str]:
    """Serve one of them; yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, served))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
