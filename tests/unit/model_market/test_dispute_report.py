"""dispute_report: a bond calls for a panel."""

import pytest

from tests import sale
from tests.reasons import TOO_LATE, WRONG_STAGE, WRONG_VALUE
from tests.sale import DISPUTED
from tests.unit.chain import at, events, refuses
from tests.unit.model_market.ground import SEAT_BOND


@pytest.fixture(scope="module")
def posted(ground, provider, model, rival_model):
    task = ground.task(provider)
    seed = ground.enter(task, [model, rival_model], revealed=[0, 1])
    return ground.post(task, sale.report(task.id(ground.domain), seed, (0, 900_000)))


@pytest.fixture(scope="module")
def task(posted):
    return posted.task


@pytest.fixture(scope="module")
def opens(ground, task):
    return ground.progress(task).time_a


@pytest.fixture(scope="module")
def dispute(task, challenger):
    """The arguments of the challenger's dispute."""
    return task, {"from": challenger, "value": 3 * SEAT_BOND}


def test_dispute_report__with_the_bond__suspends_the_report(
    ground, market, challenger, posted, task, opens, dispute, books
):
    progress, before = ground.progress(task), books()
    transaction = market.dispute_report(*dispute)
    verdict_deadline = transaction.timestamp + task.verdict_window
    assert ground.progress(task) == progress._replace(
        stage=DISPUTED, time_a=verdict_deadline, time_b=opens - task.dispute_window
    )
    assert ground.head(task) == posted.disputed_head(challenger.address)
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
def test_dispute_report__by_anyone__suspends_the_report(request, ground, task, posted, who):
    caller = request.getfixturevalue(who)
    ground.dispute(task, caller)
    assert ground.head(task) == posted.disputed_head(caller.address)


def test_dispute_report__second_before_claims_open__suspends_the_report(
    ground, market, task, opens, dispute
):
    at(opens - 1)
    market.dispute_report(*dispute)
    assert ground.progress(task).stage == DISPUTED


@pytest.mark.parametrize("late", [0, 1])
def test_dispute_report__once_claims_are_open__is_refused(market, opens, dispute, late):
    at(opens + late)
    refuses(TOO_LATE, market.dispute_report, *dispute)


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_dispute_report__of_any_quorum__costs_its_panel(
    ground, market, provider, challenger, model, quorum
):
    task = ground.task(provider, nonce=1, quorum=quorum)
    seed = ground.enter(task, [model], revealed=[0])
    ground.post(task, sale.report(task.id(ground.domain), seed))
    bond = (2 * quorum + 1) * SEAT_BOND
    for value in (0, bond - 1, bond + 1):
        sent = {"from": challenger, "value": value}
        refuses(WRONG_VALUE, market.dispute_report, task, sent)
    market.dispute_report(task, {"from": challenger, "value": bond})
    assert ground.progress(task).stage == DISPUTED


def test_dispute_report__twice__is_refused(market, dispute):
    market.dispute_report(*dispute)
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__again_after_its_end__is_refused(
    ground, market, challenger, posted, task, dispute
):
    market.dispute_report(*dispute)
    at(ground.progress(task).time_a)
    market.expire_dispute(*posted.expire(challenger.address), {"from": challenger})
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__no_report__is_refused(ground, market, provider, dispute, model):
    task = ground.task(provider, nonce=1)
    refuses(WRONG_STAGE, market.dispute_report, task, dispute[-1])
    ground.enter(task, [model], revealed=[0])
    refuses(WRONG_STAGE, market.dispute_report, task, dispute[-1])


def test_dispute_report__task_settled__is_refused(ground, market, stranger, posted, task, dispute):
    at(ground.progress(task).time_b)
    market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.dispute_report, *dispute)


def test_dispute_report__of_altered_terms__is_refused(market, task, dispute):
    altered = task._replace(verdict_window=task.verdict_window + 1)
    refuses(WRONG_STAGE, market.dispute_report, altered, dispute[-1])
