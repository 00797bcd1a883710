"""HTTP handlers (aiohttp) in front of one enclave, for its owner.

`offchain.protocol.messages` defines requests and answers. Every client is treated as a malicious
host, and gets nothing that the enclave would not give to one. Success is 200, 202 or 204; 400, 403,
404, 405, 408, 409, 413, 415, 500 and 503 come with a `Problem`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.benchmark import Tools
from offchain.enclave.devices.base import QuoteDevice
from offchain.enclave.enclave import Enclave
from offchain.enclave.service.journal import SignatureJournal
from offchain.enclave.service.runs import Runs
from offchain.enclave.service.workers import Parallel
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.messages import (
    Attestation,
    Bundle,
    CosignRequest,
    Health,
    Problem,
    ProblemKind,
    Registration,
    RunId,
    Signed,
    http_status,
    problem_of,
    read_bundle,
)
from offchain.protocol.results import Result

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BUNDLE_BYTES = 64 * 2**20
"""Largest bundle that is read: some 10,000 submissions with their keyrings. All bundles that wait
for their measurement have at most as many bytes together."""
COSIGN_BYTES = 4 * 2**20
"""Largest request to co-sign that is read: some 50,000 results."""
SMALL_BYTES = 4096
"""Largest of all other JSON requests."""
BODY_SECONDS = 30.0
"""Seconds for the whole body of a request."""

_SLOWEST = 2**20
_SHOWN = 300
_PIECE = 2**20
_THREADS = web.AppKey("threads", ThreadPoolExecutor)
_DIGEST = "{digest:[0-9a-f]{64}}"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """One boot of an enclave with its tools.

    Args:
        enclave: with its keys.
        tools: access to artifacts, and the runner of models.
        device: returns quotes.
        journal: records every signature before it is sent.
        uploads: the folder for uploaded artifacts.
        upload_bytes: size of the largest artifact that is accepted.
        workers: submissions measured at a time.
        parallel: context of a measurement, which sets joblib's backend.
    """

    enclave: Enclave
    tools: Tools
    device: QuoteDevice
    journal: SignatureJournal
    uploads: ArtifactFolder
    upload_bytes: int
    workers: int = 1
    parallel: Parallel = nullcontext


def make_app(service: Service, bundle_bytes: int = BUNDLE_BYTES) -> web.Application:
    """Make the application.

    A bundle has at most ``bundle_bytes``, and so have all bundles that wait.
    """
    handlers = _Handlers(service, bundle_bytes)
    app = web.Application(middlewares=[_answer_problems])
    app[_THREADS] = ThreadPoolExecutor(2)
    app.add_routes(
        [
            web.get("/identity", handlers.identity),
            web.post("/attestation", handlers.attestation),
            web.head(f"/artifacts/{_DIGEST}", handlers.has_artifact),
            web.put(f"/artifacts/{_DIGEST}", handlers.put_artifact),
            web.post("/measure", handlers.measure),
            web.get("/measure/{task_id:0x[0-9a-f]{64}}/{round:[01]}", handlers.status),
            web.post("/propose", handlers.propose),
            web.post("/cosign", handlers.cosign),
            web.get("/health", handlers.health),
        ]
    )
    return app


class _Handlers:
    def __init__(self, service: Service, bundle_bytes: int) -> None:
        self._service, self._bundle_bytes = service, bundle_bytes
        self._journaling, self._reading = Lock(), asyncio.Lock()
        self._runs = Runs(self._measure, bundle_bytes)

    async def identity(self, _: web.Request) -> web.Response:
        return _answer(self._service.enclave.identity)

    async def attestation(self, request: web.Request) -> web.Response:
        registration = await _read(Registration, request, SMALL_BYTES)
        service, data = self._service, registration.report_data(self._service.enclave.identity)
        # The registry expects zeros in the second half of the 64 bytes of report data.
        quote = await asyncio.to_thread(service.device.quote, data + bytes(32))
        return _answer(Attestation(quote, data, service.device.name))

    async def has_artifact(self, request: web.Request) -> web.Response:
        known = self._service.uploads.has(bytes.fromhex(request.match_info["digest"]))
        return web.Response(status=204 if known else 404)

    async def put_artifact(self, request: web.Request) -> web.Response:
        service, digest = self._service, bytes.fromhex(request.match_info["digest"])
        if (request.content_length or 0) > service.upload_bytes:
            raise web.HTTPRequestEntityTooLarge(service.upload_bytes, request.content_length or 0)
        seconds = (request.content_length or service.upload_bytes) / _SLOWEST
        with service.uploads.upload(digest, service.upload_bytes) as upload:
            async with _receiving(BODY_SECONDS + seconds):
                async for piece in request.content.iter_chunked(_PIECE):
                    await asyncio.to_thread(upload.write, piece)
        return web.Response(status=204)

    async def measure(self, request: web.Request) -> web.Response:
        async with self._reading:  # one bundle at a time is in memory as bytes
            content = await _body(request, self._bundle_bytes)
            bundle = await _in_thread(request, read_bundle, content)
            status = self._runs.start(bundle, len(content))
        if status is None:
            raise web.HTTPServiceUnavailable(reason="Too many bundles wait, expected a retry later")
        return _answer(status, 202)

    async def status(self, request: web.Request) -> web.Response:
        run = RunId(
            bytes.fromhex(request.match_info["task_id"][2:]), int(request.match_info["round"])
        )
        status = self._runs.status(run)
        if status is None:
            raise InvalidRequest(
                RequestFault.NOT_MEASURED, f"task 0x{run.task_id.hex()} in round {run.round}"
            )
        return _answer(status)

    async def propose(self, request: web.Request) -> web.Response:
        run = await _read(RunId, request, SMALL_BYTES)
        return _answer(self._service.enclave.propose(run.task_id, run.round))

    async def cosign(self, request: web.Request) -> web.Response:
        asked = await _read(CosignRequest, request, COSIGN_BYTES)
        signed, answer = await _in_thread(request, self._cosign, asked)
        digest = "0x" + signed.cosignature.r.hex()
        fields = {"task_id": "0x" + asked.run.task_id.hex(), "round": asked.run.round, "r": digest}
        log.info("signature", extra={"fields": fields})
        return web.Response(body=answer, content_type="application/json")

    async def health(self, _: web.Request) -> web.Response:
        return _answer(Health(self._runs.busy, self._service.device.name == "simulated"))

    def _measure(self, bundle: Bundle, progress: Callable[[Result], None]) -> None:
        service = self._service
        with service.parallel():
            service.enclave.measure(bundle, service.tools, service.workers, progress)

    def _cosign(self, asked: CosignRequest) -> tuple[Signed, bytes]:
        enclave, run = self._service.enclave, asked.run
        signed = enclave.cosign(
            run.task_id, run.round, asked.proposal, asked.platform, asked.report
        )
        with self._journaling:
            self._service.journal.append(signed)
        return signed, to_json(signed)


async def _read(kind: type[T], request: web.Request, limit: int) -> T:
    content = await _body(request, limit)
    try:
        return await _in_thread(request, from_json, kind, content)
    except ValidationError as error:
        raise InvalidRequest(RequestFault.MALFORMED, str(error)) from error


async def _body(request: web.Request, limit: int) -> bytearray:
    """Return the body of a request, at most ``limit`` bytes of it, within its time."""
    size = request.content_length or 0
    if size > limit:
        raise web.HTTPRequestEntityTooLarge(limit, size)
    found = bytearray()
    async with _receiving(BODY_SECONDS + limit / _SLOWEST):
        async for piece in request.content.iter_any():
            found += piece
            if len(found) > limit:
                raise web.HTTPRequestEntityTooLarge(limit, len(found))
    return found


@asynccontextmanager
async def _receiving(seconds: float) -> AsyncIterator[None]:
    """Answer a body that is not complete in time, or not valid HTTP."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise web.HTTPBadRequest(reason="Body is not valid HTTP") from error


async def _in_thread(request: web.Request, work: Callable[..., T], *arguments: object) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(request.app[_THREADS], work, *arguments)


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(body=to_json(value), status=status, content_type="application/json")


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    shown = request.path[:_SHOWN]
    try:
        if "Origin" in request.headers:  # a page, which may come from a stranger
            raise web.HTTPForbidden(reason="Origin, expected none: browsers are not served")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise web.HTTPUnsupportedMediaType(reason="Content-Encoding, expected none")
        return await handler(request)
    except web.HTTPException as error:
        return _answer(Problem(ProblemKind.REQUEST, f"{error.reason}: {shown}"), error.status)
    except Exception as error:
        problem = problem_of(error)
        if problem.kind is ProblemKind.FAILED:
            log.exception("request failed", extra={"fields": {"path": shown}})
        else:
            fields = {"path": shown, "detail": problem.detail[:_SHOWN]}
            log.warning("problem", extra={"fields": fields})
        return _answer(replace(problem, detail=problem.detail[:2_000]), http_status(problem))
