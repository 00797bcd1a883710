"""close_reveals: the seed, from every reveal and the chain's randomness."""

import pytest
from brownie import chain as brownie_chain
from brownie import web3

from offchain.protocol import hashes
from tests import sale
from tests.anvil import at, events, refuses
from tests.reasons import NOTHING_REVEALED, TOO_EARLY, WRONG_STAGE
from tests.sale import CLOSED


@pytest.fixture(scope="module")
def task(chain, provider, model, rival_model):
    """With two commitments, of which the rival's is revealed."""
    made = chain.task(provider)
    chain.create(made)
    chain.commit(made, model, rival_model)
    chain.reveal(made, (1, rival_model))
    return made


@pytest.fixture(scope="module")
def task_id(chain, task):
    return task.id(chain.domain)


def test_close_reveals__by_anyone__fixes_the_seed(
    chain, market, stranger, rival_model, task, task_id, balances
):
    progress, before = chain.progress(task), balances()
    at(task.reveal_deadline)
    transaction = market.close_reveals(task_id, {"from": stranger})
    block = web3.eth.get_block(transaction.block_number)
    parent_hash = bytes(web3.eth.get_block(transaction.block_number - 1).hash)
    prevrandao = bytes(block.mixHash)
    head = sale.head_of_reveals(task_id, [(1, rival_model)])
    seed = hashes.seed(head, prevrandao, parent_hash)
    assert bytes(transaction.return_value) == seed
    assert chain.head(task) == seed
    assert chain.progress(task) == progress._replace(stage=CLOSED)
    assert before.moved() == {}
    closed = {
        "task_id": task_id,
        "seed": seed,
        "prevrandao": prevrandao,
        "parent_hash": parent_hash,
    }
    assert events(transaction) == [("RevealsClosed", closed)]


def test_close_reveals__another_block__gives_another_seed(chain, market, stranger, task, task_id):
    brownie_chain.snapshot()
    first = chain.close(task)
    brownie_chain.revert()
    at(task.reveal_deadline)
    stranger.transfer(stranger, 0)
    market.close_reveals(task_id, {"from": stranger})
    assert chain.head(task) != first


def test_close_reveals__second_before_the_deadline__is_refused(market, stranger, task, task_id):
    at(task.reveal_deadline - 1)
    refuses(TOO_EARLY, market.close_reveals, task_id, {"from": stranger})


@pytest.mark.parametrize("after", [0, 1])
def test_close_reveals__from_the_deadline_on__closes(chain, market, stranger, task, task_id, after):
    at(task.reveal_deadline + after)
    market.close_reveals(task_id, {"from": stranger})
    assert chain.progress(task).stage == CLOSED


def test_close_reveals__after_the_report_deadline__closes(chain, market, stranger, task, task_id):
    """Too late for a report, but nothing is stranded: the task can be voided either way."""
    at(task.report_deadline)
    market.close_reveals(task_id, {"from": stranger})
    assert chain.progress(task).stage == CLOSED
    market.void(task, {"from": stranger})


def test_close_reveals__nothing_revealed__is_refused(chain, market, provider, stranger, model):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model)
    at(task.reveal_deadline)
    refuses(NOTHING_REVEALED, market.close_reveals, task.id(chain.domain), {"from": stranger})


def test_close_reveals__twice__is_refused(chain, market, stranger, task, task_id):
    chain.close(task)
    refuses(WRONG_STAGE, market.close_reveals, task_id, {"from": stranger})


def test_close_reveals__no_such_task__is_refused(market, stranger):
    refuses(WRONG_STAGE, market.close_reveals, sale.word("no task"), {"from": stranger})
