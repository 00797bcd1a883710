"""The plan of a task: what is shown before money is escrowed, and what looks like a mistake."""

from dataclasses import replace

import pytest

from offchain.cli.plans import doubts, plan
from offchain.cli.units import ETHER as MONEY
from offchain.cli.units import Currency
from offchain.protocol.pricing import Knot
from offchain.provider.rosters import RosterCandidate
from tests.offchain.market import enclaves, make_manifest, make_task
from tests.sale import DAY, ETHER
from tests.vectors.generate import address, word

NOW = 1_800_000_000
MANIFEST = make_manifest(word("test set"))
SEATS = [
    RosterCandidate(each.identity, address(f"operator {n}"), word(f"{n}"), NOW + 9 * DAY, 2 * ETHER)
    for n, each in enumerate(enclaves(6))
]
TASK = make_task(
    [each.entry for each in SEATS],
    MANIFEST,
    budget=6 * ETHER,
    benchmark_fee=ETHER // 10,
    curve=(Knot(800_000, ETHER // 2), Knot(950_000, 2 * ETHER)),
    min_stake=2 * ETHER,
    commit_bond=10**16,
    commit_deadline=NOW + DAY,
    reveal_deadline=NOW + 2 * DAY,
    report_deadline=NOW + 4 * DAY,
    dispute_window=DAY,
    verdict_window=2 * DAY,
    claim_window=3 * DAY,
)


def found(seats=SEATS, money=MONEY, **changes: object) -> list[str]:
    return list(doubts(replace(TASK, **changes), seats, money))


def test_plan__of_a_task__names_prices_total_deadlines_and_readers():
    text = "\n".join(plan(TASK, MANIFEST, SEATS, MONEY, "the program", NOW))
    for said in (
        "0.800000  0.5 ether",
        "0.875000  1.25 ether",
        "0.950000  2 ether",
        "below 0.800000  nothing",
        "escrow      6.1 ether: budget 6 ether",
        "(in 1 d)",
        "(in 4 d)",
        "program     the program",
        "Each enclave of the roster can open every model",
        *(each.operator for each in SEATS),
        *(each.entry.signing_key for each in SEATS),
    ):
        assert said in text


def test_doubts__of_good_terms__are_none():
    assert found() == []


@pytest.mark.parametrize("wei", [1, 2, 10**14 - 1])
def test_doubts__price_of_a_few_wei__is_one(wei):
    (doubt,) = found(curve=(Knot(800_000, wei), Knot(950_000, 2 * ETHER)))
    assert "the price of score 0.800000" in doubt
    assert found(curve=(Knot(800_000, 10**14), Knot(950_000, 2 * ETHER))) == []


def test_doubts__curve_that_rises_from_nothing__are_none():
    assert found(curve=(Knot(800_000, 0), Knot(950_000, 2 * ETHER))) == []


def test_doubts__prices_of_a_token_with_six_decimals__are_in_its_units():
    money = Currency(address("token"), "USDC", 6)
    cheap = {"token": money.address, "budget": 300, "benchmark_fee": 1}
    assert found(money=money, **cheap, curve=(Knot(800_000, 100),)) == []
    (doubt,) = found(money=money, **cheap | {"budget": 297}, curve=(Knot(800_000, 99),))
    assert "0.000099 USDC" in doubt


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"benchmark_fee": 0}, "operators get no fee"),
        ({"budget": 6 * ETHER + 1}, "of the budget can never be spent"),
        ({"min_stake": 2 * ETHER - 1}, "a quorum risks"),
        ({"entry_fee": 2 * ETHER}, "an entry takes"),
        ({"tolerance": 20_001}, "a tolerance of 0.020001"),
    ],
)
def test_doubts__at_each_bound__are_one(changes, said):
    (doubt,) = found(**changes)
    assert said in doubt
    (name, value), step = next(iter(changes.items())), 1
    if name == "entry_fee":
        value, step = 2 * ETHER - TASK.commit_bond, 10**9
    within = value + 1 if name in ("benchmark_fee", "min_stake") else value - step
    assert found(**{name: within}) == []


def test_doubts__roster_without_a_spare__is_one():
    (doubt,) = found(seats=SEATS[:4])
    assert "no spare enclave" in doubt
    assert found(seats=SEATS[:5]) == []
