"""A service under the fire of its clients: floods, compression, drip, huge bodies."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from offchain.enclave.service.listener import CONNECTIONS
from offchain.enclave.service.server import BUNDLE_BYTES, COSIGN_BYTES
from offchain.protocol.encoding import MAX_VALUES, to_json
from tests.fire.services import ROOT, ask, connect, head, process, send, status_of
from tests.offchain.honest import BUNDLE

ARTIFACT = b"/artifacts/" + b"0" * 64


def filled(item: bytes, size: int, before: bytes = b"[", after: bytes = b"]") -> bytes:
    """Return a document of at most ``size`` bytes that repeats an item."""
    room = size - len(before) - len(after)
    return before + (item + b",") * ((room - len(item)) // (len(item) + 1)) + item + after


# ── Documents that cost more than their bytes ──

RESULTS = b'{"platform":"0x00","run":{},"proposal":{"chosen":[],"results":['
ITEMS = {
    "integers": (b"0", b"[", b"]"),
    "empty objects": (b"{}", b"[", b"]"),
    "empty lists": (b"[]", b"[", b"]"),
    "wrong results": (b"0", RESULTS, b"]}}"),
    "results without a field": (b"{}", RESULTS, b"]}}"),
    "unknown fields": (b'"x":0', b"{", b"}"),
    "unknown fields of a result": (b'{"x":0,"y":0}', RESULTS, b"]}}"),
    "strings of one letter": (b'"\xf0\x9f\x8c\xbe"', b"[", b"]"),
    "escapes": (rb'"\u0000\ud83c\udf3e"', b"[", b"]"),
    "nesting": (b"[", b"", b""),
    "digits": (b"9" * 5000, b"[", b"]"),
}


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize(("path", "limit"), [(b"/measure", 2**23), (b"/cosign", COSIGN_BYTES)])
def test_post__document_of_faults__is_refused_shortly(served, kind, path, limit):
    answer = ask(served.url, b"POST", path, filled(ITEMS[kind][0], limit, *ITEMS[kind][1:]))
    assert status_of(answer) == 400
    assert len(answer) < 2_000
    served.check()


def test_measure__document_of_the_largest_size__is_refused_shortly(served):
    body = filled(b'{"x":[]}', BUNDLE_BYTES)
    answer = ask(served.url, b"POST", b"/measure", body)
    assert status_of(answer) == 400
    assert f"expected at most {MAX_VALUES} values".encode() in answer
    long = b'{"x":"' + b"\xf0\x9f\x8c\xbe" * ((BUNDLE_BYTES - 8) // 4) + b'"}'
    assert status_of(ask(served.url, b"POST", b"/measure", long)) == 400
    served.check()


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (b"/attestation", 4096),
        (b"/propose", 4096),
        (b"/cosign", 4 * 2**20),
        (b"/measure", 64 * 2**20),
    ],
)
def test_post__size_at_its_limit_and_above__is_read_or_refused(served, path, limit):
    at = head(b"POST", path, limit, b"Connection: close") + b" " * limit
    assert status_of(send(served.url, at)) == 400
    above = head(b"POST", path, limit + 1, b"Connection: close")
    assert status_of(send(served.url, above)) == 413
    chunk = b"%x\r\n" % (limit + 1) + b" " * (limit + 1) + b"\r\n0\r\n\r\n"
    chunked = head(b"POST", path, None, b"Transfer-Encoding: chunked", b"Connection: close")
    assert status_of(send(served.url, chunked + chunk)) in (413, None)
    served.check()


@pytest.mark.parametrize(
    "encoding", [b"gzip", b"deflate", b"br", b"zstd", b"rubbish", b"gzip, gzip"]
)
@pytest.mark.parametrize("path", [b"/measure", b"/cosign", b"/propose", b"/nothing"])
def test_post__content_encoding__is_415_whatever_the_body(served, encoding, path):
    bomb = gzip.compress(bytes(2**24))
    for body in (bomb, zlib.compress(bytes(100)), b"rubbish", b""):
        answer = ask(served.url, b"POST", path, body, b"Content-Encoding: " + encoding)
        assert status_of(answer) in ((415,) if path != b"/nothing" else (404, 415))
    served.check()


def test_put_artifact__content_encoding__is_415(served):
    assert status_of(ask(served.url, b"PUT", ARTIFACT, b"x", b"Content-Encoding: gzip")) == 415


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (b"POST", b"/attestation"),
        (b"POST", b"/measure"),
        (b"GET", b"/identity"),
        (b"PUT", ARTIFACT),
    ],
)
@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b""])
def test_request__of_a_page_in_a_browser__is_403(served, method, path, origin):
    """A page of a stranger, in a browser of the owner, reaches loopback, by its name too."""
    assert status_of(ask(served.url, method, path, b"{}", b"Origin: " + origin)) == 403


@pytest.mark.parametrize("limits", [b"5", b"null", b"[]", b'"x"'])
def test_measure__no_object_in_a_manifest__is_400(served, limits):
    body = to_json(BUNDLE)
    start = body.index(b'"limits":') + len(b'"limits":')
    changed = body[:start] + limits + body[body.index(b"}", start) + 1 :]
    assert status_of(ask(served.url, b"POST", b"/measure", changed)) == 400
    served.check()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET /identity HTTP/1.1\r\n", b"X: y\r\n"),
        (b"GET /identity HTTP/1.1\r\nX: ", b"y"),
        (b"GET /", b"y"),
        (b"PUT %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" % ARTIFACT, b"y"),
        (b"PUT %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % ARTIFACT, b"0"),
        (
            b"POST /cosign HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X: y\r\n",
        ),
        (b"", b"\r\n"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"x"),
    ],
    ids=["headers", "header", "path", "extension", "zeros", "trailers", "lines", "tunnel"],
)
def test_head__that_never_ends__takes_no_memory(served, first, then):
    before = served.peak()
    piece = then * (10**6 // len(then))
    with connect(served.url) as connection:
        connection.settimeout(5)
        with suppress(OSError):  # the service may close it
            connection.sendall(first)
            for _ in range(30):
                connection.sendall(piece)
    assert served.peak() - before < 2**24
    served.check()


# ── Connections and time ──


def test_connections__unfinished_bodies__neither_stop_others_nor_take_memory(served):
    for path, limit in ((b"/cosign", COSIGN_BYTES), (b"/measure", BUNDLE_BYTES)):
        waiting = []
        for _ in range(CONNECTIONS + 4):
            connection = connect(served.url)
            waiting.append(connection)
            try:
                connection.settimeout(0.05)
                connection.sendall(head(b"POST", path, limit) + b" " * (limit // 2))
            except OSError:
                pass  # the service does not read it
        served.check()
        for connection in waiting:
            connection.close()


def is_closed(connection):
    """Wait until the other side closes; it resets a connection whose bytes it has not read."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connections__heads_that_never_end__keep_no_new_client_out(served):
    waiting = [connect(served.url) for _ in range(CONNECTIONS)]
    for connection in waiting:
        connection.sendall(b"G")
    served.check()  # a new connection is served, and the oldest is closed for it
    assert is_closed(waiting[0])
    waiting[-1].sendall(b"ET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert waiting[-1].recv(2**10).startswith(b"HTTP/1.1 200")
    for connection in waiting:
        connection.close()


def test_connections__more_than_the_limit__close_the_oldest(served):
    waiting = [connect(served.url) for _ in range(3 * CONNECTIONS)]
    assert is_closed(waiting[0])
    assert status_of(ask(served.url, b"GET", b"/identity")) == 200
    for connection in waiting:
        connection.close()


def test_requests__that_never_read_their_answers__take_no_memory(served):
    with connect(served.url) as connection:
        connection.settimeout(0.3)
        before = served.peak()
        try:
            for _ in range(300):
                connection.sendall(head(b"GET", b"/identity") * 1_000)
        except OSError:
            pass
        assert served.peak() - before < 2**26
    served.check()


def test_identity__while_large_documents_are_read__is_answered(served):
    body = filled(b'{"x":0,"y":0}', COSIGN_BYTES, RESULTS, b"]}}")
    threads = [
        threading.Thread(target=partial(ask, served.url, b"POST", b"/cosign", body))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    answered = 0
    while any(thread.is_alive() for thread in threads):
        answered += status_of(ask(served.url, b"GET", b"/health")) == 200
    assert answered >= 1
    for thread in threads:
        thread.join()
    served.check()


def test_body__that_comes_too_slowly__is_408(tmp_path):
    files = ["--artifacts", str(tmp_path / "a"), "--journal", str(tmp_path / "j")]
    code = (
        "from offchain.__main__ import main\n"
        "from offchain.enclave.service import server\n"
        "server.BODY_SECONDS, server._SLOWEST = 0.5, 2**40\n"
        f"main(['serve', *{files!r}])"
    )
    served = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        url = json.loads(served.stdout.readline())["url"]
        asked = ((b"POST", b"/cosign"), (b"POST", b"/measure"), (b"PUT", ARTIFACT))
        with ExitStack() as stack:
            waiting = [stack.enter_context(connect(url)) for _ in asked]
            for connection, request in zip(waiting, asked, strict=True):
                connection.sendall(head(*request, 100) + b"{")
            for connection in waiting:
                assert status_of(connection.recv(2**16)) == 408
        assert not list((tmp_path / "a").iterdir())
    finally:
        served.kill()
        served.communicate()


# ── Core files ──

FORBID = "from offchain.enclave.models.sandbox import deny_core_dumps; deny_core_dumps();"


@pytest.mark.parametrize("forbid", ["", FORBID])
def test_abort__with_cores_allowed__writes_one_only_without_the_ban(tmp_path, forbid):
    """The same abort without the ban shows that this machine would write a core file."""
    code = (
        f"import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (2**30, 2**30)); {forbid}"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code + "os.abort()"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    _, status = os.waitpid(child.pid, 0)
    child.returncode = status
    assert os.WTERMSIG(status) == signal.SIGABRT
    if forbid:
        assert not os.WCOREDUMP(status)
        assert not list(tmp_path.iterdir())
    elif not os.WCOREDUMP(status):
        pytest.skip("this machine writes no core files")


def test_deny_core_dumps__limit_and_flag__are_both_set():
    code = f"import ctypes; {FORBID} print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True
    ).stdout
    assert said == b"0\n"


def test_serve__aborted_with_cores_allowed__leaves_no_core_file(tmp_path):
    with process(tmp_path, cores=True) as served:
        limits = (ROOT / f"/proc/{served.process.pid}/limits").read_text()
        (line,) = (each for each in limits.splitlines() if each.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"]
        served.process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(served.process.pid, 0)
        served.process.returncode = -os.WTERMSIG(status)
        assert os.WTERMSIG(status) == signal.SIGABRT
        assert not os.WCOREDUMP(status)
    assert {path.name for path in tmp_path.iterdir()} <= {"log", "artifacts", "journal", "home"}


def test_serve__journal_that_is_none__ends_with_the_reason(tmp_path):
    (tmp_path / "journal").write_bytes(b"a letter")
    with pytest.raises(AssertionError, match="is no journal of signatures"), process(tmp_path):
        pass
    assert (tmp_path / "journal").read_bytes() == b"a letter"
