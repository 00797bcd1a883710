"""Errors as problems on the wire, and back."""

from offchain.attestation.backends import BackendError
from offchain.attestation.errors import RejectedError
from offchain.errors import Refused, Why
from offchain.models.refusals import RunAborted
from offchain.service.wire import Kind, Problem

_STATUS = {Kind.REQUEST: 400, Kind.ABORTED: 503, Kind.ATTESTATION: 503, Kind.FAILED: 500}
_STATUS_OF_REFUSAL = {Why.MALFORMED: 400, Why.NOT_MEASURED: 404}


class ServiceError(RuntimeError):
    """The service cannot be reached, does not know the request, or failed."""


def problem_of(error: Exception) -> Problem:
    """What a client is told; of a fault of the service, only its type."""
    match error:
        case Refused():
            return Problem(Kind.REFUSED, error.detail, why=error.why)
        case RunAborted():
            return Problem(Kind.ABORTED, error.cause, submission=error.submission)
        case BackendError() | RejectedError():
            return Problem(Kind.ATTESTATION, f"{type(error).__name__}: {error}")
        case _:
            return Problem(Kind.FAILED, type(error).__name__)


def http_status(problem: Problem) -> int:
    """400 to 503; 409 for most refusals."""
    if problem.why is not None:
        return _STATUS_OF_REFUSAL.get(problem.why, 409)
    return _STATUS[problem.kind]


def error_of(problem: Problem) -> Exception:
    """The error that the problem was made of, as far as the wire tells."""
    if problem.why is not None:
        return Refused(problem.why, problem.detail)
    if problem.submission is not None:
        return RunAborted(problem.submission, problem.detail)
    return ServiceError(f"{problem.kind}: {problem.detail}")
