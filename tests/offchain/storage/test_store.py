"""Stores of every scheme, on loopback: an artifact comes whole and verified, or is missing."""

import functools
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from offchain.protocol.errors import StorageError
from offchain.storage.store import RetryPolicy, Store, fetch, fetch_bytes, read

CONTENT = b"artifact " * 300_000  # more than two chunks
DIGEST = sha256(CONTENT).digest()
LIMIT = 2**24
QUICK = RetryPolicy(seconds=2, attempts=3, pause=0, sleep=lambda _: None)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, object]]:
    """Start an S3 server on loopback; yield the options that fsspec needs to reach it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {"key": "test", "secret": "test", "endpoint_url": f"http://{host}:{port}"}
    client = boto3.client(
        "s3",
        endpoint_url=access["endpoint_url"],
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - of the simulated server
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="models")
    yield access
    server.stop()


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(str(tmp_path / "store"), QUICK)
    if request.param == "memory":
        return Store(f"memory://{tmp_path}", QUICK)
    options = tuple(request.getfixturevalue("s3").items())
    return Store(f"s3://models{tmp_path}", QUICK, options)


def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def http(tmp_path: Path) -> Iterator[str]:
    yield from serve(functools.partial(Quiet, directory=str(tmp_path)))


class Failing(BaseHTTPRequestHandler):
    """A server that answers with an error twice, then with the content."""

    answers = 0

    def do_HEAD(self) -> None:
        self.send_response(405)
        self.end_headers()

    def do_GET(self) -> None:
        type(self).answers += 1
        self.send_response(200 if self.answers > 2 else 503)
        self.end_headers()
        if self.answers > 2:
            self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


class Silent(Failing):
    """A server that never answers."""

    released = threading.Event()

    def do_GET(self) -> None:
        self.released.wait(30)


def test_put__then_fetch__gives_the_content(store):
    assert store.put_bytes(CONTENT) == DIGEST
    assert store.put_bytes(CONTENT) == DIGEST
    assert store.fetch_bytes(DIGEST, LIMIT) == CONTENT


def test_fetch__never_put__is_missing(store):
    store.put_bytes(b"another")
    with pytest.raises(
        StorageError, match=f"{DIGEST.hex()}: not found; wanted sha256 0x{DIGEST.hex()}"
    ):
        store.fetch_bytes(DIGEST, LIMIT)


def test_fetch__at_the_limit_and_above__gives_or_refuses(store):
    store.put_bytes(CONTENT)
    assert store.fetch_bytes(DIGEST, len(CONTENT)) == CONTENT
    with pytest.raises(StorageError, match=f"more than {len(CONTENT) - 1} bytes"):
        store.fetch_bytes(DIGEST, len(CONTENT) - 1)


def test_fetch__altered_content__is_missing_and_leaves_nothing(tmp_path):
    store = Store(str(tmp_path), QUICK)
    store.put_bytes(CONTENT)
    altered = CONTENT[:-1] + b"!"
    (tmp_path / DIGEST.hex()).write_bytes(altered)
    sink = BytesIO()
    with pytest.raises(
        StorageError, match=f"sha256 0x{sha256(altered).hexdigest()}; wanted sha256"
    ):
        store.fetch(DIGEST, LIMIT, sink)
    assert sink.getvalue() == b""


def test_put__source_that_fails__leaves_nothing(tmp_path):
    class Failure(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError("disk gone")
            return super().read(size)

    store = Store(str(tmp_path), QUICK)
    with pytest.raises(OSError, match="disk gone"):
        store.put(Failure(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_fetch__over_http__gives_the_content(http, tmp_path):
    (tmp_path / "model").write_bytes(CONTENT)
    assert fetch_bytes(f"{http}/model", DIGEST, LIMIT, QUICK) == CONTENT


def test_fetch__not_there_over_http__is_missing(http):
    with pytest.raises(StorageError, match="/absent: not found"):
        fetch_bytes(f"{http}/absent", DIGEST, LIMIT, QUICK)


def test_fetch__server_fails_twice__asks_again():
    class Once(Failing):
        answers = 0

    for url in serve(Once):
        assert fetch_bytes(f"{url}/model", DIGEST, LIMIT, QUICK) == CONTENT
        assert Once.answers == 3


def test_fetch__server_fails_too_often__is_missing():
    class Once(Failing):
        answers = -1

    for url in serve(Once):
        with pytest.raises(StorageError, match="in attempt 3; wanted sha256"):
            fetch_bytes(f"{url}/model", DIGEST, LIMIT, QUICK)
        assert Once.answers == 2


def test_fetch__server_silent__gives_up():
    pauses: list[float] = []
    impatient = RetryPolicy(seconds=0.2, attempts=2, pause=0.5, sleep=pauses.append)
    for url in serve(Silent):
        with pytest.raises(StorageError, match="in attempt 2"):
            fetch_bytes(f"{url}/model", DIGEST, LIMIT, impatient)
        Silent.released.set()
    assert pauses == [0.5]


def test_fetch__byte_after_byte__gives_up_in_the_end(http, tmp_path):
    """Each read succeeds within its timeout, but the total time runs out."""
    (tmp_path / "model").write_bytes(CONTENT)
    seconds = itertools.count()
    patience = RetryPolicy(seconds=2, total=2, clock=lambda: float(next(seconds)))
    sink = BytesIO()
    with pytest.raises(StorageError, match="not whole after 2 s; wanted sha256"):
        fetch(f"{http}/model", DIGEST, LIMIT, sink, patience)
    assert sink.getvalue() == b""


class Dripping(Failing):
    """A server that sends a header one byte at a time, each within the timeout of a read."""

    to_the_end = False

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nslow: ")
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(200):
                self.wfile.write(b"x")
                time.sleep(0.02)
            type(self).to_the_end = True


def test_fetch__header_byte_after_byte__gives_up_in_the_end():
    for url in serve(Dripping):
        with pytest.raises(StorageError, match=r"not whole after 0\.3 s; wanted sha256"):
            fetch_bytes(f"{url}/model", DIGEST, LIMIT, RetryPolicy(seconds=5, pause=0, total=0.3))
        assert not Dripping.to_the_end


def test_read__present_absent_and_too_large__returns_or_raises(http, tmp_path):
    (tmp_path / "document").write_bytes(b"{}")
    for place in (http, str(tmp_path)):
        assert read(f"{place}/document", 2, QUICK) == b"{}"
        with pytest.raises(FileNotFoundError):
            read(f"{place}/absent", 2, QUICK)
        with pytest.raises(OSError, match="/document: more than 1 bytes, expected"):
            read(f"{place}/document", 1, QUICK)


def test_read__server_fails__is_an_os_error():
    for url in serve(Failing):
        with pytest.raises(OSError, match="503"):
            read(url, LIMIT, QUICK)


def test_fetch__closed_port__is_missing_and_leaves_nothing():
    sink = BytesIO()
    with pytest.raises(StorageError, match="in attempt 3"):
        fetch("http://127.0.0.1:9/model", DIGEST, LIMIT, sink, QUICK)
    assert sink.getvalue() == b""


def test_fetch__unknown_scheme__is_missing():
    with pytest.raises(StorageError, match="gopher"):
        fetch_bytes("gopher://models/a", DIGEST, LIMIT, QUICK)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/folder", "Unable to locate credentials"),
        ("odd://bucket/folder", "Protocol not known: odd"),
        ("http://127.0.0.1:1/folder", "NotImplementedError"),
    ],
)
def test_put__place_that_cannot_be_written__is_an_error_of_the_disk(url, said, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/absent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/absent")
    with pytest.raises(OSError, match=f"{url} cannot be written: {said}"):
        Store(url, QUICK).put_bytes(CONTENT)
