"""create_task: what a task may say, and the escrow."""

import pytest
from brownie import PlainToken, reverts

from tests import sale
from tests.anvil import at, events, now, refuses
from tests.reasons import BAD_DEADLINE, NOT_PROVIDER, TASK_EXISTS
from tests.sale import DAY, ETHER, GWEI, NONE, OPEN, TASK_URI, curve


def created(chain, task, uri=TASK_URI):
    """The fields of the event."""
    return {
        "task_id": task.id(chain.domain),
        "provider": task.provider,
        "task": task,
        "uri": uri,
    }


# ── Success ──


def test_create_task__in_ether__escrows_budget_and_fee(chain, market, provider, balances):
    task, before = chain.task(provider, budget=7 * ETHER, benchmark_fee=3), balances()
    transaction = chain.create(task)
    assert before.moved() == {
        "provider ether": -7 * ETHER - 3,
        "market ether": 7 * ETHER + 3,
    }
    assert events(transaction) == [("TaskCreated", created(chain, task))]


@pytest.mark.parametrize("uri", ["", "u" * 256], ids=["empty", "longest"])
def test_create_task__any_uri__is_in_the_event_only(chain, market, provider, uri):
    task = chain.task(provider)
    transaction = market.create_task(task, uri, {"from": provider, "value": task.escrow()})
    assert events(transaction) == [("TaskCreated", created(chain, task, uri))]
    assert bytes(transaction.return_value) == task.id(chain.domain)
    assert chain.head(task) == bytes(32)


def test_create_task__uri_too_long__reverts(chain, market, provider):
    task = chain.task(provider)
    with reverts(""):
        market.create_task(task, "u" * 257, {"from": provider, "value": task.escrow()})
    assert chain.progress(task).stage == NONE


def test_create_task__any__answers_the_task_id(chain, trial, provider):
    task = chain.task(provider)
    assert bytes(trial.create(task)) == task.id(chain.domain)


def test_create_task__in_a_token__escrows_budget_and_fee(chain, market, provider, token, balances):
    task = chain.task(provider, token=token.address, budget=5_000_000, benchmark_fee=250_001)
    task = task._replace(curve=curve((1, 5_000_000)))
    before = balances(token)
    transaction = chain.create(task)
    assert before.moved() == {
        "provider token": -5_250_001,
        "market token": 5_250_001,
    }
    moved = {"sender": provider, "receiver": market, "value": 5_250_001}
    assert events(transaction) == [("TaskCreated", created(chain, task)), ("Transfer", moved)]


def test_create_task__any__state_is_two_words(chain, provider):
    task = chain.task(
        provider, max_submissions=77, commit_bond=12 * GWEI, entry_fee=345 * GWEI, nonce=2**256 - 1
    )
    chain.create(task)
    assert chain.progress(task) == sale.Progress(
        stage=OPEN,
        time_a=task.commit_deadline,
        time_b=task.reveal_deadline,
        max_submissions=77,
        commits=0,
        reveals=0,
        awards=0,
        claimed=0,
        commit_bond=12 * GWEI,
        entry_fee=345 * GWEI,
    )
    assert chain.head(task) == bytes(32)
    assert chain.submission(task, 0) == bytes(32)


def test_create_task__same_terms_another_nonce__is_another_task(chain, provider):
    task = chain.task(provider)
    chain.create(task)
    chain.create(task._replace(nonce=1))
    assert chain.progress(task).stage == OPEN
    assert chain.progress(task._replace(nonce=1)).stage == OPEN


def test_create_task__smallest_and_largest_budget__are_escrowed(chain, provider, token):
    largest = 2**128 - 1
    token.mint(provider, 2 * largest, {"from": provider})
    small = chain.task(provider, budget=1, benchmark_fee=0, curve=curve((1, 1)))
    large = small._replace(token=token.address, budget=largest, benchmark_fee=largest)
    chain.create(small)
    chain.create(large)
    assert token.balanceOf(chain.market) == 2 * largest
    assert chain.market.balance() == 1


@pytest.mark.parametrize("decimals", [6, 18])
def test_create_task__decimals_of_the_token__do_not_matter(chain, market, provider, decimals):
    token = provider.deploy(PlainToken, decimals)
    unit = 10**decimals
    token.mint(provider, 12 * unit, {"from": provider})
    token.approve(market, 11 * unit, {"from": provider})
    price = curve((1, 10 * unit))
    chain.create(
        chain.task(provider, token=token.address, budget=10 * unit, benchmark_fee=unit, curve=price)
    )
    assert token.balanceOf(market) == 11 * unit
    assert token.balanceOf(provider) == unit


# ── Who, and once ──


def test_create_task__of_somebody_else__is_refused(chain, market, provider, stranger):
    task = chain.task(provider)
    refuses(NOT_PROVIDER, market.create_task, task, "", {"from": stranger, "value": 11 * ETHER})


def test_create_task__twice__is_refused(chain, provider, refused_task):
    task = chain.task(provider)
    chain.create(task)
    refused_task(task, TASK_EXISTS)


def test_create_task__again_after_its_end__is_refused(chain, market, provider, refused_task):
    task = chain.task(
        provider,
        commit_deadline=now() + 30 * DAY,
        reveal_deadline=now() + 31 * DAY,
        report_deadline=now() + 32 * DAY,
    )
    chain.create(task)
    at(task.reveal_deadline)
    market.void(task, {"from": provider})
    refused_task(task, BAD_DEADLINE)
