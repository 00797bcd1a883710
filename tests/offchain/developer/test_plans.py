"""The plan that a developer is shown before it commits, and mistakes that it is kept from."""

from dataclasses import replace

import pytest

from offchain.chain.roster_review import Finding, Review, Seat
from offchain.cli.units import ETHER, format_time
from offchain.developer.plans import REFUSED, faults, least_score, plan
from offchain.developer.state import Words
from offchain.protocol.pricing import Knot, price
from tests.offchain.market import Offer, make_market
from tests.vectors.generate import address

WORDS = Words(ETHER.format, ETHER.format, format_time)
MARKET = make_market([Offer()])
TASK = replace(
    MARKET.transcript.task,
    budget=2 * 10**18,
    curve=(Knot(500_000, 10**17), Knot(900_000, 10**18)),
    commit_bond=4 * 10**16,
    entry_fee=10**16,
)


def reviewed(*findings: Finding, whole: frozenset[Finding] = frozenset()) -> Review:
    entry = MARKET.transcript.roster[0]
    seat = Seat(entry, address("operator"), bytes(32), True, 1)
    return Review(((seat, frozenset(findings)),), whole, frozenset({"a"}), 3, 1, 1)


@pytest.mark.parametrize("wanted", [0, 1, 10**17, 10**17 + 1, 5 * 10**17, 10**18])
def test_least_score__of_a_price__is_the_first_that_pays_it(wanted):
    least = least_score(TASK, wanted)
    assert price(TASK.curve, least) >= max(1, wanted)
    assert price(TASK.curve, least - 1) < max(1, wanted)


def test_least_score__above_the_top_price__is_none():
    assert least_score(TASK, 10**18) == 900_000
    assert least_score(TASK, 10**18 + 1) is None


@pytest.mark.parametrize("finding", sorted(Finding, key=lambda each: each.name))
def test_faults__each_finding__stops_a_commit_or_is_only_noted(finding):
    alone, whole = faults(reviewed(finding)), faults(reviewed(whole=frozenset({finding})))
    assert bool(alone) == bool(whole) == (finding in REFUSED)
    if alone:
        assert finding.value in alone[0]
        assert address("operator") in alone[0]


def shown(min_price: int = 0, score: int | None = None) -> list[str]:
    made = reviewed(Finding.YOUNG)
    return list(plan(TASK, MARKET.manifest, made, "a program", min_price, score, WORDS, 0))


def test_plan__own_score__is_held_against_the_curve():
    lines = shown(2 * 10**17, 700_000)
    assert (
        "pays now    0.05 ether: a bond of 0.04 ether, back at the reveal, and an entry fee of "
        "0.01 ether" in lines
    )
    assert "your score  0.700000 on your rows would be worth 0.55 ether" in lines
    assert "sells from  0.544445, at least 0.2 ether" in lines
    assert "program     a program" in lines
    (opens,) = [line for line in lines if line.startswith("opens it")]
    assert opens.endswith(f"of operator {address('operator')}; {Finding.YOUNG.value}")


def test_plan__without_own_rows__has_no_score_of_its_own():
    assert not any(line.startswith("your score") for line in shown())


def test_plan__price_that_no_score_pays__is_refused():
    assert shown(10**18)
    with pytest.raises(ValueError, match="expected at most 1 ether"):
        shown(10**18 + 1)
