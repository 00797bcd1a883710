"""Random bytes in a valid bundle never lead to a signed report that the market takes.

Unless it is the honest one: the market takes what names its task and seed in its own domain.
"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from offchain.bundle import read_bundle
from offchain.codec import to_json
from offchain.enclave import Enclave
from offchain.errors import Refused
from offchain.models.refusals import RunAborted
from offchain.pricing import Award
from tests.offchain.honest import BUNDLE, OFFERS, REPORT, TASK_ID, fresh, sign
from tests.offchain.market import make_market
from tests.vectors.generate import DOMAIN, word


def in_vain_or_same(enclave: Enclave, data: bytes) -> None:
    """Measures and signs whatever the bytes say, and holds the outcome to what the market takes."""
    try:
        bundle = read_bundle(data)
        report = sign(enclave, bundle)
    except (Refused, RunAborted):
        return
    transcript = bundle.transcript
    if (transcript.domain, report.task_id, report.seed) != (DOMAIN, TASK_ID, REPORT.seed):
        return
    assert report == REPORT


DATA = to_json(BUNDLE)
DIGITS = b'0123456789abcdef",:{}[]x'


@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.sampled_from(DIGITS)), max_size=3))
def test_sign__bytes_replaced__is_refused_or_the_same_report(
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(DATA)
    for position, byte in changes:
        data[position] = byte
    in_vain_or_same(fresh(), bytes(data))


OTHERS = [
    make_market(OFFERS, nonce=8),
    make_market(OFFERS, prevrandao=word("fork")),
    make_market(OFFERS[::-1]),
]
DONORS = [DATA, *(to_json(market.bundle(fresh())) for market in OTHERS)]


@given(
    st.sampled_from(DONORS), st.integers(0, len(DATA)), st.integers(1, 700), st.integers(-90, 90)
)
def test_sign__bytes_spliced__is_refused_or_the_same_report(
    donor: bytes, start: int, length: int, shift: int
) -> None:
    source = max(0, start + shift)
    spliced = DATA[:start] + donor[source : source + length] + DATA[start + length :]
    in_vain_or_same(fresh(), spliced)


def leaves(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON document."""
    if isinstance(document, dict):
        return [leaf for key in document for leaf in leaves(document[key], (*path, key))]
    if isinstance(document, list):
        return [leaf for at in range(len(document)) for leaf in leaves(document[at], (*path, at))]
    return [path]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


DOCUMENTS = [json.loads(data) for data in DONORS]
PATHS = leaves(DOCUMENTS[0])


@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS)), min_size=1, max_size=4),
)
def test_sign__values_exchanged_with_another_bundle__is_refused_or_the_same_report(
    donor: Any, exchanges: list[tuple[tuple[Any, ...], tuple[Any, ...]]]
) -> None:
    document = json.loads(DATA)
    for target, source in exchanges:
        at(document, target[:-1])[target[-1]] = at(donor, source)
    in_vain_or_same(fresh(), json.dumps(document).encode())


@given(st.sampled_from(DOCUMENTS), st.sets(st.sampled_from(list(DOCUMENTS[0]))))
def test_sign__parts_of_two_bundles__is_refused_or_the_same_report(
    donor: dict[str, Any], parts: set[str]
) -> None:
    document = json.loads(DATA) | {part: donor[part] for part in parts}
    in_vain_or_same(fresh(), json.dumps(document).encode())


def test_sign__honest_bytes__is_the_honest_report() -> None:
    assert sign(fresh(), read_bundle(DATA)) == REPORT
    assert REPORT.awards[0] == Award(0, 1_000_000)
