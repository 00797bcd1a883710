"""JSON documents of providers, operators and enclaves: held against a second reader.

The first byte of an input chooses the kind of document. `tests.fire.judge` reads each kind too.
"""

from functools import cache
from random import Random

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.messages import Signed
from offchain.protocol.reports import StopNotice
from tests.fire import judge
from tests.fire.fuzz import all_documents, read_as_judged
from tests.fire.mutations import change_document
from tests.foreign.parser import Parser

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


PARSERS = {"document": Parser(read_document, documents, change, max_bytes=2**14)}
