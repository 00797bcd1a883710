"""dispute_report: a bond calls for a panel."""

import pytest

from tests.anvil import at, events, refuses
from tests.deployment import SEAT_BOND, Sale
from tests.reasons import TOO_LATE, WRONG_STAGE, WRONG_VALUE
from tests.sale import DISPUTED


@pytest.fixture(scope="module")
def posted(chain, provider, model, rival_model):
    entered = Sale(chain).enter(model, rival_model, revealed=[0, 1])
    return entered.post((0, 900_000))


@pytest.fixture(scope="module")
def dispute(task, challenger):
    """The arguments of the challenger's dispute."""
    return task, {"from": challenger, "value": 3 * SEAT_BOND}


def test_dispute_report__with_the_bond__suspends_the_report(
    chain, market, challenger, posted, task, opens, dispute, balances
):
    progress, before = chain.progress(task), balances()
    transaction = market.dispute_report(*dispute)
    verdict_deadline = transaction.timestamp + task.verdict_window
    assert chain.progress(task) == progress._replace(
        stage=DISPUTED, time_a=verdict_deadline, time_b=opens - task.dispute_window
    )
    assert chain.head(task) == posted.disputed_head(challenger.address)
    assert before.moved() == {
        "challenger ether": -3 * SEAT_BOND,
        "market ether": 3 * SEAT_BOND,
    }
    disputed = {
        "task_id": posted.report.task_id,
        "challenger": challenger,
        "bond": 3 * SEAT_BOND,
        "verdict_deadline": verdict_deadline,
    }
    assert events(transaction) == [("ReportDisputed", disputed)]


@pytest.mark.parametrize("who", ["provider", "developer", "stranger"])
def test_dispute_report__by_anyone__suspends_the_report(request, chain, task, posted, who):
    caller = request.getfixturevalue(who)
    chain.dispute(task, caller)
    assert chain.head(task) == posted.disputed_head(caller.address)


def test_dispute_report__second_before_claims_open__suspends_the_report(
    chain, market, task, opens, dispute
):
    at(opens - 1)
    market.dispute_report(*dispute)
    assert chain.progress(task).stage == DISPUTED


@pytest.mark.parametrize("late", [0, 1])
def test_dispute_report__once_claims_are_open__is_refused(market, opens, dispute, late):
    at(opens + late)
    refuses(TOO_LATE, market.dispute_report, *dispute)


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_dispute_report__of_any_quorum__costs_its_panel(
    chain, market, provider, challenger, model, quorum
):
    task = chain.task(provider, nonce=1, quorum=quorum)
    seed = chain.enter(task, [model], revealed=[0])
    chain.post(task, chain.report(task, seed))
    bond = (2 * quorum + 1) * SEAT_BOND
    for value in (0, bond - 1, bond + 1):
        sent = {"from": challenger, "value": value}
        refuses(WRONG_VALUE, market.dispute_report, task, sent)
    market.dispute_report(task, {"from": challenger, "value": bond})
    assert chain.progress(task).stage == DISPUTED


def test_dispute_report__twice__is_refused(market, dispute):
    market.dispute_report(*dispute)
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__again_after_its_end__is_refused(
    chain, market, challenger, posted, task, dispute
):
    market.dispute_report(*dispute)
    at(chain.progress(task).time_a)
    market.expire_dispute(*posted.expire(challenger.address), {"from": challenger})
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__no_report__is_refused(chain, market, provider, dispute, model):
    task = chain.task(provider, nonce=1)
    refuses(WRONG_STAGE, market.dispute_report, task, dispute[-1])
    chain.enter(task, [model], revealed=[0])
    refuses(WRONG_STAGE, market.dispute_report, task, dispute[-1])


def test_dispute_report__task_settled__is_refused(chain, market, stranger, posted, task, dispute):
    at(chain.progress(task).time_b)
    market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__of_altered_terms__is_refused(market, task, dispute):
    altered = task._replace(verdict_window=task.verdict_window + 1)
    refuses(WRONG_STAGE, market.dispute_report, altered, dispute[-1])
