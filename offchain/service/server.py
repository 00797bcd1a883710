"""The service: aiohttp on loopback in front of one enclave.

| request                           | answer                                                    |
|-----------------------------------|-----------------------------------------------------------|
| GET  /identity                    | `RosterEntry`: the public keys of this boot               |
| POST /attestation `Registration`  | `Attestation`                                             |
| POST /measure `Bundle`            | 202 and `Status`, at once; the run goes on without client |
| GET  /measure/{task_id}/{round}   | `Status`                                                  |
| POST /propose `RunId`             | `Proposal`: what it signed already, or would sign         |
| POST /cosign `CosignRequest`      | `Signed`, after it is in the journal                      |
| GET  /health                      | `Health`                                                  |

Else a `Problem`, with status 400, 404, 409, 413, 500 or 503.
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

from offchain.benchmark import Tools
from offchain.bundle import Bundle, read_bundle
from offchain.codec import from_json, to_json
from offchain.enclave import Enclave, Signed
from offchain.errors import Refused, Why
from offchain.results import Result
from offchain.service.attest import Attester
from offchain.service.journal import Journal
from offchain.service.problems import http_status, problem_of
from offchain.service.runs import Runs
from offchain.service.wire import (
    CosignRequest,
    Health,
    Kind,
    Problem,
    Registration,
    RunId,
)
from offchain.service.workers import Parallel

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_BYTES = 64 * 2**20
"""No larger request is read: some 10,000 submissions with their keyrings."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """One boot of an enclave, and what it works with.

    Args:
        enclave: with its keys.
        tools: where artifacts are, and how models run.
        attester: where quotes come from.
        journal: takes every signature before it is sent.
        workers: submissions measured at a time.
        parallel: entered around a measurement: where joblib works.
    """

    enclave: Enclave
    tools: Tools
    attester: Attester
    journal: Journal
    workers: int = 1
    parallel: Parallel = nullcontext


def make_app(service: Service, request_bytes: int = REQUEST_BYTES) -> web.Application:
    """The application; more than ``request_bytes`` of a request are not read."""
    handlers = _Handlers(service)
    app = web.Application(middlewares=[_answer_problems], client_max_size=request_bytes)
    app.add_routes(
        [
            web.get("/identity", handlers.identity),
            web.post("/attestation", handlers.attestation),
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
        attester, identity = self._service.attester, self._service.enclave.identity
        return _answer(await asyncio.to_thread(attester.attest, registration, identity))

    async def measure(self, request: web.Request) -> web.Response:
        bundle = read_bundle(await request.read())
        return _answer(self._runs.start(bundle), 202)

    async def status(self, request: web.Request) -> web.Response:
        run = RunId(
            bytes.fromhex(request.match_info["task_id"][2:]), int(request.match_info["round"])
        )
        status = self._runs.status(run)
        if status is None:
            raise Refused(Why.NOT_MEASURED, f"task 0x{run.task_id.hex()} in round {run.round}")
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
        return _answer(Health(self._runs.busy, self._service.attester.simulated))

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
        raise Refused(Why.MALFORMED, str(error)) from error


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(body=to_json(value), status=status, content_type="application/json")


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _answer(Problem(Kind.REQUEST, f"{error.reason}: {request.path}"), error.status)
    except Exception as error:
        problem = problem_of(error)
        if problem.kind is Kind.FAILED:
            log.exception("request failed", extra={"fields": {"path": request.path}})
        else:
            log.warning(
                "problem", extra={"fields": {"path": request.path, "detail": problem.detail}}
            )
        return _answer(replace(problem, detail=problem.detail[:2_000]), http_status(problem))
