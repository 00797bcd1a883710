"""An operator under the fire of peers and stores: drip, lies, compression, floods."""

import gzip
import socket
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from offchain.operator.client import EnclaveClient
from offchain.operator.cosigning import Cosigning
from offchain.operator.operator import Operator
from offchain.protocol.encoding import to_json
from offchain.protocol.messages import ServiceError
from offchain.storage.store import RetryPolicy, Store, read
from tests.offchain.enclave.service.served import client_of
from tests.offchain.honest import HONEST, TASK_ID, fresh
from tests.offchain.market import TOOLS
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
        EnclaveClient(url).cosign(TASK_ID, 0, proposal_of(fresh()), word("platform"))
    assert len(str(error.value)) < 1_000


# ── Co-signing ──


def proposal_of(enclave):
    enclave.measure(HONEST.bundle(enclave), TOOLS)
    return enclave.propose(TASK_ID, 0)


class Registry:
    """A registry where each enclave has an operator of its own."""

    def active_one(self, entry, _):
        return SimpleNamespace(operator=entry.signing_key, platform=word("platform"))


@pytest.fixture
def pair(tmp_path):
    made = [fresh(0), fresh(1)]
    for enclave in made:
        proposal_of(enclave)
    with client_of(made[0], tmp_path) as first, client_of(made[1], tmp_path) as second:
        yield first, second


def gathered(clients, seats):
    signing = Cosigning(HONEST.transcript, Registry(), 0, seats).gather(
        clients, clients[0].propose(TASK_ID, 0)
    )
    said = []
    while True:
        try:
            said.append(next(signing))
        except StopIteration as end:
            return said, end.value


def test_gather__slow_peer_before_a_quick_one__is_not_waited_for(pair):
    with answering(b"", b"") as url, EnclaveClient(url, seconds=3600) as slow:
        said, agreed = gathered([pair[0], slow, pair[1]], 2)
    assert said == []
    assert len(agreed.cosignatures) == 2


def test_gather__slow_peer_that_is_needed__is_named(pair):
    with answering(OK, b"a") as url, EnclaveClient(url, seconds=0.2) as slow:
        said, agreed = gathered([pair[0], slow], 2)
    assert agreed is None
    assert f"no signature of {slow.url}: GET {url}/identity: no answer within 0.2 s" in said


def test_gather__results_of_another_root__are_not_taken(pair, monkeypatch):
    class Lying(EnclaveClient):
        def cosign(self, *asked):
            signed = super().cosign(*asked)
            entries = signed.results.entries
            forged = replace(entries[0], salt=word("another salt"))
            return replace(signed, results=replace(signed.results, entries=(forged, *entries[1:])))

    with Lying(pair[1].url) as liar:
        said, agreed = gathered([pair[0], liar], 2)
        assert agreed is None
        assert "results with root 0x" in said[0]


def test_has_turn__peer_that_never_answers__is_named_and_delays_no_later_task():
    nobody = SimpleNamespace()
    with answering(b"", b"") as url:
        operator = Operator(
            *[nobody] * 4, (EnclaveClient(url, seconds=3600),), nobody, nobody, linger=0.05
        )
        case = SimpleNamespace(task_id=TASK_ID, own=fresh().identity)
        for _ in range(3):
            lines = list(operator._has_turn(case))
            assert lines == [f"peer {url} is slow: its key has not come yet"]
            (question,) = operator._keys.values()
            assert isinstance(question, Future)
        assert operator._steps_ready[TASK_ID] == 3


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
