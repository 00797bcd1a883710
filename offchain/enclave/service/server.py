"""HTTP server (aiohttp, loopback) in front of one enclave.

`offchain.protocol.messages` defines requests and answers. Every client is treated as a malicious
host, and gets nothing that the enclave would not give to one. Success is 200, 202 or 204; 400, 404,
409, 413, 500 and 503 come with a `Problem`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
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

REQUEST_BYTES = 64 * 2**20
"""Largest JSON request that is read: some 10,000 submissions with their keyrings."""

_PIECE = 2**20
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


def make_app(service: Service, request_bytes: int = REQUEST_BYTES) -> web.Application:
    """Make the application; it refuses a JSON request of more than ``request_bytes``."""
    handlers = _Handlers(service)
    app = web.Application(middlewares=[_answer_problems], client_max_size=request_bytes)
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
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journaling = Lock()
        self._runs = Runs(self._measure)

    async def identity(self, _: web.Request) -> web.Response:
        return _answer(self._service.enclave.identity)

    async def attestation(self, request: web.Request) -> web.Response:
        registration = _read(Registration, await request.read())
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
        with service.uploads.upload(digest, service.upload_bytes) as upload:
            async for piece in request.content.iter_chunked(_PIECE):
                await asyncio.to_thread(upload.write, piece)
        return web.Response(status=204)

    async def measure(self, request: web.Request) -> web.Response:
        bundle = read_bundle(await request.read())
        return _answer(self._runs.start(bundle), 202)

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
        run = _read(RunId, await request.read())
        return _answer(self._service.enclave.propose(run.task_id, run.round))

    async def cosign(self, request: web.Request) -> web.Response:
        asked = _read(CosignRequest, await request.read())
        signed = await asyncio.to_thread(self._cosign, asked)
        digest = "0x" + signed.cosignature.r.hex()
        fields = {"task_id": "0x" + asked.run.task_id.hex(), "round": asked.run.round, "r": digest}
        log.info("signature", extra={"fields": fields})
        return _answer(signed)

    async def health(self, _: web.Request) -> web.Response:
        return _answer(Health(self._runs.busy, self._service.device.name == "simulated"))

    def _measure(self, bundle: Bundle, progress: Callable[[Result], None]) -> None:
        service = self._service
        with service.parallel():
            service.enclave.measure(bundle, service.tools, service.workers, progress)

    def _cosign(self, asked: CosignRequest) -> Signed:
        enclave, run = self._service.enclave, asked.run
        signed = enclave.cosign(run.task_id, run.round, asked.proposal, asked.platform)
        with self._journaling:
            self._service.journal.append(signed)
        return signed


def _read(kind: type[T], data: bytes) -> T:
    try:
        return from_json(kind, data)
    except ValidationError as error:
        raise InvalidRequest(RequestFault.MALFORMED, str(error)) from error


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(body=to_json(value), status=status, content_type="application/json")


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _answer(
            Problem(ProblemKind.REQUEST, f"{error.reason}: {request.path}"), error.status
        )
    except Exception as error:
        problem = problem_of(error)
        if problem.kind is ProblemKind.FAILED:
            log.exception("request failed", extra={"fields": {"path": request.path}})
        else:
            log.warning(
                "problem", extra={"fields": {"path": request.path, "detail": problem.detail}}
            )
        return _answer(replace(problem, detail=problem.detail[:2_000]), http_status(problem))
