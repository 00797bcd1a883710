"""Decisions of a sale by the place of an entry: that of its commit, its award and its claim."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from offchain.chain.history import FINAL, OPEN, REPORTED, History, Signer, StandingReport
from offchain.developer import selling
from offchain.developer.preparation import prepare_submission
from offchain.developer.selling import Selling
from offchain.developer.state import Choices, View, Words
from offchain.protocol.pricing import Award
from offchain.storage.publications import TaskDocuments
from tests.offchain.market import Offer, make_market, model
from tests.vectors.generate import DOMAIN, address, word

MARKET = make_market([Offer(model([n])) for n in range(3)])
TRANSCRIPT = MARKET.transcript
DEVELOPER = address("developer 2")
ENTRY, _ = prepare_submission(
    model(), TRANSCRIPT.task, TRANSCRIPT.roster, DOMAIN, DEVELOPER, 7, word("secret"), word("salt")
)
OTHER = replace(ENTRY, salt=word("another entry of the account"))
SIGNER = Signer(address("signing key"), address("operator"), word("platform"))
AWARDS = Award(2, 900_000), Award(0, 800_000)
"""The last submission has the first award, and the first one the last."""
POSTED = StandingReport(word("inventory"), word("results"), (2, 0), AWARDS, (SIGNER,), ())
HISTORY = History(
    TRANSCRIPT.task,
    commits=(address("developer 0"), DEVELOPER, DEVELOPER),
    commitments=(word("other"), OTHER.commitment(DOMAIN), ENTRY.commitment(DOMAIN)),
    reveals=TRANSCRIPT.reveals,
    seed=TRANSCRIPT.seed,
    posted=POSTED,
)
OPENS, CLOSES = 100, 200


class Functions:
    """The functions of a market: each call is its name and its arguments."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given: (name, given)

    def credits(self, *_: str) -> SimpleNamespace:
        return SimpleNamespace(call=lambda: 0)


@dataclass(frozen=True)
class Node:
    confirmations: int = 3


class Sender:
    """An account that has sent nothing before."""

    address = DEVELOPER

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def is_waiting(self) -> bool:
        return False

    def nonce(self) -> int:
        return 5

    def send(self, call: Any, value: int = 0, *, nonce: int) -> None:
        self.sent.append(call)


@pytest.fixture
def sale():
    chain = SimpleNamespace(
        history=lambda _: HISTORY,
        domain=DOMAIN,
        contract=SimpleNamespace(functions=Functions(), address=DOMAIN.market),
        progress=lambda _: SimpleNamespace(stage=OPEN, time_a=0, time_b=0, claimed=0),
        node=Node(),
    )
    return Selling(
        market=chain,
        sender=Sender(),
        files=None,
        entry=ENTRY,
        documents=TaskDocuments(MARKET.manifest, TRANSCRIPT.roster),
        uploads=None,
        judgement=SimpleNamespace(form=lambda *_: iter(()), opinion=None),
        words=Words("{} units".format, "{} wei".format, lambda time, _: str(time)),
        choices=Choices(),
    )


def stepped(sale: Selling, index: int, monkeypatch, **seen: Any) -> list[str]:
    """Take a step of the entry with an index; ``seen`` are changes of what it sees."""
    view = replace(View(5, OPENS, HISTORY, FINAL, OPENS, CLOSES, 0, index), **seen)
    monkeypatch.setattr(Selling, "look", lambda _: view)
    return list(sale.step())


@pytest.mark.parametrize(("index", "position"), [(2, 0), (0, 1)])
def test_step__award__is_claimed_at_its_place_in_the_report(sale, monkeypatch, index, position):
    others = 1 << (1 - position)
    assert stepped(sale, index, monkeypatch, claimed=others) == [
        f"claimed {AWARDS[position].score} units"
    ]
    record = HISTORY.record(DOMAIN)
    what = TRANSCRIPT.task.token, list(record.payouts), record.signed
    own = ENTRY.submission.min_price, ENTRY.payload, ENTRY.envelope
    assert sale.sender.sent == [("claim_award", (ENTRY.task_id, position, *what, *own))]


@pytest.mark.parametrize(("index", "position"), [(2, 0), (0, 1)])
def test_step__own_award_is_claimed__is_sold_at_its_price(sale, monkeypatch, index, position):
    assert stepped(sale, index, monkeypatch, claimed=1 << position) == []
    assert sale.sender.sent == []
    assert (sale.outcome.sold, sale.outcome.price) == (True, AWARDS[position].score)


def test_step__no_award__is_not_bought(sale, monkeypatch):
    assert stepped(sale, 1, monkeypatch) == []
    assert (sale.outcome.sold, sale.outcome.reason) == (False, "not bought")


@pytest.mark.parametrize(
    ("stage", "now", "claims"),
    [
        (REPORTED, OPENS - 1, False),
        (REPORTED, OPENS, True),
        (FINAL, OPENS, True),
        (FINAL, CLOSES - 1, True),
        (FINAL, CLOSES, False),
    ],
)
def test_step__claims_at_their_bounds__are_sent_or_not(sale, monkeypatch, stage, now, claims):
    stepped(sale, 2, monkeypatch, stage=stage, now=now)
    assert bool(sale.sender.sent) == claims
    missed = "the claim window was missed: nothing is paid" if now == CLOSES else None
    assert getattr(sale.outcome, "reason", None) == missed


@pytest.mark.parametrize(("entry", "index"), [(ENTRY, 2), (OTHER, 1)])
def test_look__account_with_two_entries__finds_each_by_its_commitment(
    sale, monkeypatch, entry, index
):
    latest = SimpleNamespace(history=lambda _: HISTORY)
    monkeypatch.setattr(selling, "Market", lambda node, _: latest if not node.confirmations else 0)
    monkeypatch.setattr(selling, "next_time", lambda _: OPENS)
    sale.entry = entry
    assert sale.look().index == index
    sale.entry = replace(entry, salt=word("never committed"))
    assert sale.look().index is None
