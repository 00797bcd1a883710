"""Models, answers of a model's process, bundles, requests, and the journal on the host's disk."""

import asyncio
import copy
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from unittest.mock import Mock

import numpy as np
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from google.protobuf.message import DecodeError

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.enclave import Enclave
from offchain.enclave.models import runner
from offchain.enclave.models.pipe import OutcomeStatus, RunOutcome, RunSettings, write_message
from offchain.enclave.models.runner import Conversation, RunLimits, SecondPass
from offchain.enclave.models.static import check_model
from offchain.enclave.service.journal import SignatureJournal
from offchain.enclave.service.server import Service, make_app
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import InvalidModel, InvalidRequest, RunAborted
from offchain.protocol.messages import Signed, read_bundle
from offchain.protocol.results import Detail
from offchain.simulation import SimulatedDevice
from tests.fire.fuzz import STATUSES, all_documents, all_requests
from tests.fire.mutations import change_document, change_meaning
from tests.fire.operators import examples
from tests.foreign.parser import Parser
from tests.offchain.enclave.models.onnx_files import LIMITS, VALUES, honest
from tests.offchain.honest import BUNDLE, fresh
from tests.offchain.market import CONFINED, TOOLS

ROWS = 10


# ── Models ──


def read_model(data: bytes) -> bool:
    """Check a model's bytes: a plan within the limits, the same each time, or a refusal."""
    try:
        plan = check_model(data, VALUES, LIMITS, ROWS)
    except InvalidModel as refusal:
        to_json(Detail(0, refusal.detail))
        return False
    assert plan.memory_bytes <= LIMITS.memory_bytes
    assert plan.operations <= LIMITS.operations
    assert check_model(data, VALUES, LIMITS, ROWS) == plan
    return True


def change_model(data: bytes, source: Random) -> bytes:
    """Return a model with another op, attribute, constant or opset; other bytes if it is none."""
    try:
        return change_meaning(data, np.random.default_rng(source.getrandbits(64)))
    except (DecodeError, IndexError, ValueError):
        return data + b"\0"


def _models() -> list[bytes]:
    """Return a small model of every op that an enclave allows."""
    smallest: dict[str, bytes] = {}
    for example in examples():
        model, name = example.case().model, example.node.op_type
        known = smallest.get(name, bytes(2**12))
        if len(model) < len(known) and (name not in _SELDOM or read_model(model)):
            smallest[name] = model
    return [honest(), *smallest.values()]


_SELDOM = ("Einsum", "Range")
"""Ops whose smallest examples give no value for every row."""


# ── The answers of a model's process, which the model may have taken over ──


