"""JSON of providers, operators and enclaves: documents, and what an enclave's service answers.

The first byte of an input chooses the kind. `tests.fire.judge` reads documents too.
"""

from functools import cache
from random import Random

from pydantic import ValidationError

from offchain.operator.client import error_of
from offchain.protocol import messages
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Problem, ProblemKind, Signed
from offchain.protocol.reports import StopNotice
from offchain.protocol.task import RosterEntry
from tests.fire import judge
from tests.fire.fuzz import all_documents, read_as_judged
from tests.fire.mutations import change_document
from tests.foreign.parser import Parser
from tests.offchain.honest import HONEST, TASK_ID

KINDS = sorted(judge.DOCUMENTS, key=lambda kind: kind.__name__)


def read_document(data: bytes) -> bool:
    """Read a document as the judge does; it is written, and the same is read again."""
    if not data:
        return False
    kind, content = KINDS[data[0] % len(KINDS)], data[1:]
    found = read_as_judged(kind, content)
    assert found is None or from_json(kind, to_json(found)) == found
    return found is not None


def change(data: bytes, source: Random) -> bytes:
    """Return the same kind of document with other values; other bytes where it is no JSON."""
    try:
        return data[:1] + change_document(data[1:], source)
    except (ValueError, RecursionError):
        return data + b"}"


@cache
def documents() -> list[bytes]:
    """Return a document of every kind, each after the byte that chooses its kind."""
    known = {type(each): each for each in all_documents()}
    signed = known[Signed]
    known[StopNotice] = StopNotice(signed.report.task_id, (0, 2), signed.cosignature)
    return [bytes([KINDS.index(kind)]) + to_json(each) for kind, each in known.items()]


ANSWERS = (messages.Attestation, messages.Health, messages.RunStatus, Problem, RosterEntry)


def read_answer(data: bytes) -> bool:
    """Read what the service of another's enclave answers; a problem becomes an error of its own."""
    if not data:
        return False
    try:
        found = from_json(ANSWERS[data[0] % len(ANSWERS)], data[1:])
    except ValidationError:
        return False
    if isinstance(found, Problem):
        assert str(error_of(found))
    return True


def answers() -> list[bytes]:
    """Return an answer of every kind."""
    problem = Problem(ProblemKind.STOPPED, "killed", submission=2)
    known = (
        messages.Attestation(b"quote", TASK_ID, "simulated"),
        messages.Health(measuring=False, simulated=True),
        messages.RunStatus(messages.RunId(TASK_ID, 0), messages.RunStage.FAILED, 1, 3, problem),
        problem,
        HONEST.enclaves[0].identity,
    )
    return [bytes([ANSWERS.index(type(each))]) + to_json(each) for each in known]


PARSERS = {
    "document": Parser(read_document, documents, change, max_bytes=2**14),
    "service-answer": Parser(read_answer, answers, change),
}
