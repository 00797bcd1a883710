"""A client of an enclave's service, for its host's tools, other operators and the demo."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from os import SEEK_END
from types import TracebackType
from typing import IO, Self, TypeVar

import httpx
from pydantic import ValidationError

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import (
    Attestation,
    Bundle,
    CosignRequest,
    Health,
    Problem,
    Proposal,
    Registration,
    RunId,
    RunStage,
    RunStatus,
    ServiceError,
    Signed,
    error_of,
)
from offchain.protocol.task import RosterEntry

T = TypeVar("T")

_CHUNK_BYTES = 2**20


class EnclaveClient:
    """An enclave behind its service.

    Every method raises the enclave's own error, `InvalidRequest` or `RunAborted`, or `ServiceError`
    when the service cannot be reached, does not know the request, or failed.

    Args:
        url: such as ``http://127.0.0.1:8700``.
        seconds: timeout of an answer; that of a connection is 5 seconds at most.
    """

    def __init__(self, url: str, seconds: float = 60.0) -> None:
        self.url = url
        timeout = httpx.Timeout(seconds, connect=min(seconds, 5.0))
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def identity(self) -> RosterEntry:
        """Return the enclave's public keys, which are new at each boot."""
        return self._get(RosterEntry, "/identity")

    def attest(self, registration: Registration) -> Attestation:
        """Return the raw quote for a registration."""
        return self._post(Attestation, "/attestation", registration)

    def has_artifact(self, digest: bytes) -> bool:
        """Return True if the enclave's folder holds an artifact (sha256, 32 bytes)."""
        answer = self._request("HEAD", f"/artifacts/{digest.hex()}")
        if answer.status_code not in (204, 404):
            raise ServiceError(f"HEAD {answer.url}: status {answer.status_code}")
        return answer.is_success

    def put_artifact(self, digest: bytes, source: IO[bytes]) -> None:
        """Upload an artifact: all of ``source``, which can seek, read in bounded memory."""
        size = source.seek(0, SEEK_END)
        source.seek(0)
        chunks = iter(partial(source.read, _CHUNK_BYTES), b"")
        answer = self._request("PUT", f"/artifacts/{digest.hex()}", chunks, size)
        if not answer.is_success:
            raise _error(answer)

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
        return self._post(Proposal, "/propose", RunId(task_id, round_))

    def cosign(self, task_id: bytes, round_: int, proposal: Proposal, platform: bytes) -> Signed:
        """Return the report that follows from a proposal, signed. See `Enclave.cosign`."""
        request = CosignRequest(RunId(task_id, round_), proposal, platform)
        return self._post(Signed, "/cosign", request)

    def health(self) -> Health:
        """Return the service's health, which shows that it answers."""
        return self._get(Health, "/health")

    def close(self) -> None:
        """Close the client's connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _get(self, kind: type[T], path: str) -> T:
        return self._ask(kind, "GET", path, None)

    def _post(self, kind: type[T], path: str, value: object) -> T:
        return self._ask(kind, "POST", path, to_json(value))

    def _ask(self, kind: type[T], method: str, path: str, content: bytes | None) -> T:
        answer = self._request(method, path, content)
        if not answer.is_success:
            raise _error(answer)
        try:
            return from_json(kind, answer.content)
        except ValidationError as error:
            raise _unexpected(answer, error) from error

    def _request(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        size: int | None = None,
    ) -> httpx.Response:
        headers = {} if size is None else {"Content-Length": str(size)}
        try:
            return self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise ServiceError(f"{method} {self.url}{path}: {error!r}") from error


def _error(answer: httpx.Response) -> Exception:
    """Return the error that an answer describes."""
    try:
        return error_of(from_json(Problem, answer.content))
    except ValidationError as error:
        return _unexpected(answer, error)


def _unexpected(answer: httpx.Response, error: ValidationError) -> ServiceError:
    request = answer.request
    return ServiceError(f"{request.method} {request.url.path}: unexpected answer: {error}")
