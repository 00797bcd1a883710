"""Whom a buyer gives the test set: more operators with time, and a panel without the signers."""

from types import SimpleNamespace

import pytest

from offchain.chain.history import History, Signer, StandingReport
from offchain.chain.registry import Registered
from offchain.provider import buying
from offchain.provider.buying import Buyer
from offchain.storage.publications import TaskDocuments
from tests.offchain.market import Offer, make_market
from tests.vectors.generate import address, word

MARKET = make_market(
    [Offer()], quorum=2, commit_deadline=10, reveal_deadline=100, report_deadline=400
)
TRANSCRIPT = MARKET.transcript
KEYS = [each.signing_key for each in TRANSCRIPT.roster]


@pytest.fixture
def buyer():
    """At a time that a test sets; what it releases is noted."""
    asked = []

    def note(_, given):
        asked.append(given)
        yield from ()

    return Buyer(
        market=SimpleNamespace(now=lambda: 100, node=None, registry="0x"),
        sender=None,
        task_id=TRANSCRIPT.task_id,
        task=TRANSCRIPT.task,
        documents=TaskDocuments(MARKET.manifest, TRANSCRIPT.roster),
        release=SimpleNamespace(next_release=note, release=note, asked=asked),
        opening=None,
    )


@pytest.mark.parametrize(("time", "spares"), [(100, 0), (199, 0), (200, 2), (300, 4), (399, 4)])
def test_measure__each_third_of_the_time_to_report__adds_a_quorum_of_spares(buyer, time, spares):
    buyer.market.now = lambda: time
    history = History(TRANSCRIPT.task, seed=TRANSCRIPT.seed)
    assert list(buyer._measure(history)) == ["waits for the enclaves"]
    assert buyer.release.asked == [spares]


def test_dispute__operators_of_the_signers__get_no_test_set_with_any_enclave(buyer, monkeypatch):
    """The first two signed. The third enclave is another one of the first operator."""
    operators = [address(f"operator {0 if seat == 2 else seat}") for seat in range(7)]
    known = {
        entry: Registered(operator, word(operator), entry.sealing_key, 1)
        for entry, operator in zip(TRANSCRIPT.roster, operators, strict=True)
    }
    registry = SimpleNamespace(active=lambda *_: known)
    monkeypatch.setattr(buying, "Registry", lambda *_: registry)
    signers = tuple(Signer(KEYS[seat], operators[seat], b"") for seat in (0, 1))
    posted = StandingReport(b"", b"", (), (), signers, ())
    history = History(
        TRANSCRIPT.task, seed=TRANSCRIPT.seed, posted=posted, challenger=address("challenger")
    )
    list(buyer._dispute(history, SimpleNamespace(time_a=200)))
    assert buyer.release.asked == [KEYS[3:]]
