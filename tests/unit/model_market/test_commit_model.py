"""commit_model: a place in the task for a hidden model, for bond and entry fee."""

import brownie
import pytest
from eth_utils.crypto import keccak

from tests import sale
from tests.anvil import at, events, refuses
from tests.reasons import TASK_FULL, TOO_LATE, WRONG_STAGE, WRONG_VALUE
from tests.sale import ETHER

STAKED = 60_000_000 * 10**9
"""Bond and entry fee of the task."""


@pytest.fixture(scope="module")
def task(chain, provider):
    made = chain.task(provider, max_submissions=2)
    chain.create(made)
    return made


@pytest.fixture(scope="module")
def task_id(chain, task):
    return task.id(chain.domain)


def test_commit_model__first__takes_place_zero(
    chain, market, developer, model, task, task_id, balances
):
    commitment, before = model.commitment(chain.domain, task_id), balances()
    progress = chain.progress(task)
    transaction = market.commit_model(task_id, commitment, {"from": developer, "value": STAKED})
    assert transaction.return_value == 0
    assert chain.progress(task) == progress._replace(commits=1)
    assert chain.submission(task, 0) == keccak(commitment)
    assert chain.head(task) == bytes(32)
    assert before.moved() == {"developer ether": -STAKED, "market ether": STAKED}
    entered = {"task_id": task_id, "developer": developer, "index": 0, "commitment": commitment}
    assert events(transaction) == [("ModelCommitted", entered)]


def test_commit_model__second__takes_the_next_place(
    chain, market, rival, model, rival_model, task, task_id
):
    chain.commit(task, model)
    commitment = rival_model.commitment(chain.domain, task_id)
    transaction = market.commit_model(task_id, commitment, {"from": rival, "value": STAKED})
    assert transaction.return_value == 1
    assert chain.progress(task).commits == 2
    assert chain.submission(task, 0) == keccak(model.commitment(chain.domain, task_id))
    assert chain.submission(task, 1) == keccak(commitment)
    entered = {"task_id": task_id, "developer": rival, "index": 1, "commitment": commitment}
    assert events(transaction) == [("ModelCommitted", entered)]


@pytest.mark.parametrize("commitment", [bytes(32), b"\xff" * 32], ids=["zeros", "ones"])
def test_commit_model__any_word__is_stored_hashed(
    chain, market, developer, task, task_id, commitment
):
    market.commit_model(task_id, commitment, {"from": developer, "value": STAKED})
    assert chain.submission(task, 0) == keccak(commitment)


def test_commit_model__same_twice__takes_two_places(chain, developer, model, task):
    chain.commit(task, model, model)
    assert chain.submission(task, 0) == chain.submission(task, 1)
    assert chain.progress(task).commits == 2


def test_commit_model__task_without_bond_and_fee__costs_nothing(
    chain, market, provider, developer, balances
):
    free = chain.task(provider, commit_bond=0, entry_fee=0)
    chain.create(free)
    before = balances()
    market.commit_model(free.id(chain.domain), sale.word("any"), {"from": developer})
    assert before.moved() == {}
    assert chain.progress(free).commits == 1


@pytest.mark.parametrize("value", [0, STAKED - 1, STAKED + 1, 2 * STAKED])
def test_commit_model__ether_not_exact__is_refused(market, developer, task_id, value):
    refuses(
        WRONG_VALUE,
        market.commit_model,
        task_id,
        sale.word("any"),
        {"from": developer, "value": value},
    )


def test_commit_model__task_full__is_refused(
    chain, trial, model, rival_model, straggler_model, task
):
    chain.commit(task, model, rival_model)
    with brownie.reverts(TASK_FULL):
        trial.commit(task, straggler_model)
    assert chain.progress(task).commits == task.max_submissions == 2


def test_commit_model__second_before_the_deadline__is_taken(chain, model, task):
    at(task.commit_deadline - 1)
    chain.commit(task, model)
    assert chain.progress(task).commits == 1


@pytest.mark.parametrize("late", [0, 1])
def test_commit_model__from_the_deadline_on__is_refused(chain, trial, model, task, late):
    at(task.commit_deadline + late)
    with brownie.reverts(TOO_LATE):
        trial.commit(task, model)


def test_commit_model__no_such_task__is_refused(market, developer):
    refuses(
        WRONG_STAGE,
        market.commit_model,
        sale.word("no task"),
        sale.word("any"),
        {"from": developer},
    )


def test_commit_model__reveals_closed__is_refused(chain, trial, model, rival_model, task):
    chain.commit(task, model)
    chain.reveal(task, (0, model))
    chain.close(task)
    with brownie.reverts(WRONG_STAGE):
        trial.commit(task, rival_model)


def test_commit_model__to_one_of_two_tasks__leaves_the_other(chain, market, provider, model, task):
    other = task._replace(nonce=1, commit_bond=ETHER)
    chain.create(other)
    chain.commit(other, model)
    assert chain.progress(task).commits == 0
    assert chain.submission(task, 0) == bytes(32)
    assert chain.progress(other).commits == 1
