"""void: every dead end before a report refunds the task."""

import brownie
import pytest

from tests import sale
from tests.anvil import at, credited, events, refuses
from tests.reasons import LITTLE_GAS, TOO_EARLY, WRONG_STAGE
from tests.sale import VOIDED, ZERO_ADDRESS

BUDGET, FEE = 10_000_000, 1_000_001
ENTRY, BOND = 10_000_002 * 10**9, 50_000_000 * 10**9


@pytest.fixture(scope="module")
def task(chain, provider, token):
    """Open, in a token, with nothing entered."""
    made = chain.task(
        provider,
        token=token.address,
        budget=BUDGET,
        benchmark_fee=FEE,
        entry_fee=ENTRY,
        curve=sale.curve((1, BUDGET)),
    )
    chain.create(made)
    return made


@pytest.fixture
def revealed(chain, task, models):
    """With two of three models revealed."""
    chain.commit(task, *models)
    chain.reveal(task, (0, models[0]), (1, models[1]))


# ── Nothing revealed ──


def test_void__nothing_committed__credits_the_provider(
    chain, market, provider, stranger, token, task, balances
):
    progress, before = chain.progress(task), balances(token)
    at(task.reveal_deadline)
    transaction = market.void(task, {"from": stranger})
    assert chain.progress(task) == progress._replace(stage=VOIDED)
    assert before.moved() == {"provider token credit": BUDGET + FEE}
    voided = {"task_id": task.id(chain.domain), "refund": BUDGET + FEE, "pot_refund": 0}
    assert events(transaction) == [("TaskVoided", voided), credited(token, provider, BUDGET + FEE)]


def test_void__nothing_revealed__gives_the_pot_to_the_provider(
    chain, market, provider, stranger, token, task, models, balances
):
    chain.commit(task, *models)
    before = balances(token)
    at(task.reveal_deadline)
    transaction = market.void(task, {"from": stranger})
    pot = 3 * (ENTRY + BOND)
    assert before.moved() == {
        "provider token credit": BUDGET + FEE,
        "provider credit": pot,
    }
    voided = {"task_id": task.id(chain.domain), "refund": BUDGET + FEE, "pot_refund": pot}
    assert events(transaction) == [
        ("TaskVoided", voided),
        credited(token, provider, BUDGET + FEE),
        credited(ZERO_ADDRESS, provider, pot),
    ]


def test_void__by_the_provider__pays_it_at_once(
    chain, market, provider, token, task, models, balances
):
    chain.commit(task, *models)
    before = balances(token)
    at(task.reveal_deadline)
    market.void(task, {"from": provider})
    pot = 3 * (ENTRY + BOND)
    assert before.moved() == {
        "provider token": BUDGET + FEE,
        "market token": -BUDGET - FEE,
        "provider ether": pot,
        "market ether": -pot,
    }


def test_void__in_ether__pays_the_provider_at_once(chain, market, provider, model, balances):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model)
    before = balances()
    at(task.reveal_deadline)
    transaction = market.void(task, {"from": provider})
    escrow, pot = task.budget + task.benchmark_fee, task.entry_fee + task.commit_bond
    assert before.moved() == {
        "provider ether": escrow + pot,
        "market ether": -escrow - pot,
    }
    voided = {"task_id": task.id(chain.domain), "refund": escrow, "pot_refund": pot}
    assert events(transaction) == [("TaskVoided", voided)]


def test_void__nothing_revealed_a_second_before_the_reveal_deadline__is_refused(
    market, stranger, task
):
    at(task.reveal_deadline - 1)
    refuses(TOO_EARLY, market.void, task, {"from": stranger})


@pytest.mark.parametrize("after", [0, 1])
def test_void__nothing_revealed_from_the_reveal_deadline_on__voids(
    chain, market, stranger, task, after
):
    at(task.reveal_deadline + after)
    market.void(task, {"from": stranger})
    assert chain.progress(task).stage == VOIDED


# ── Revealed ──


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
def test_void__no_report__keeps_the_developers_shares(
    chain, market, provider, stranger, token, task, revealed, balances, close
):
    if close:
        chain.close(task)
    progress, before = chain.progress(task), balances(token)
    at(task.report_deadline)
    transaction = market.void(task, {"from": stranger})
    fee_dust = 1
    assert chain.progress(task) == progress._replace(stage=VOIDED)
    assert before.moved() == {"provider token credit": BUDGET + fee_dust}
    voided = {"task_id": task.id(chain.domain), "refund": BUDGET + fee_dust, "pot_refund": 0}
    assert events(transaction) == [
        ("TaskVoided", voided),
        credited(token, provider, BUDGET + fee_dust),
    ]


def test_void__pot_that_three_cannot_share__gives_the_dust_to_the_provider(
    chain, market, provider, token, task, models, straggler, balances
):
    chain.commit(task, *models, sale.model(straggler.address, "fourth"))
    chain.reveal(task, *enumerate(models))
    before = balances(token)
    at(task.report_deadline)
    market.void(task, {"from": provider})
    assert before.moved() == {
        "provider token": BUDGET + 2,
        "market token": -BUDGET - 2,
        "provider ether": 2,
        "market ether": -2,
    }


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
def test_void__revealed_a_second_before_the_report_deadline__is_refused(
    chain, market, stranger, task, revealed, close
):
    if close:
        chain.close(task)
    at(task.report_deadline - 1)
    refuses(TOO_EARLY, market.void, task, {"from": stranger})


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("after", [0, 1])
def test_void__revealed_from_the_report_deadline_on__voids(
    chain, market, stranger, task, revealed, close, after
):
    if close:
        chain.close(task)
    at(task.report_deadline + after)
    market.void(task, {"from": stranger})
    assert chain.progress(task).stage == VOIDED


# ── Wrong stages ──


def test_void__twice__is_refused(market, stranger, task):
    at(task.reveal_deadline)
    market.void(task, {"from": stranger})
    refuses(WRONG_STAGE, market.void, task, {"from": stranger})


def test_void__no_such_task__is_refused(market, stranger, task):
    other = task._replace(nonce=1)
    at(task.report_deadline)
    refuses(WRONG_STAGE, market.void, other, {"from": stranger})


@pytest.mark.parametrize("end", ["reported", "disputed", "settled"])
def test_void__a_report_stands__is_refused(chain, market, stranger, challenger, task, models, end):
    seed = chain.enter(task._replace(nonce=1), models, revealed=[0])
    task = task._replace(nonce=1)
    posted = chain.post(task, chain.report(task, seed))
    if end == "disputed":
        chain.dispute(task, challenger)
    at(max(task.report_deadline, chain.progress(task).time_a))
    if end == "settled":
        market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.void, task, {"from": stranger})


# ── A provider that cannot be paid ──


def test_void__token_blocks_the_provider__credits_it(
    chain, market, provider, configurable_token, balances
):
    task = chain.task(provider, token=configurable_token.address)
    chain.create(task)
    configurable_token.set_blocked(provider, True, {"from": provider})
    before = balances(configurable_token)
    at(task.reveal_deadline)
    market.void(task, {"from": provider})
    assert before.moved() == {"provider token credit": task.budget + task.benchmark_fee}


def test_void__starved_of_gas__reverts_rather_than_credits(market, provider, task):
    at(task.reveal_deadline)
    with brownie.reverts(LITTLE_GAS):
        market.void(task, {"from": provider, "gas_limit": 700_000})
