"""A client of the service: what its host's tools, other operators and the demo use."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import ValidationError

from offchain.bundle import Bundle
from offchain.codec import from_json, to_json
from offchain.enclave import Signed
from offchain.proposals import Proposal
from offchain.service.problems import ServiceError, error_of
from offchain.service.wire import (
    Attestation,
    CosignRequest,
    Health,
    Problem,
    Registration,
    RunId,
    Stage,
    Status,
)
from offchain.task import RosterEntry

T = TypeVar("T")


class EnclaveClient:
    """An enclave behind its service.

    Every method raises what the enclave raised, `Refused` or `RunAborted`, or `ServiceError` when
    the service cannot be reached, does not know the request, or failed.
    """

    def __init__(self, url: str, seconds: float = 60.0) -> None:
        """Args:
        url: such as ``http://127.0.0.1:8700``.
        seconds: to wait for an answer; for a connection, five at most.
        """
        self.url = url
        timeout = httpx.Timeout(seconds, connect=min(seconds, 5.0))
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def identity(self) -> RosterEntry:
        """The public keys of this boot."""
        return self._get(RosterEntry, "/identity")

    def attest(self, registration: Registration) -> Attestation:
        """Evidence for `register_enclave`."""
        return self._post(Attestation, "/attestation", registration)

    def start(self, bundle: Bundle) -> Status:
        """Asks for a measurement and does not wait; asking again is harmless."""
        return self._post(Status, "/measure", bundle)

    def status(self, run: RunId) -> Status:
        """How far a measurement is. Raises `Refused` `NOT_MEASURED` when it was never asked for."""
        return self._get(Status, f"/measure/0x{run.task_id.hex()}/{run.round}")

    def measure(
        self,
        bundle: Bundle,
        progress: Callable[[Status], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Asks for a measurement and waits until it is done; ``progress`` is told its status."""
        status, wait = self.start(bundle), 0.05
        while status.stage is not Stage.MEASURED:
            progress(status)
            if status.problem is not None:
                raise error_of(status.problem)
            pause(wait)
            wait = min(2 * wait, 2.0)
            status = self.status(status.run)
        progress(status)

    def propose(self, task_id: bytes, round_: int) -> Proposal:
        """As `Enclave.propose`."""
        return self._post(Proposal, "/propose", RunId(task_id, round_))

    def cosign(self, task_id: bytes, round_: int, proposal: Proposal, platform: bytes) -> Signed:
        """As `Enclave.cosign`."""
        request = CosignRequest(RunId(task_id, round_), proposal, platform)
        return self._post(Signed, "/cosign", request)

    def health(self) -> Health:
        """That it answers."""
        return self._get(Health, "/health")

    def close(self) -> None:
        """Ends its connections."""
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
        try:
            answer = self._http.request(method, path, content=content)
            if answer.is_success:
                return from_json(kind, answer.content)
            problem = from_json(Problem, answer.content)
        except httpx.HTTPError as error:
            raise ServiceError(f"{method} {self.url}{path}: {error!r}") from error
        except ValidationError as error:
            raise ServiceError(f"{method} {path} answers otherwise: {error}") from error
        raise error_of(problem)
