"""Every event's money, and sums that come out: of a task's whole life, whatever its end."""

from dataclasses import replace

import pytest

from offchain.chain.history import History, Signer, StandingReport, Verdict
from offchain.chain.progress import Stage, TaskProgress
from offchain.page.money import Balance, balances, held, movements
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.pricing import Award, Knot
from tests.offchain.market import enclaves, make_manifest, make_task
from tests.sale import GWEI
from tests.vectors.generate import address, word

TOKEN = address("token")
BOND, FEE, COMMIT, ENTRY = 301, 1_001, 50 * GWEI, 7 * GWEI
SIGNERS = tuple(Signer(address(f"key {n}"), address(f"operator {n}"), word("it")) for n in range(3))


@pytest.fixture(scope="module")
def history():
    """Three commits and two reveals, a report that buys both, a dispute."""
    task = make_task(
        [each.identity for each in enclaves()],
        make_manifest(word("test set")),
        token=TOKEN,
        budget=10_000,
        benchmark_fee=FEE,
        commit_bond=COMMIT,
        entry_fee=ENTRY,
        curve=(Knot(500_000, 1_000), Knot(1_000_000, 2_000)),
    )
    awards = Award(1, 900_000), Award(0, 700_000)
    posted = StandingReport(word("inventory"), word("results"), (), awards, SIGNERS, ())
    return History(task, seed=word("seed"), posted=posted, challenger=address("ann"), bond=BOND)


def event(name, **values):
    return {"event": name, "args": values}


def commits(count):
    who = [address(f"developer {n}") for n in range(count)]
    return [event("ModelCommitted", developer=each, index=n) for n, each in enumerate(who)]


def reveals(*indices):
    return [event("ModelRevealed", developer=address(f"developer {n}"), index=n) for n in indices]


def progress(stage, claimed=0, awards=2):
    return TaskProgress(stage, 0, 0, 100, 3, 2, awards, claimed, COMMIT, ENTRY)


def sums(history, events, state, shares=0):
    moved = [each for one in events for each in movements(history, one)]
    return {each.token: each for each in balances(moved, held(history, state, shares))}


BEGUN = [event("TaskCreated"), *commits(3), *reveals(0, 1)]
POT = 3 * ENTRY + COMMIT
CLAIM = event("AwardClaimed", developer=address("developer 1"), index=1, price=1_800)


def test_sums__open_task__are_all_held(history):
    found = sums(history, BEGUN, progress(Stage.OPEN))
    assert found[TOKEN] == Balance(TOKEN, 10_000 + FEE, 0, 10_000 + FEE)
    assert found[ZERO_ADDRESS] == Balance(ZERO_ADDRESS, 3 * (ENTRY + COMMIT), 2 * COMMIT, POT)
    assert [each.missing for each in found.values()] == [0, 0]


def test_sums__one_award_claimed__its_price_is_not_held(history):
    found = sums(history, [*BEGUN, CLAIM], progress(Stage.REPORTED, claimed=1))
    assert found[TOKEN] == Balance(TOKEN, 10_000 + FEE, 1_800, 10_000 + FEE - 1_800)


def test_sums__contract_has_another_award_as_claimed__do_not_come_out(history):
    found = sums(history, [*BEGUN, CLAIM], progress(Stage.REPORTED, claimed=2))
    assert found[TOKEN].missing == -1_800 + 1_400


def test_sums__dispute__bond_is_held(history):
    opened = event("ReportDisputed", challenger=address("ann"), bond=BOND)
    found = sums(history, [*BEGUN, opened], progress(Stage.DISPUTED))
    assert found[ZERO_ADDRESS].held == POT + BOND
    assert found[ZERO_ADDRESS].missing == 0
    again = sums(history, [*BEGUN, opened], progress(Stage.REPORTED))
    assert again[ZERO_ADDRESS].missing == BOND


@pytest.mark.parametrize("upheld", [True, False])
def test_sums__verdict__seats_get_the_whole_bond(upheld, history):
    seats = [{"operator": address(f"seat {n}")} for n in range(7)]
    verdict = Verdict(upheld, word("panel's"), (), (), ())
    opened = event("ReportDisputed", challenger=address("ann"), bond=BOND)
    ended = event("DisputeResolved", panel=seats, upheld=upheld)
    settled = event("TaskSettled", refund=10_000 + FEE % 3, fee=FEE - FEE % 3, pot=POT)
    now = replace(history, verdict=verdict)
    found = sums(now, [*BEGUN, opened, ended, settled], progress(Stage.SETTLED))
    assert [each.missing for each in found.values()] == [0, 0]
    (provider,) = [
        each.amount
        for each in movements(now, settled)
        if each.party == "provider" and each.token == ZERO_ADDRESS
    ] or [0]
    assert provider == (POT % 3 if upheld else POT)


def test_sums__overturned_report__prices_are_of_the_panels_awards(history):
    verdict = Verdict(False, word("panel's"), (), (Award(0, 500_000).word() << 128 | 1_000,), ())
    bought = event("AwardClaimed", developer=address("developer 0"), index=0, price=1_000)
    now = replace(history, verdict=verdict)
    found = sums(now, [*BEGUN, bought], progress(Stage.FINAL, claimed=1, awards=1))
    assert found[TOKEN] == Balance(TOKEN, 10_000 + FEE, 1_000, 10_000 + FEE - 1_000)


@pytest.mark.parametrize(("voided", "back", "burned"), [(True, BOND, 0), (False, 150, 151)])
def test_sums__no_verdict__half_of_the_bond_burns_unless_it_is_voided(
    voided, back, burned, history
):
    found = movements(history, event("DisputeExpired", voided=voided))
    assert [(each.party, each.amount) for each in found] == [
        (party, amount) for party, amount in (("challenger", back), ("nobody", burned)) if amount
    ]


def test_sums__voided_task__holds_the_shares_that_nobody_claimed(history):
    empty = replace(history, posted=None, challenger=None)
    ended = event("TaskVoided", refund=10_000 + FEE % 2, pot_refund=POT % 2)
    found = sums(empty, [*BEGUN, ended], progress(Stage.VOIDED, awards=0))
    assert [each.missing for each in found.values()] == [0, 0]
    assert (found[TOKEN].held, found[ZERO_ADDRESS].held) == (FEE // 2 * 2, POT // 2 * 2)
    who = address("developer 0")
    share = event("ShareClaimed", developer=who, index=0, fee_share=FEE // 2, pot_share=POT // 2)
    found = sums(empty, [*BEGUN, ended, share], progress(Stage.VOIDED, awards=0), shares=1)
    assert [each.missing for each in found.values()] == [0, 0]
    assert (found[TOKEN].held, found[ZERO_ADDRESS].held) == (FEE // 2, POT // 2)


def test_movements__of_ether_task__are_one_sum(history):
    ether = replace(history, task=replace(history.task, token=ZERO_ADDRESS))
    (found,) = sums(ether, [*BEGUN, CLAIM], progress(Stage.FINAL, claimed=1)).values()
    assert found.missing == 0
    assert found.paid_in == 10_000 + FEE + 3 * (ENTRY + COMMIT)
