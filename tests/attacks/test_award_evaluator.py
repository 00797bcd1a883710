"""A job of ERC-8183 (a draft) that an award completes."""

import pytest

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests.attacks.awards import SCORE, award, closed_sale
from tests.inprocess import account, deploy, refuses
from tests.sale import DAY, word

BUDGET = 1_000
SUBMITTED, COMPLETED, EXPIRED = 2, 3, 5


@pytest.fixture(scope="module")
def sale(chain):
    return closed_sale(chain)


@pytest.fixture(scope="module")
def token():
    return deploy("testing/PlainToken", 6)


@pytest.fixture(scope="module")
def escrow(token):
    return deploy("testing/JobEscrow", token)


@pytest.fixture(scope="module")
def evaluator(chain, sale, escrow):
    terms = escrow, sale.id, account("developer"), SCORE
    return deploy("adapters/AwardEvaluator", chain.market, *terms)


@pytest.fixture(scope="module")
def client():
    """The client of a job."""
    return account("client")


@pytest.fixture(scope="module")
def job(chain, token, escrow, evaluator, client) -> int:
    """A job that is paid in and worked off."""
    expiry, developer = chain.now + 30 * DAY, account("developer")
    escrow.createJob(developer, evaluator, expiry, "an award", ZERO_ADDRESS, sender=client)
    escrow.setBudget(1, BUDGET, b"", sender=client)
    token.mint(client, BUDGET)
    token.approve(escrow, BUDGET, sender=client)
    escrow.fund(1, BUDGET, b"", sender=client)
    escrow.submit(1, word("deliverable"), b"", sender=developer)
    assert escrow.jobs(1).status == SUBMITTED
    return 1


def test_complete__final_award_with_the_least_score__pays_the_provider(
    chain, sale, escrow, evaluator, job, token, developer, stranger
):
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    evaluator.complete(job, award(stands, sale.models[0]), sender=stranger)
    event = evaluator.get_logs()[-1]
    assert type(event).__name__ == "JobCompleted"
    said = event.jobId, event.evaluator, event.reason
    assert said == (job, evaluator.address, stands.head())
    assert escrow.jobs(job).status == COMPLETED
    assert token.balanceOf(developer) == BUDGET


# Holds S-102.
def test_complete__score_below_the_least__is_refused(chain, sale, evaluator, job, stranger):
    stands = sale.post((0, SCORE - 1))
    chain.at(sale.time_a)
    with refuses(reasons.SCORE_TOO_LOW):
        evaluator.complete(job, award(stands, sale.models[0]), sender=stranger)


# Holds S-102.
@pytest.mark.parametrize("short", [0, 1])
def test_complete__second_award__counts_with_its_own_score(
    chain, sale, escrow, evaluator, job, stranger, short
):
    """Index and score are those of the award that is named, not those of the best one."""
    stands = sale.post((1, SCORE + 1), (0, SCORE - short))
    chain.at(sale.time_a)
    final = award(stands, sale.models[0], position=1)
    if short:
        with refuses(reasons.SCORE_TOO_LOW):
            evaluator.complete(job, final, sender=stranger)
    else:
        evaluator.complete(job, final, sender=stranger)
        assert escrow.jobs(job).status == COMPLETED


def test_complete__report_in_its_dispute_window__is_too_early(
    chain, sale, evaluator, job, stranger
):
    arguments = job, award(sale.post((0, SCORE)), sale.models[0])
    chain.at(sale.time_a - 1)
    with refuses(reasons.TOO_EARLY):
        evaluator.complete(*arguments, sender=stranger)
    chain.at(sale.time_a)
    evaluator.complete(*arguments, sender=stranger)


def test_complete__award_of_another__is_refused(chain, sale, evaluator, job):
    stands = sale.post((1, SCORE), (0, SCORE - 1))
    chain.at(sale.time_a)
    theirs = list(award(stands, sale.models[1]))
    with refuses(reasons.WRONG_DEVELOPER):
        evaluator.complete(job, theirs, sender=account("rival"))
    theirs[5] = sale.models[0].developer
    with refuses(reasons.WRONG_SUBMISSION):
        evaluator.complete(job, theirs, sender=account("rival"))
    theirs[0] = word("another task")
    with refuses(reasons.WRONG_TASK):
        evaluator.complete(job, theirs, sender=account("rival"))


def test_complete__no_award__lets_the_job_expire(
    chain, sale, escrow, evaluator, job, token, client
):
    stands = sale.post((1, SCORE))
    chain.at(escrow.jobs(job).expired_at)
    with refuses(reasons.WRONG_SUBMISSION):
        evaluator.complete(job, award(stands, sale.models[0]), sender=client)
    escrow.claimRefund(job, sender=client)
    assert escrow.jobs(job).status == EXPIRED
    assert token.balanceOf(client) == BUDGET


def test_complete__twice__is_refused_by_the_escrow(chain, sale, evaluator, job, stranger):
    final = award(sale.post((0, SCORE)), sale.models[0])
    chain.at(sale.time_a)
    evaluator.complete(job, final, sender=stranger)
    with refuses("wrong status"):
        evaluator.complete(job, final, sender=stranger)


def test_deploy__terms__can_be_read_and_need_contracts(chain, sale, escrow, evaluator, stranger):
    assert evaluator.market() == chain.market.address
    assert evaluator.COMMERCE() == escrow.address
    assert evaluator.TASK_ID() == sale.id
    assert evaluator.DEVELOPER() == account("developer")
    assert evaluator.MIN_SCORE() == SCORE
    for contracts in ((stranger, escrow), (chain.market, stranger)):
        with refuses(reasons.NOT_A_CONTRACT):
            deploy("adapters/AwardEvaluator", *contracts, sale.id, account("developer"), SCORE)
