"""A client of an enclave's service, for its host's tools and the demo."""

import time
from collections.abc import Callable
from os import SEEK_END
from types import TracebackType
from typing import IO, Self, TypeVar

from pydantic import ValidationError

from offchain.operator.requests import Answer, Upload, request
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import InvalidRequest, RunAborted, RunStopped
from offchain.protocol.messages import (
    Attestation,
    Bundle,
    CosignRequest,
    Health,
    Problem,
    ProblemKind,
    Proposal,
    Registration,
    RunId,
    RunStage,
    RunStatus,
    ServiceError,
    Signed,
)
from offchain.protocol.task import RosterEntry

T = TypeVar("T")

_SLOWEST = 2**18
"""Bytes of an upload for which a service gets a second more."""
_SMALL_BYTES = 2**16
_PROPOSAL_BYTES = 4 * 2**20
_SIGNED_BYTES = 16 * 2**20
"""Limits of answers: a proposal and a results file of some 50,000 submissions, and all others."""


class EnclaveClient:
    """An enclave behind its service.

    Every method raises the enclave's own error, `InvalidRequest` or `RunAborted`, or `ServiceError`
    when the service cannot be reached, does not know the request, or failed.

    Args:
        url: such as ``http://127.0.0.1:8700``.
        seconds: deadline of a whole answer; an upload gets more by its size.
    """

    def __init__(self, url: str, seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self.seconds = seconds

    def identity(self) -> RosterEntry:
        """Return the enclave's public keys, which are new at each boot."""
        return self._get(RosterEntry, "/identity")

    def attest(self, registration: Registration) -> Attestation:
        """Return the raw quote for a registration."""
        return self._post(Attestation, "/attestation", registration)

    def has_artifact(self, digest: bytes) -> bool:
        """Return True if the enclave's folder holds an artifact (sha256, 32 bytes)."""
        path = f"/artifacts/{digest.hex()}"
        answer = self._request("HEAD", path)
        if answer.status not in (204, 404):
            raise ServiceError(f"HEAD {self.url}{path}: status {answer.status}")
        return answer.is_success

    def put_artifact(self, digest: bytes, source: IO[bytes]) -> None:
        """Upload an artifact: all of ``source``, which can seek, read in bounded memory."""
        size = source.seek(0, SEEK_END)
        source.seek(0)
        path = f"/artifacts/{digest.hex()}"
        answer = self._request("PUT", path, Upload(source, size))
        if not answer.is_success:
            raise _error(f"PUT {self.url}{path}", answer)

    def start(self, bundle: Bundle) -> RunStatus:
        """Start a measurement and do not wait for it; a second request changes nothing."""
        return self._post(RunStatus, "/measure", bundle)

    def status(self, run: RunId) -> RunStatus:
        """Return the status of a measurement.

        Raises:
            InvalidRequest: with `NOT_MEASURED` when it was never requested.
        """
        return self._get(RunStatus, f"/measure/0x{run.task_id.hex()}/{run.round}")

    def measure(
        self,
        bundle: Bundle,
        progress: Callable[[RunStatus], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start a measurement and wait until it is done; call ``progress`` with each status."""
        status, wait = self.start(bundle), 0.05
        while status.stage is not RunStage.MEASURED:
            progress(status)
            if status.problem is not None:
                raise error_of(status.problem)
            pause(wait)
            wait = min(2 * wait, 2.0)
            status = self.status(status.run)
        progress(status)

    def propose(self, task_id: bytes, round_: int) -> Proposal:
        """Return the enclave's proposal for a report. See `Enclave.propose`."""
        return self._post(Proposal, "/propose", RunId(task_id, round_), _PROPOSAL_BYTES)

    def cosign(
        self,
        task_id: bytes,
        round_: int,
        proposal: Proposal,
        platform: bytes,
        expected: bytes | None = None,
    ) -> Signed:
        """Return the report that follows from a proposal, signed. See `Enclave.cosign`."""
        asked = CosignRequest(RunId(task_id, round_), proposal, platform, expected)
        return self._post(Signed, "/cosign", asked, _SIGNED_BYTES)

    def health(self) -> Health:
        """Return the service's health, which shows that it answers."""
        return self._get(Health, "/health")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: no connection outlives its request."""

    def _get(self, kind: type[T], path: str) -> T:
        return self._ask(kind, "GET", path, None, _SMALL_BYTES)

    def _post(self, kind: type[T], path: str, value: object, limit: int = _SMALL_BYTES) -> T:
        return self._ask(kind, "POST", path, to_json(value), limit)

    def _ask(self, kind: type[T], method: str, path: str, content: bytes | None, limit: int) -> T:
        answer = self._request(method, path, content, limit)
        if not answer.is_success:
            raise _error(f"{method} {self.url}{path}", answer)
        try:
            return from_json(kind, answer.content)
        except ValidationError as error:
            raise _unexpected(f"{method} {self.url}{path}", error) from error

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None = None,
        limit: int = _SMALL_BYTES,
    ) -> Answer:
        size = body.size if isinstance(body, Upload) else len(body or b"")
        return request(method, self.url + path, limit, self.seconds + size / _SLOWEST, body)


def _error(asked: str, answer: Answer) -> Exception:
    """Return the error that an answer describes."""
    try:
        return error_of(from_json(Problem, answer.content))
    except ValidationError as error:
        return _unexpected(asked, error)


def _unexpected(asked: str, error: ValidationError) -> ServiceError:
    return ServiceError(f"{asked}: unexpected answer: {error}")


def error_of(problem: Problem) -> Exception:
    """Return the error that a problem was made from, as far as its fields show."""
    if problem.reason is not None:
        return InvalidRequest(problem.reason, problem.detail)
    if problem.submission is not None and problem.kind is ProblemKind.STOPPED:
        others = () if problem.notice is None else problem.notice.stopped[1:]
        return RunStopped(problem.submission, problem.detail, others, problem.notice)
    if problem.submission is not None:
        return RunAborted(problem.submission, problem.detail)
    return ServiceError(f"{problem.kind}: {problem.detail}")
