"""An operator under the fire of services and stores: drip, lies, compression, floods."""

import gzip
import socket
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from offchain.operator.client import EnclaveClient
from offchain.protocol.encoding import to_json
from offchain.protocol.messages import Proposal, ServiceError
from offchain.storage.store import RetryPolicy, Store, read
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
        EnclaveClient(url, seconds=0.5) as client,
        pytest.raises(ServiceError, match=r"no answer within 0\.5 s"),
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

QUICK = RetryPolicy(seconds=0.5, attempts=1, total=0.5)


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
