"""Enclaves' services as processes under an address-space limit, and raw requests to them."""

import json
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from tests.fire.forks import status_bytes

ROOT = Path(__file__).parents[2]
SERVICE_BYTES = 2**30
"""Memory of a service without a measurement that docs/ENCLAVE.md states."""
ADDRESS_BYTES = 6 * 2**30


@dataclass
class Served:
    """A running service."""

    process: subprocess.Popen
    url: str
    log: Path

    def peak(self) -> int:
        """Return the most memory that the process has ever used, in bytes."""
        return status_bytes(self.process.pid, "VmHWM")

    def resident(self) -> int:
        """Return the memory of the process, in bytes."""
        return status_bytes(self.process.pid, "VmRSS")

    def check(self) -> None:
        """Assert that the service answers, within its memory, and has printed no traceback."""
        assert status_of(ask(self.url, b"GET", b"/identity")) == 200
        assert self.process.poll() is None
        print(f"peak of the service: {self.peak() >> 20} MiB")
        assert self.peak() < SERVICE_BYTES
        _, found, text = self.log.read_text().lower().partition("traceback")
        assert not found, text[:4_000]


@contextmanager
def process(folder: Path, *options: str, cores: bool = False) -> Iterator[Served]:
    """Run ``serve`` with all its files in one folder."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
        if cores:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)

    log = folder / "log"
    paths = ["--artifacts", str(folder / "artifacts"), "--journal", str(folder / "journal")]
    with log.open("wb") as sink:
        served = subprocess.Popen(
            [sys.executable, "-m", "offchain", "serve", *paths, "--memory", str(2**31), *options],
            stdout=subprocess.PIPE,
            stderr=sink,
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "TMPDIR": str(folder)},
            preexec_fn=limit,
        )
    try:
        line = served.stdout.readline()
        assert line, log.read_text()
        yield Served(served, json.loads(line)["url"], log)
    finally:
        served.send_signal(signal.SIGKILL)
        served.communicate()


def connect(url: str, seconds: float = 120) -> socket.socket:
    """Open a connection to a service."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=seconds)


def head(method: bytes, path: bytes, size: int | None = None, *lines: bytes) -> bytes:
    """Return the head of a request."""
    length = [] if size is None else [b"Content-Length: %d" % size]
    return b"\r\n".join([b"%s %s HTTP/1.1" % (method, path), b"Host: x", *length, *lines, b"", b""])


def ask(url: str, method: bytes, path: bytes, body: bytes = b"", *lines: bytes) -> bytes:
    """Send a request and return all of the answer."""
    return send(url, head(method, path, len(body), b"Connection: close", *lines) + body)


def send(url: str, content: bytes) -> bytes:
    """Send bytes; return the status line and the body of the answer, or nothing."""
    with connect(url) as connection:
        with suppress(ConnectionError):  # the service need not read what it refuses
            connection.sendall(content)
        answer = HTTPResponse(connection, method=content.split(b" ", 1)[0].decode("latin-1"))
        try:
            answer.begin()
            return b"HTTP/1.1 %d\r\n\r\n" % answer.status + answer.read()
        except (ConnectionError, HTTPException):
            return b""


def status_of(answer: bytes) -> int | None:
    """Return the status of an answer, None for nothing."""
    return int(answer.split(None, 2)[1]) if answer else None
