"""Mutated HTTP requests and documents: never a fault of the service, never a long text.

The number of inputs is `INPUTS` for each example of the Hypothesis profile: 750 documents and 750
requests in the quick profile, 100,000 of each with ``make deep``.
"""

import json
import random

import pydantic_core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import CosignRequest, Registration, RunId, Signed
from offchain.storage.publications import Inventory, TaskDocuments
from tests.fire.services import connect, head, process, send
from tests.offchain.honest import BUNDLE, HONEST, REPORT, TASK_ID, fresh
from tests.offchain.market import TOOLS
from tests.vectors.generate import word

INPUTS = 50 if settings.default.max_examples > 50 else 15
GROWTH_BYTES = 64 * 2**20
"""Memory that a service may have more after all requests than after the first."""


def signed() -> Signed:
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    return enclave.cosign(TASK_ID, 0, enclave.propose(TASK_ID, 0), word("platform"))


SIGNED = signed()
DOCUMENTS = [
    BUNDLE,
    BUNDLE.release,
    SIGNED,
    SIGNED.results,
    TaskDocuments(HONEST.manifest, HONEST.transcript.roster),
    Inventory(TASK_ID, REPORT.seed, (0, 1)),
    RunId(TASK_ID, 0),
]
PIECES = [
    *b'{}[],:"\\0x9-.etfn \xff\x00',
    *(b"null", b"true", b'"0x"', b"1e999", b"\\ud800", b"[[[["),
]


def mutated(content: bytes, source: random.Random) -> bytes:
    """Return the content with one to four cuts, copies, or pieces put in."""
    made = bytearray(content)
    for _ in range(source.randint(1, 4)):
        at, to = sorted(source.randrange(len(made) + 1) for _ in range(2))
        piece = source.choice(PIECES)
        new = bytes([piece]) if isinstance(piece, int) else piece
        made[at : source.choice([at, at + 1, min(to, at + 40)])] = source.choice(
            [new, b"", bytes(made[at : min(to, at + 40)]) * 2]
        )
    return bytes(made)


@given(seed=st.integers(0, 2**64))
def test_from_json__mutated_document__is_read_as_pydantic_reads_it(seed):
    source = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(INPUTS):
        document = source.choice(DOCUMENTS)
        content, kind = mutated(to_json(document), source), type(document)
        try:
            plain = json.dumps(pydantic_core.from_json(content)).encode()  # the last of equal names
            expected = TypeAdapter(kind).validate_json(plain)
        except ValueError:
            with pytest.raises(ValidationError) as refusal:
                from_json(kind, content)
            assert refusal.value.error_count() == 1
            assert len(str(refusal.value)) < 1_000
        else:
            assert from_json(kind, content) == expected


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with process(tmp_path_factory.mktemp("fuzz")) as made:
        for request in REQUESTS:
            send(made.url, request)
        before = made.resident()
        yield made
        made.check()
        assert made.resident() - before < GROWTH_BYTES


def requests() -> list[bytes]:
    bodies = {
        b"/measure": BUNDLE,
        b"/cosign": CosignRequest(RunId(TASK_ID, 0), proposal(), bytes(32)),
        b"/propose": RunId(TASK_ID, 0),
        b"/attestation": Registration("0x" + 40 * "1", "0x" + 40 * "2", 1, 1, word("block")),
    }
    made = [
        head(b"POST", path, len(to_json(body))) + to_json(body) for path, body in bodies.items()
    ]
    chunked = head(b"PUT", b"/artifacts/" + b"0" * 64, None, b"Transfer-Encoding: chunked")
    return [
        *made,
        head(b"GET", b"/identity"),
        head(b"GET", b"/health"),
        head(b"HEAD", b"/artifacts/" + b"0" * 64),
        head(b"POST", b"/propose", 2, b"Expect: 100-continue") + b"{}",
        chunked + b"3\r\nabc\r\n0\r\n\r\n",
    ]


def proposal():
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    return enclave.propose(TASK_ID, 0)


REQUESTS = requests()


@given(seed=st.integers(0, 2**64))
def test_service__mutated_request__gets_an_answer_that_is_no_fault(served, seed):
    source = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(INPUTS // 5):
        with connect(served.url) as connection:
            connection.settimeout(0.01)
            try:
                for _ in range(5):
                    connection.sendall(mutated(source.choice(REQUESTS), source))
                answer = connection.recv(2**16)
            except (TimeoutError, ConnectionError):
                continue
            assert b"HTTP/1.1 500" not in answer
    assert served.process.poll() is None
