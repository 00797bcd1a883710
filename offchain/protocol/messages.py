"""Messages between an enclave, its host and other enclaves, as strict JSON.

=======================================  ==================  ===================
request                                  body                answer
=======================================  ==================  ===================
``GET  /identity``                                           `RosterEntry`
``POST /attestation``                    `Registration`      `Attestation`
``HEAD /artifacts/{sha256}``                                 204, or 404
``PUT  /artifacts/{sha256}``             the bytes           204
``POST /measure``                        `Bundle`            202 and `RunStatus`
``GET  /measure/{task_id}/{round}``                          `RunStatus`
``POST /propose``                        `RunId`             `Proposal`
``POST /cosign``                         `CosignRequest`     `Signed`
``GET  /health``                                             `Health`
=======================================  ==================  ===================

Every failure is answered with a `Problem`. `offchain.protocol.encoding` states the JSON encoding.
"""

from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.dataclasses import dataclass

from offchain.protocol.encoding import (
    STRICT,
    Address,
    Bytes32,
    HexBytes,
    Index,
    Uint256,
    from_json,
)
from offchain.protocol.errors import (
    DeviceError,
    GoldenGrainError,
    InvalidRequest,
    RequestFault,
    RunAborted,
    RunStopped,
)
from offchain.protocol.hashes import tagged
from offchain.protocol.manifest import Manifest
from offchain.protocol.release import Release
from offchain.protocol.reports import Cosignature, Report, StopNotice
from offchain.protocol.results import Result, Results
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript

Round = Annotated[int, Ge(0), Le(1)]
"""0 for a task's report, 1 for the verdict of a panel."""

# ── Registration ──


@dataclass(frozen=True, config=STRICT)
class Registration:
    """Values that a quote binds an enclave to, as `IEnclaveRegistry.report_data` takes them.

    Args:
        operator: the account that will call `register_enclave`.
        registry: address of the registry.
        chain_id: of the registry's chain.
        block_number: among the last 256 when the registration is executed.
        block_hash: of that block.
    """

    operator: Address
    registry: Address
    chain_id: Uint256
    block_number: Uint256
    block_hash: Bytes32

    def report_data(self, identity: RosterEntry) -> bytes:
        """Return the bytes32 that an enclave's quote must hold, zero-padded to 64 bytes."""
        return tagged(
            "ENCLAVE",
            ["uint256", "address", "address", "address", "bytes32", "uint256", "bytes32"],
            self.chain_id,
            self.registry,
            self.operator,
            identity.signing_key,
            identity.sealing_key,
            self.block_number,
            self.block_hash,
        )


@dataclass(frozen=True, config=STRICT)
class Attestation:
    """A quote as the device returned it; the host parses, verifies and packs it.

    Args:
        quote: raw bytes; a device may pad them.
        report_data: the bytes32 that was requested.
        device: `gramine`, `tdx`, `dstack`, or `simulated` for a quote that proves nothing.
    """

    quote: HexBytes
    report_data: Bytes32
    device: str


# ── Measurement ──


@dataclass(frozen=True, config=STRICT)
class Posted:
    """A report that was posted to the market, as the untrusted host presents it.

    Args:
        report: of round 0.
        cosignatures: the quorum's.
    """

    report: Report
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True, config=STRICT)
class Bundle:
    """The input of a measurement, without the artifacts.

    Args:
        transcript: of the task.
        manifest: of the task.
        release: from the provider to this enclave.
        keyrings: of every submission of the inventory, by index.
        posted: for a panel (round 1), the disputed report.
    """

    transcript: Transcript
    manifest: Manifest
    release: Release
    keyrings: dict[Index, HexBytes]
    posted: Posted | None = None

    @property
    def round(self) -> int:
        """Round of the measurement: 0, or 1 for a panel."""
        return 0 if self.posted is None else 1


def read_bundle(data: bytes | bytearray) -> Bundle:
    """Read a bundle from untrusted JSON.

    Raises:
        InvalidRequest: `MALFORMED`; the detail names the field, its value and what was expected.
    """
    try:
        return from_json(Bundle, data)
    except ValidationError as error:
        raise InvalidRequest(RequestFault.MALFORMED, str(error)) from error


@dataclass(frozen=True, config=STRICT)
class RunId:
    """Identifier of a measurement: there is at most one for each task and round."""

    task_id: Bytes32
    round: Round


