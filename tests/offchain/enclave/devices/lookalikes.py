"""Look-alikes of the real interfaces of devices, each with a simulated machine behind it.

Folders of named pipes play Gramine's pseudo-files and configfs; a unix socket plays dstack's guest
agent. This module does not import the devices under test.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer


class Inbox:
    """A file that can be written at any time; the look-alike empties it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        try:
            return os.read(self._descriptor, 65536)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self._descriptor)


class Answering:
    """A file whose content is computed anew for each reader."""

    def __init__(self, path: Path, content: Callable[[], bytes]) -> None:
        self._path, self._content = path, content
        self._stop = threading.Event()
        os.mkfifo(path)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            descriptor = os.open(self._path, os.O_WRONLY)  # blocks until a reader opens it
            fresh = self._path.with_name(self._path.name + ".fresh")
            os.mkfifo(fresh)
            fresh.rename(self._path)  # the next reader gets a pipe of its own
            with os.fdopen(descriptor, "wb") as pipe:
                if self._stop.is_set():
                    return
                pipe.write(self._content())

    def close(self) -> None:
        self._stop.set()
        os.close(os.open(self._path, os.O_RDONLY))
        self._thread.join()


@contextmanager
def gramine(folder: Path, quote: Callable[[bytes], bytes], kind: bytes = b"dcap") -> Iterator[Path]:
    """Yield a look-alike of a Gramine enclave's /dev/attestation."""
    (folder / "attestation_type").write_bytes(kind)
    with (
        closing(Inbox(folder / "user_report_data")) as inbox,
        closing(Answering(folder / "quote", lambda: quote(inbox.take()))),
    ):
        yield folder


@contextmanager
def configfs(
    instance: Path,
    quote: Callable[[bytes], bytes],
    provider: bytes = b"tdx_guest\n",
    writes_of_others: int = 0,
) -> Iterator[Path]:
    """Yield a look-alike of a configfs-tsm instance; others may write before a quote is read."""
    instance.mkdir()
    (instance / "provider").write_bytes(provider)
    with closing(Inbox(instance / "inblob")) as inbox:
        writes: list[bytes] = []

        def generation() -> int:
            if data := inbox.take():
                writes.append(data)
            return len(writes)

        def outblob() -> bytes:
            generation()
            mine = writes[-1]
            writes.extend([bytes(64)] * writes_of_others)
            return quote(mine)

        with (
            closing(Answering(instance / "outblob", outblob)),
            closing(Answering(instance / "generation", lambda: b"%d\n" % generation())),
        ):
            yield instance


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def dstack(path: Path, answer: Callable[[str, dict[str, str]], tuple[int, bytes]]) -> Iterator[str]:
    """Yield a guest agent on a unix socket; ``answer`` maps method and JSON to status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            status, body = answer(self.path, json.loads(self.rfile.read(size)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def address_string(self) -> str:
            return "unix"

    with _Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield str(path)
        finally:
            server.shutdown()
            thread.join()