def read_answers(data: bytes) -> bool:
    """Talk with a child that answers with these bytes: predictions of every row, or an error."""
    order = np.arange(ROWS)
    settings = RunSettings(0, 0, ROWS, ROWS // 2, 1, VALUES, LIMITS)
    talk = Conversation(BytesIO(), BytesIO(data), settings, shared=False)
    samples = np.zeros((ROWS, *VALUES.input_shape), np.float32)
    try:
        found = talk.predictions(b"", samples, SecondPass(order, ROWS // 2, _same), RunLimits())
    except InvalidModel as refusal:
        to_json(Detail(0, refusal.detail))
        return True
    except (EOFError, runner._ChildError, runner._MachineError):
        return False
    assert found.optimised.shape == (ROWS,)
    assert found.plain is None or found.plain.shape == (ROWS,)
    return True


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.array_equal(first[: len(second)], second))


def _answers() -> list[bytes]:
    ok = _message(asdict(CONFINED)) + _message(asdict(RunOutcome(OutcomeStatus.OK)))
    scored, part = np.arange(float(ROWS)), np.arange(float(ROWS // 2))
    rest = _message(asdict(RunOutcome(OutcomeStatus.OK))) + part.tobytes()
    refused = RunOutcome(OutcomeStatus.REFUSED, "runtime", "words of the runtime")
    return [
        ok + scored.tobytes() + part.tobytes(),
        ok + scored.tobytes() + part[::-1].tobytes() + rest,
        _message(asdict(CONFINED)) + _message(asdict(refused)),
    ]


def _message(value: dict[str, object]) -> bytes:
    stream = BytesIO()
    write_message(stream, value)
    return stream.getvalue()


# ── Bundles and requests ──


@cache
def _measured() -> Callable[[], Enclave]:
    """Return a function that makes an enclave, always in the same state: it has measured."""
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)

    def made() -> Enclave:
        another = copy.copy(enclave)
        another._measured = {
            key: replace(run, refused=set()) for key, run in enclave._measured.items()
        }
        another._kept, another._inventories = dict(enclave._kept), {}
        return another

    return made


def measure_bundle(data: bytes) -> bool:
    """Read a bundle and measure it, where it is one for this enclave."""
    try:
        bundle = read_bundle(data)
        fresh().measure(bundle, TOOLS)
    except (InvalidRequest, RunAborted):
        return False
    return True


def change_json(data: bytes, source: Random) -> bytes:
    """Return a document with other values; other bytes where it is no JSON."""
    try:
        return change_document(data, source)
    except (ValueError, RecursionError):
        return data + b"}"


REQUESTS = [each for each in all_requests() if each[2] and each[1] != b"/measure"]
"""Method, path and body; the service measures a bundle later, in a thread: see above."""


@cache
def _service() -> tuple[asyncio.Runner, web.Application, Mock]:
    folder = Path(tempfile.mkdtemp(prefix="foreign-"))
    service = Mock(
        Service,
        enclave=None,
        tools=TOOLS,
        device=SimulatedDevice.of_development("foreign"),
        journal=SignatureJournal(folder / "journal"),
        uploads=ArtifactFolder.open(folder / "artifacts"),
        upload_bytes=2**12,
        workers=1,
    )
    app = make_app(service)
    app.freeze()
    return asyncio.Runner(), app, service


def answer_request(data: bytes) -> bool:
    """Answer a request, whose first byte chooses its path, as an enclave that has measured."""
    if not data:
        return False
    (method, path, _), body = REQUESTS[data[0] % len(REQUESTS)], data[1:]
    if method == b"PUT":
        path = f"/artifacts/{sha256(body).hexdigest()}".encode()
    loop, app, service = _service()
    service.enclave = _measured()()
    status = loop.run(_answer(app, method.decode(), path.decode(), body))
    for upload in service.uploads.path.iterdir():
        upload.unlink()
    assert status in STATUSES, status
    return status < 300


async def _answer(app: web.Application, method: str, path: str, body: bytes) -> int:
    content = StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
    content.feed_data(body)
    content.feed_eof()
    headers = {"Content-Length": str(len(body))}
    request = make_mocked_request(method, path, headers, payload=content, app=app)
    return (await app._handle(request)).status


def change_request(data: bytes, source: Random) -> bytes:
    """Return the same kind of request with another body."""
    return data[:1] + change_json(data[1:], source)


# ── The journal on the host's disk ──


def read_journal(data: bytes) -> bool:
    """Open a file as a journal and append a signature: no complete line is lost."""
    path, signed = _journal()
    path.write_bytes(data)
    try:
        journal = SignatureJournal(path)
    except ValueError:
        return False
    try:
        journal.append(signed)
    finally:
        journal.close()
    whole = data[: data.rfind(b"\n") + 1]
    assert path.read_bytes() == whole + to_json(signed) + b"\n"
    SignatureJournal(path).close()
    return True


@cache
def _journal() -> tuple[Path, Signed]:
    signed = next(each for each in all_documents() if isinstance(each, Signed))
    return Path(tempfile.mkdtemp(prefix="foreign-")) / "journal", signed


def _journals() -> list[bytes]:
    line = to_json(_journal()[1]) + b"\n"
    return [b"", line, line + line, line + line[:40]]


PARSERS = {
    "model": Parser(read_model, _models, change_model, shares=4),
    "child-answers": Parser(read_answers, _answers),
    "bundle": Parser(measure_bundle, lambda: [to_json(BUNDLE)], change_json, max_bytes=2**14),
    "request": Parser(
        answer_request,
        lambda: [bytes([i]) + body for i, (_, _, body) in enumerate(REQUESTS)],
        change_request,
    ),
    "journal": Parser(read_journal, _journals),
}
