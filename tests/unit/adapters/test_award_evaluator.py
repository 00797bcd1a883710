"""A job of ERC-8183 (a draft) that an award completes."""

import brownie
import pytest
from brownie import AwardEvaluator, JobEscrow, PlainToken, accounts

from tests import reasons
from tests.anvil import at, events, refuses
from tests.sale import DAY, word

from .conftest import SCORE, award

BUDGET = 1_000
SUBMITTED, COMPLETED, EXPIRED = 2, 3, 5


@pytest.fixture(scope="module")
def token(chain):
    return accounts[0].deploy(PlainToken, 6)


@pytest.fixture(scope="module")
def escrow(token):
    return accounts[0].deploy(JobEscrow, token)


@pytest.fixture(scope="module")
def evaluator(chain, sale, escrow, developer):
    return accounts[0].deploy(AwardEvaluator, chain.market, escrow, sale.id, developer, SCORE)


@pytest.fixture(scope="module")
def job(chain, token, escrow, evaluator, client, developer) -> int:
    """A job that is paid in and worked off."""
    expiry = chain.driver.now + 30 * DAY
    no_hook = "0x" + 40 * "0"
    as_client = {"from": client}
    escrow.createJob(developer, evaluator, expiry, "an award", no_hook, as_client)
    escrow.setBudget(1, BUDGET, b"", as_client)
    token.mint(client, BUDGET, as_client)
    token.approve(escrow, BUDGET, as_client)
    escrow.fund(1, BUDGET, b"", as_client)
    escrow.submit(1, word("deliverable"), b"", {"from": developer})
    assert escrow.jobs(1)["status"] == SUBMITTED
    return 1


def test_complete__final_award_with_the_least_score__pays_the_provider(
    sale, escrow, evaluator, job, token, developer, stranger
):
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    sent = evaluator.complete(job, award(stands, sale.models[0]), {"from": stranger})
    assert escrow.jobs(job)["status"] == COMPLETED
    assert token.balanceOf(developer) == BUDGET
    said = {"jobId": job, "evaluator": evaluator.address, "reason": stands.head()}
    assert events(sent)[-1] == ("JobCompleted", said)


# Holds S-102.
def test_complete__score_below_the_least__is_refused(sale, evaluator, job, stranger):
    stands = sale.post((0, SCORE - 1))
    at(sale.time_a)
    final = award(stands, sale.models[0])
    refuses(reasons.SCORE_TOO_LOW, evaluator.complete, job, final, {"from": stranger})


def test_complete__report_in_its_dispute_window__is_too_early(sale, evaluator, job, stranger):
    arguments = job, award(sale.post((0, SCORE)), sale.models[0]), {"from": stranger}
    at(sale.time_a - 1)
    with brownie.reverts(reasons.TOO_EARLY):
        evaluator.complete(*arguments)
    at(sale.time_a)
    evaluator.complete(*arguments)


def test_complete__award_of_another__is_refused(sale, evaluator, job, rival):
    stands = sale.post((1, SCORE), (0, SCORE - 1))
    at(sale.time_a)
    theirs = list(award(stands, sale.models[1]))
    as_rival = {"from": rival}
    refuses(reasons.WRONG_DEVELOPER, evaluator.complete, job, theirs, as_rival)
    theirs[5] = sale.models[0].developer
    refuses(reasons.WRONG_SUBMISSION, evaluator.complete, job, theirs, as_rival)
    theirs[0] = word("another task")
    refuses(reasons.WRONG_TASK, evaluator.complete, job, theirs, as_rival)


def test_complete__no_award__lets_the_job_expire(sale, escrow, evaluator, job, token, client):
    stands = sale.post((1, SCORE))
    at(escrow.jobs(job)["expired_at"])
    final = list(award(stands, sale.models[0]))
    refuses(reasons.WRONG_SUBMISSION, evaluator.complete, job, final, {"from": client})
    escrow.claimRefund(job, {"from": client})
    assert escrow.jobs(job)["status"] == EXPIRED
    assert token.balanceOf(client) == BUDGET


def test_complete__twice__is_refused_by_the_escrow(sale, evaluator, job, stranger):
    final = award(sale.post((0, SCORE)), sale.models[0])
    at(sale.time_a)
    evaluator.complete(job, final, {"from": stranger})
    refuses("wrong status", evaluator.complete, job, final, {"from": stranger})


def test_deploy__terms__can_be_read_and_need_contracts(chain, sale, escrow, evaluator, developer):
    assert evaluator.market() == chain.market
    assert evaluator.COMMERCE() == escrow
    assert bytes(evaluator.TASK_ID()) == sale.id
    assert evaluator.DEVELOPER() == developer
    assert evaluator.MIN_SCORE() == SCORE
    for contracts in ((accounts[9], escrow), (chain.market, accounts[9])):
        with brownie.reverts(reasons.NOT_A_CONTRACT):
            accounts[0].deploy(AwardEvaluator, *contracts, sale.id, developer, SCORE)
