"""commit_model: a place in the task for a hidden model, for bond and entry fee."""

import pytest
from eth_utils.crypto import keccak

from tests import sale
from tests.reasons import TASK_FULL, TOO_LATE, WRONG_STAGE, WRONG_VALUE
from tests.sale import ETHER
from tests.unit.chain import at, events, refuses

STAKED = 60_000_000 * 10**9
"""Bond and entry fee of the task."""


@pytest.fixture(scope="module")
def task(ground, provider):
    made = ground.task(provider, max_submissions=2)
    ground.create(made)
    return made


@pytest.fixture(scope="module")
def task_id(ground, task):
    return task.id(ground.domain)


def test_commit_model__first__takes_place_zero(
    ground, market, developer, model, task, task_id, books
):
    commitment, before = model.commitment(ground.domain, task_id), books()
    progress = ground.progress(task)
    transaction = market.commit_model(task_id, commitment, {"from": developer, "value": STAKED})
    assert transaction.return_value == 0
    assert ground.progress(task) == progress._replace(commits=1)
    assert ground.submission(task, 0) == keccak(commitment)
    assert ground.head(task) == bytes(32)
    assert before.moved() == {"developer ether": -STAKED, "market ether": STAKED}
    entered = {"task_id": task_id, "developer": developer, "index": 0, "commitment": commitment}
    assert events(transaction) == [("ModelCommitted", entered)]


def test_commit_model__second__takes_the_next_place(
    ground, market, rival, model, rival_model, task, task_id
):
    ground.commit(task, model)
    commitment = rival_model.commitment(ground.domain, task_id)
    transaction = market.commit_model(task_id, commitment, {"from": rival, "value": STAKED})
    assert transaction.return_value == 1
    assert ground.progress(task).commits == 2
    assert ground.submission(task, 0) == keccak(model.commitment(ground.domain, task_id))
    assert ground.submission(task, 1) == keccak(commitment)
    entered = {"task_id": task_id, "developer": rival, "index": 1, "commitment": commitment}
    assert events(transaction) == [("ModelCommitted", entered)]


@pytest.mark.parametrize("commitment", [bytes(32), b"\xff" * 32], ids=["zeros", "ones"])
def test_commit_model__any_word__is_stored_hashed(
    ground, market, developer, task, task_id, commitment
):
    market.commit_model(task_id, commitment, {"from": developer, "value": STAKED})
    assert ground.submission(task, 0) == keccak(commitment)


def test_commit_model__same_twice__takes_two_places(ground, developer, model, task):
    ground.commit(task, model, model)
    assert ground.submission(task, 0) == ground.submission(task, 1)
    assert ground.progress(task).commits == 2


def test_commit_model__task_without_bond_and_fee__costs_nothing(
    ground, market, provider, developer, books
):
    free = ground.task(provider, commit_bond=0, entry_fee=0)
    ground.create(free)
    before = books()
    market.commit_model(free.id(ground.domain), sale.word("any"), {"from": developer})
    assert before.moved() == {}
    assert ground.progress(free).commits == 1


@pytest.mark.parametrize("value", [0, STAKED - 1, STAKED + 1, 2 * STAKED])
def test_commit_model__ether_not_exact__is_refused(market, developer, task_id, value):
    refuses(
        WRONG_VALUE,
        market.commit_model,
        task_id,
        sale.word("any"),
        {"from": developer, "value": value},
    )


def test_commit_model__task_full__is_refused(ground, model, rival_model, straggler_model, task):
    ground.commit(task, model, rival_model)
    refuses(TASK_FULL, ground.market.commit_model, *ground.commitment(task, straggler_model))
    assert ground.progress(task).commits == task.max_submissions == 2


def test_commit_model__second_before_the_deadline__is_taken(ground, model, task):
    at(task.commit_deadline - 1)
    ground.commit(task, model)
    assert ground.progress(task).commits == 1


@pytest.mark.parametrize("late", [0, 1])
def test_commit_model__from_the_deadline_on__is_refused(ground, model, task, late):
    at(task.commit_deadline + late)
    refuses(TOO_LATE, ground.market.commit_model, *ground.commitment(task, model))


def test_commit_model__no_such_task__is_refused(market, developer):
    refuses(
        WRONG_STAGE,
        market.commit_model,
        sale.word("no task"),
        sale.word("any"),
        {"from": developer},
    )


def test_commit_model__reveals_closed__is_refused(ground, model, rival_model, task):
    ground.commit(task, model)
    ground.reveal(task, (0, model))
    ground.close(task)
    refuses(WRONG_STAGE, ground.market.commit_model, *ground.commitment(task, rival_model))


def test_commit_model__to_one_of_two_tasks__leaves_the_other(ground, market, provider, model, task):
    other = task._replace(nonce=1, commit_bond=ETHER)
    ground.create(other)
    ground.commit(other, model)
    assert ground.progress(task).commits == 0
    assert ground.submission(task, 0) == bytes(32)
    assert ground.progress(other).commits == 1