class RunStage(StrEnum):
    """Stages of a measurement."""

    WAITING = "waiting"
    MEASURING = "measuring"
    MEASURED = "measured"
    FAILED = "failed"


# ── Signing ──


@dataclass(frozen=True, config=STRICT)
class Proposal:
    """The scores of all submissions and the choices among them, unsigned.

    Args:
        results: of every revealed submission, by rising index.
        chosen: for `Selection.ENSEMBLE` the team in the order of the choices, else empty.
        upheld: True if it is of an enclave that upholds the posted report.
    """

    results: tuple[Result, ...]
    chosen: tuple[Index, ...]
    upheld: bool = False


@dataclass(frozen=True, config=STRICT)
class CosignRequest:
    """A request to sign any enclave's proposal.

    Args:
        platform: the asked enclave's, as the registry has it.
        report: digest of the report that must follow from the proposal; None takes any.
    """

    run: RunId
    proposal: Proposal
    platform: Bytes32
    report: Bytes32 | None = None


@dataclass(frozen=True, config=STRICT)
class Signed:
    """A report that an enclave signed.

    Args:
        report: with the results root of the posted report if it upholds one.
        cosignature: the enclave's.
        results: the results file; None for a report that upholds a posted one.
    """

    report: Report
    cosignature: Cosignature
    results: Results | None

    @property
    def file(self) -> Results:
        """The results file of a report that upholds no other.

        Raises:
            ValueError: it upholds a posted report.
        """
        if self.results is None:
            raise ValueError("a report that upholds a posted one, expected one with results")
        return self.results


# ── Problems ──


class ProblemKind(StrEnum):
    """Kinds of problems."""

    REFUSED = "refused"
    """The enclave refuses the request; ``reason`` says why."""
    ABORTED = "aborted"
    """The environment failed in the run of ``submission``. A retry may succeed."""
    STOPPED = "stopped"
    """Kernel or clock ended the models that ``notice`` names. All other scores are kept: a release
    without these submissions measures nothing again."""
    REQUEST = "request"
    """No such path, method or measurement, or too many bytes."""
    ATTESTATION = "attestation"
    """The device returns no quote."""
    FAILED = "failed"
    """A fault of the service; its log has the details."""


@dataclass(frozen=True, config=STRICT)
class Problem:
    """The answer to a request that failed."""

    kind: ProblemKind
    detail: str
    reason: RequestFault | None = None
    submission: Index | None = None
    notice: StopNotice | None = None


@dataclass(frozen=True, config=STRICT)
class RunStatus:
    """Progress of a measurement: ``done`` of ``total`` submissions have their result."""

    run: RunId
    stage: RunStage
    done: int
    total: int
    problem: Problem | None = None


@dataclass(frozen=True, config=STRICT)
class Health:
    """State of the service: ``simulated`` is True if attestation is SIMULATED, proving nothing."""

    measuring: bool
    simulated: bool


class ServiceError(GoldenGrainError, RuntimeError):
    """The service is unreachable, rejects the request as unknown, or failed."""


_STATUS = {
    ProblemKind.REQUEST: 400,
    ProblemKind.ABORTED: 503,
    ProblemKind.STOPPED: 503,
    ProblemKind.ATTESTATION: 503,
    ProblemKind.FAILED: 500,
}
_STATUS_OF_REFUSAL = {RequestFault.MALFORMED: 400, RequestFault.NOT_MEASURED: 404}


def problem_of(error: Exception) -> Problem:
    """Return the problem to answer with; a fault of the service shows its type alone."""
    match error:
        case InvalidRequest():
            return Problem(ProblemKind.REFUSED, error.detail, reason=error.reason)
        case RunStopped():
            notice = error.notice if isinstance(error.notice, StopNotice) else None
            return Problem(
                ProblemKind.STOPPED, error.cause, submission=error.submission, notice=notice
            )
        case RunAborted():
            return Problem(ProblemKind.ABORTED, error.cause, submission=error.submission)
        case DeviceError():
            return Problem(ProblemKind.ATTESTATION, f"{type(error).__name__}: {error}")
        case _:
            return Problem(ProblemKind.FAILED, type(error).__name__)


def http_status(problem: Problem) -> int:
    """Return the HTTP status of a problem: 400 to 503; 409 for most refusals."""
    if problem.reason is not None:
        return _STATUS_OF_REFUSAL.get(problem.reason, 409)
    return _STATUS[problem.kind]
