"""Terms, report and claims of a task, as its events tell them."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.history import History, Signer, StandingReport, Verdict, after, choices_of
from offchain.chain.packing import award_of
from offchain.chain.progress import Stage, TaskProgress
from offchain.developer.state import position_of
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report, choices_word
from offchain.protocol.task import Task
from tests.vectors.generate import CURVES, DOMAIN, address, task, word

TOP = 2**108 - 1
TERMS = replace(task(), curve=CURVES["widest"], budget=TOP)
SIGNER = Signer(address("key"), address("operator"), word("platform"))
POSTED = StandingReport(
    word("inventory"), word("results"), (4, 0), (Award(4, 857_143),), (SIGNER,), ()
)
PANELS = Award(300, 1_000_000), Award(1, 142_858)
"""The awards of a verdict: of the dearest score, and of a submission of a lower index."""


def paid(award: Award) -> int:
    """The payout of an award of TERMS."""
    price = {1_000_000: TOP, 142_858: TOP // 7, 857_143: 6 * TOP // 7}[award.score]
    return award.word() << 128 | price


# ── Terms ──


# Holds S-2.
@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_after__task_created__has_every_knot_and_its_id(curve) -> None:
    made = replace(TERMS, curve=curve)
    names = [field.name for field in fields(Task)]
    args = {"task": dict(zip(names, made.to_abi(), strict=True)), "uri": "u"}
    history = after(None, {"event": "TaskCreated", "args": args})
    assert history == History(made, uri="u")
    assert history.task.id(DOMAIN) == made.id(DOMAIN)


# ── Words ──

INDICES = st.one_of(st.sampled_from([0, 14, 15, 2**20 - 2]), st.integers(0, 2**20 - 2))


# Holds S-97.
@given(choices=st.lists(INDICES, max_size=8, unique=True))
def test_choices_of__what_a_report_packs__are_its_choices(choices: list[int]) -> None:
    assert choices_of(choices_word(choices)) == tuple(choices)


# Holds S-3.
@pytest.mark.parametrize("award", [*PANELS, Award(2**20 - 2, 1)])
def test_award_of__payout__is_the_award_without_its_price(award: Award) -> None:
    assert award_of(award.word() << 128 | 2**128 - 1) == award


# Holds S-3, S-21.
@pytest.mark.parametrize(
    ("awards", "claimed", "unclaimed"),
    [(3, 0b000, [0, 1, 2]), (3, 0b010, [0, 2]), (3, 0b111, []), (8, 0b1000_0000, [*range(7)])],
)
def test_unclaimed__some_claimed__are_the_other_awards(awards, claimed, unclaimed) -> None:
    progress = TaskProgress(Stage.REPORTED, 1, 2, 9, 9, 9, awards, claimed, 0, 0)
    assert progress.unclaimed == unclaimed


# ── The report that stands ──


# Holds S-21, S-31.
@pytest.mark.parametrize("upheld", [None, True, False], ids=["undisputed", "upheld", "overturned"])
def test_record__of_the_report_that_stands__names_it_as_the_market_does(upheld) -> None:
    """A verdict that overturns brings awards, choices and results of its own, and no signers."""
    panels = tuple(map(paid, PANELS))
    verdict = Verdict(upheld is True, word("panel's"), (300, 1, 2), panels, ())
    history = History(
        TERMS, seed=word("seed"), posted=POSTED, verdict=None if upheld is None else verdict
    )
    task_id = TERMS.id(DOMAIN)
    found = task_id, 0, word("seed"), POSTED.inventory, POSTED.results, (4, 0), POSTED.awards
    payouts, signers = tuple(map(paid, POSTED.awards)), (SIGNER,)
    if upheld is False:
        found = task_id, 1, word("seed"), POSTED.inventory, word("panel's"), (300, 1, 2), PANELS
        payouts, signers = panels, ()
    record = history.record(DOMAIN)
    assert (record.payouts, record.signers) == (payouts, signers)
    assert record.digest == Report(*found).digest(DOMAIN)
    assert history.standing(task_id) == Report(*found)
    assert list(record.prices.items()) == [
        (award_of(each).index, each % 2**128) for each in payouts
    ]
    places = {award_of(each).index: place for place, each in enumerate(payouts)}
    assert {index: position_of(record, index) for index in places} == places
    assert position_of(record, 7) is None
