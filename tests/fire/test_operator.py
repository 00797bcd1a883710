"""An operator under the fire of services and stores: drip, lies, compression, floods."""

import gzip
import socket
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from offchain.operator.client import EnclaveClient
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import StorageError
from offchain.protocol.messages import Proposal, ServiceError
from offchain.storage.store import RetryPolicy, Store, read
from offchain.storage.untrusted import public_store
from tests.offchain.honest import TASK_ID, fresh
from tests.vectors.generate import word

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "nothing": (b"", b""),
    "of the head": (OK + b"X: ", b"a"),
    "of the body": (OK + b"Content-Length: 99\r\n\r\n", b"a"),
}


@contextmanager
def answering(content: bytes, drip: bytes | None = None):
    """Serve one answer to every connection; then close it, or send ``drip`` every 50 ms."""
    over = Event()

    def answer(connection):
        with connection:
            try:
                connection.recv(2**16)
                connection.sendall(content)
                while drip is not None and not over.wait(0.05):
                    connection.sendall(drip)
            except OSError:
                pass

    def accept():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


def whole(body: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([OK + b"Content-Length: %d" % len(body), *lines, b"", body])


@pytest.mark.parametrize("kind", DRIPS)
def test_client__peer_that_drips__is_given_up_at_the_deadline(kind):
    with (
        answering(*DRIPS[kind]) as url,
        EnclaveClient(url, seconds=0.2) as client,
        pytest.raises(ServiceError, match=r"no answer within 0\.2 s"),
    ):
        client.identity()


def test_client__compressed_answer__is_refused_unread():
    bomb = gzip.compress(bytes(2**24))
    refused = pytest.raises(ServiceError, match="Content-Encoding 'gzip', expected none")
    with answering(whole(bomb, b"Content-Encoding: gzip")) as url, refused:
        EnclaveClient(url).identity()


@pytest.mark.parametrize("size", [2**16, 2**16 + 1])
def test_client__answer_at_its_limit_and_above__is_read_or_refused(size):
    expected = "Invalid JSON" if size == 2**16 else "answer of more than 65536 bytes"
    with answering(whole(b"x" * size)) as url, pytest.raises(ServiceError, match=expected):
        EnclaveClient(url).identity()


def test_client__answer_of_faults__has_a_short_error():
    body = b'{"report":1,"results":{"entries":[' + b"{}," * 2**20 + b"{}]}}"
    with answering(whole(body)) as url, pytest.raises(ServiceError) as error:
        EnclaveClient(url).cosign(TASK_ID, 0, Proposal((), ()), word("platform"))
    assert len(str(error.value)) < 1_000


# ── Stores ──

QUICK = RetryPolicy(seconds=0.2, attempts=1, total=0.2)


@pytest.mark.parametrize("kind", DRIPS)
def test_read__store_that_drips__is_given_up_at_the_deadline(kind):
    with answering(*DRIPS[kind]) as url, pytest.raises(OSError):  # noqa: PT011
        read(f"{url}/documents.json", 2**20, QUICK)


def test_read__compressed_file__is_refused():
    bomb = gzip.compress(bytes(2**24))
    with answering(whole(bomb, b"Content-Encoding: gzip")) as url:
        with pytest.raises(OSError, match="Content-Encoding 'gzip', expected none"):
            read(f"{url}/documents.json", 2**20)
        with pytest.raises(Exception, match="Content-Encoding 'gzip', expected none"):
            Store(url).fetch_bytes(bytes(32), 2**20)


def test_read__plain_file__is_read():
    content = to_json(fresh().identity)
    with answering(whole(content)) as url:
        assert read(f"{url}/documents.json", 2**20) == content


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_read__store_that_redirects__leads_nowhere(status):
    """A provider's server could lead an operator to a port of its own machine."""
    with answering(whole(to_json(fresh().identity))) as inside:
        lines = [b"HTTP/1.1 %d Found" % status, b"Location: %b/x" % inside.encode()]
        with answering(b"\r\n".join([*lines, b"Content-Length: 2", b"", b"{}"])) as url:
            with pytest.raises(OSError, match=f"status {status}, expected the file"):
                read(f"{url}/documents.json", 2**20, QUICK)
            with pytest.raises(ServiceError, match="unexpected answer"):
                EnclaveClient(url).identity()


def test_fetch__names_that_are_looked_up_for_long__delay_no_other(monkeypatch):
    """A lookup cannot be cut short, and a stranger's name server may take its time."""
    looked_up, over = Event(), Event()

    def look_up(host, *_, **__):
        if host == "honest.example":
            looked_up.set()
        else:
            over.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "unknown name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def fetch(uri, patience=QUICK):
        with pytest.raises(StorageError):
            public_store(uri, patience).fetch_bytes(bytes(32), 10)

    stuck = [Thread(target=fetch, args=(f"http://slow{n}.example",)) for n in range(100)]
    for each in stuck:
        each.start()
    try:
        fetch("http://honest.example", RetryPolicy(seconds=5, attempts=1, total=5))
        assert looked_up.is_set()
    finally:
        over.set()
    for each in stuck:
        each.join()


LIES = {
    "shorter than its length": OK + b"Content-Length: 99\r\n\r\n{}",
    "of two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "of headers without end": OK + b"X: y\r\n" * 10**5,
    "of one endless header": OK + b"X: " + b"y" * 2**20,
    "of trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 10**5,
    "of an endless chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2**20,
    "without a length": OK + b"\r\n" + b"x" * 2**22,
    "of rubbish": b"\xff" * 2**20,
    "of brackets": whole(b"[" * 60_000),
    "that changes the protocol": b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("kind", LIES)
def test_client__answer_that_lies__has_a_short_error(kind):
    with answering(LIES[kind]) as url, EnclaveClient(url, seconds=5) as client:
        with pytest.raises(ServiceError) as error:
            client.identity()
        assert len(str(error.value)) < 1_000
