"""A proxy for all requests of a process: it counts them, and kills the process at a certain one.

That is before the request is forwarded, or after it was forwarded and not yet answered: the test
does not depend on a clock.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

import httpx

from tests.e2e.forked import Command

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Request:
    """A request as it leaves, and again when its answer is about to come in.

    Args:
        number: of the request, from 1.
        when: `BEFORE` or `AFTER` it is forwarded.
        body: of the request.
    """

    number: int
    when: str
    body: bytes


Fatal = Callable[[Request], bool]


def never(_: Request) -> bool:
    """Kill at no request."""
    return False


@dataclass
class KillProxy:
    """All servers that one process talks to, and the process itself."""

    fatal: Fatal
    requests: list[Request] = field(default_factory=list)
    _pid: int | None = None
    _started: Event = field(default_factory=Event)
    _dead: bool = False
    _lock: Lock = field(default_factory=Lock)
    _stack: ExitStack = field(default_factory=ExitStack)

    def forward(self, url: str) -> str:
        """Return a url of this proxy whose requests go to another url."""
        client = httpx.Client(base_url=url, timeout=60, trust_env=False, verify=False)  # noqa: S501
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, client))
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self._stack.callback(client.close)
        self._stack.callback(thread.join)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    @contextmanager
    def process(self, command: str, *options: str) -> Iterator[subprocess.Popen]:
        """A command of this project, killed at the end if it lives."""
        with (
            self._stack,
            Command(
                [command, *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            self._pid = process.pid
            self._started.set()
            try:
                yield process
            finally:
                process.kill()

    def count(self, word: bytes) -> int:
        """How many requests that hold a word were answered."""
        return sum(each.when == AFTER and word in each.body for each in self.requests)

    def admit(self, when: str, number: int | None, body: bytes) -> int | None:
        """The request's number; None where it ended, and the process with it."""
        self._started.wait()
        with self._lock:
            if self._dead:
                return None
            if number is None:
                number = 1 + sum(each.when == BEFORE for each in self.requests)
            request = Request(number, when, body)
            self.requests.append(request)
            if self.fatal(request):
                self._dead = True
                os.kill(self._pid, signal.SIGKILL)
                return None
            return number


def _handler(proxy: KillProxy, client: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            number = proxy.admit(BEFORE, None, body)
            if number is not None:
                kept = {"Content-Type": self.headers.get("Content-Type", "application/json")}
                answer = client.request(self.command, self.path, content=body, headers=kept)
                if proxy.admit(AFTER, number, body) is not None:
                    self.send_response(answer.status_code)
                    self.send_header("Content-Length", str(len(answer.content)))
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(answer.content)
                    return
            self.close_connection = True

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - as the base class wants it

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def at_number(number: int, when: str) -> Fatal:
    """Fatal is the n-th request."""
    return lambda request: (request.number, request.when) == (number, when)


def at_words(words: Sequence[bytes], when: str) -> Fatal:
    """Fatal is the first request that holds one of these."""
    return lambda request: request.when == when and any(each in request.body for each in words)
