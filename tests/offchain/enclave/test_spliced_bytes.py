"""Fuzzing of bundles: random edits never lead to a signed report that the market accepts.

The honest report is the only exception. The market accepts reports on its task and seed in its own
domain. There are bundles of the first round, and of a panel.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.encoding import to_json
from offchain.protocol.errors import InvalidRequest, RunAborted
from offchain.protocol.messages import Bundle, Posted, read_bundle
from offchain.protocol.pricing import Award
from tests.offchain.honest import BUNDLE, HONEST, OFFERS, REPORT, TASK_ID, fresh, sign
from tests.offchain.market import TOOLS, make_market
from tests.vectors.generate import DOMAIN, word

BYTES = b'0123456789abcdef",:{}[]x'


def panel_bundle() -> Bundle:
    """Make the bundle with which the second enclave judges the first one's report."""
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    signed = enclave.cosign(TASK_ID, 0, enclave.propose(TASK_ID, 0), bytes(32))
    posted = Posted(signed.report, (signed.cosignature,))
    return replace(HONEST.bundle(fresh(1)), posted=posted)


@dataclass(frozen=True)
class Base:
    """A valid bundle and the enclave that it is for."""

    position: int
    data: bytes

    def hold(self, data: bytes) -> None:
        """Have the enclave measure and sign the bundle in the bytes."""
        try:
            bundle = read_bundle(data)
            report = sign(fresh(self.position), bundle)
        except (InvalidRequest, RunAborted):
            return
        domain = bundle.transcript.domain
        if (domain, report.task_id, report.seed) == (DOMAIN, TASK_ID, REPORT.seed):
            assert report == replace(REPORT, round=report.round)


BASES = [Base(0, to_json(BUNDLE)), Base(1, to_json(panel_bundle()))]
OTHERS = [
    make_market(OFFERS, nonce=8),
    make_market(OFFERS, prevrandao=word("fork")),
    make_market(OFFERS[::-1]),
]
DONORS = [base.data for base in BASES] + [
    to_json(market.bundle(fresh(position))) for market in OTHERS for position in (0, 1)
]
DOCUMENTS = [json.loads(data) for data in DONORS]


@pytest.mark.parametrize("base", BASES)
def test_sign__honest_bytes__is_the_honest_report(base: Base) -> None:
    report = sign(fresh(base.position), read_bundle(base.data))
    assert report == replace(REPORT, round=base.position)
    assert report.awards[0] == Award(0, 1_000_000)


@pytest.mark.parametrize("base", BASES)
@given(st.data())
def test_sign__bytes_replaced__is_refused_or_the_same_report(
    base: Base, data: st.DataObject
) -> None:
    altered = bytearray(base.data)
    change = st.tuples(st.integers(0, len(altered) - 1), st.sampled_from(BYTES))
    for position, byte in data.draw(st.lists(change, max_size=3)):
        altered[position] = byte
    base.hold(bytes(altered))


@pytest.mark.parametrize("base", BASES)
@given(st.sampled_from(DONORS), st.data(), st.integers(1, 700), st.integers(-90, 90))
def test_sign__bytes_spliced__is_refused_or_the_same_report(
    base: Base, donor: bytes, data: st.DataObject, length: int, shift: int
) -> None:
    start = data.draw(st.integers(0, len(base.data)))
    source = max(0, start + shift)
    piece = donor[source : source + length]
    base.hold(base.data[:start] + piece + base.data[start + length :])


def paths(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of the values of a JSON document."""
    if isinstance(document, dict):
        return [leaf for key in document for leaf in paths(document[key], (*path, key))]
    if isinstance(document, list):
        return [leaf for i in range(len(document)) for leaf in paths(document[i], (*path, i))]
    return [path]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("base", BASES)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_sign__values_exchanged__is_refused_or_the_same_report(
    base: Base, donor: Any, data: st.DataObject
) -> None:
    document = json.loads(base.data)
    exchange = st.tuples(st.sampled_from(paths(document)), st.sampled_from(paths(donor)))
    for target, source in data.draw(st.lists(exchange, min_size=1, max_size=4)):
        at(document, target[:-1])[target[-1]] = at(donor, source)
    base.hold(json.dumps(document).encode())


@pytest.mark.parametrize("base", BASES)
@given(st.sampled_from(DOCUMENTS), st.sets(st.sampled_from(list(DOCUMENTS[1]))))
def test_sign__parts_of_two_bundles__is_refused_or_the_same_report(
    base: Base, donor: dict[str, Any], parts: set[str]
) -> None:
    document = json.loads(base.data) | {part: donor[part] for part in parts if part in donor}
    base.hold(json.dumps(document).encode())
