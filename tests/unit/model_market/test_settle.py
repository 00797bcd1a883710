"""settle: what was not claimed goes back, fee and pot go to those who measured."""

from dataclasses import replace

import brownie
import pytest

from tests import sale
from tests.anvil import at, credited, events, refuses
from tests.deployment import Sale
from tests.reasons import LITTLE_GAS, TOO_EARLY, WRONG_SALE, WRONG_STAGE
from tests.sale import SETTLED, ZERO_ADDRESS
from tests.token_modes import TokenMode

GWEI = 10**9
BUDGET, FEE = 10_000_000, 1_000_003
FIRST, SECOND = 5_000_000, 3_000_000
POT = (3 * 10_000_000 + 50_000_000) * GWEI
"""Three entry fees, and the straggler's bond."""
FEE_SHARE, FEE_DUST = 333_334, 1
POT_SHARE, POT_DUST = 26_666_666_666_666_666, 2


@pytest.fixture(scope="module")
def models(rival_model, straggler_model, model):
    return [rival_model, straggler_model, model]


@pytest.fixture(scope="module")
def posted(chain, provider, token, models):
    """In a token, signed by three, with awards to the developer (2) and the rival (0)."""
    terms = {"token": token.address, "quorum": 3, "budget": BUDGET, "benchmark_fee": FEE}
    curve = sale.curve((500_000, 1_000_000), (1_000_000, 6_000_000))
    entered = Sale(chain, curve=curve, **terms).enter(*models, revealed=[0, 2])
    return entered.post((2, 900_000), (0, 700_000))


@pytest.fixture
def claim(chain, market, posted, models):
    """Claims awards, from the moment claims open."""

    def make(*awards):
        at(chain.progress(posted.task).time_a)
        for award in awards:
            model = models[[2, 0][award]]
            market.claim_award(*posted.claim(award, model), {"from": model.developer})

    return make


SHARES = {f"operator {rank} token credit": FEE_SHARE for rank in range(3)} | {
    f"operator {rank} credit": POT_SHARE for rank in range(3)
}
"""The gains of the three signers' operators."""


# ── Success ──


def test_settle__all_claimed__pays_before_claims_close(
    chain, market, stranger, provider, token, posted, claim, balances
):
    claim(0, 1)
    progress, before = chain.progress(posted.task), balances(token)
    transaction = market.settle(*posted.settle(), {"from": stranger})
    refund = BUDGET - FIRST - SECOND + FEE_DUST
    assert chain.progress(posted.task) == progress._replace(stage=SETTLED)
    assert before.moved() == SHARES | {
        "provider token credit": refund,
        "provider credit": POT_DUST,
    }
    settled = {
        "task_id": posted.report.task_id,
        "refund": refund,
        "fee": 3 * FEE_SHARE,
        "pot": POT,
    }
    expected = []
    for enclave in chain.enclaves[:3]:
        expected += [credited(token, enclave.operator, FEE_SHARE)]
        expected += [credited(ZERO_ADDRESS, enclave.operator, POT_SHARE)]
    expected += [("TaskSettled", settled)]
    expected += [credited(token, provider, refund), credited(ZERO_ADDRESS, provider, POT_DUST)]
    assert events(transaction) == expected


def test_settle__by_the_provider__pays_it_at_once(
    market, provider, token, posted, closes, balances
):
    at(closes)
    before = balances(token)
    market.settle(*posted.settle(), {"from": provider})
    assert before.moved() == SHARES | {
        "provider token": BUDGET + FEE_DUST,
        "market token": -BUDGET - FEE_DUST,
        "provider ether": POT_DUST,
        "market ether": -POT_DUST,
    }


@pytest.mark.parametrize(
    ("claimed", "refund"), [([], BUDGET), ([0], BUDGET - FIRST), ([1], BUDGET - SECOND)]
)
def test_settle__some_not_claimed__returns_their_prices(
    market, stranger, token, posted, claim, closes, balances, claimed, refund
):
    claim(*claimed)
    at(closes)
    before = balances(token)
    market.settle(*posted.settle(), {"from": stranger})
    assert before.moved() == SHARES | {
        "provider token credit": refund + FEE_DUST,
        "provider credit": POT_DUST,
    }


def test_settle__in_ether__books_both_together(
    chain, market, provider, stranger, model, straggler_model, balances
):
    entered = Sale(chain, nonce=1, budget=6 * 10**18, benchmark_fee=7).enter(
        model, straggler_model, revealed=[0]
    )
    posted = entered.post()
    task = entered.task
    at(chain.progress(task).time_a)
    before = balances()
    market.settle(*posted.settle(), {"from": stranger})
    pot = (2 * 10_000_000 + 50_000_000) * GWEI
    assert before.moved() == {
        "operator 0 credit": pot + 7,
        "provider credit": 6 * 10**18,
    }


def test_settle__free_of_fees__credits_nobody_else(
    chain, market, provider, stranger, model, balances
):
    entered = Sale(chain, nonce=1, benchmark_fee=0, entry_fee=0).enter(model, revealed=[0])
    posted = entered.post()
    task = entered.task
    at(chain.progress(task).time_a)
    before = balances()
    transaction = market.settle(*posted.settle(), {"from": stranger})
    assert before.moved() == {"provider credit": task.budget}
    names = [name for name, _ in events(transaction)]
    assert names == ["TaskSettled", "Credited"]


def test_settle__everything_sold_and_shared__leaves_nothing_to_the_provider(
    chain, market, provider, developer, model, token, balances
):
    task = chain.task(
        provider,
        token=token.address,
        budget=5,
        benchmark_fee=2,
        curve=sale.curve((1, 5)),
        max_awards=1,
    )
    seed = chain.enter(task, [model], revealed=[0])
    posted = chain.post(task, chain.report(task, seed, (0, 1)))
    at(chain.progress(task).time_a)
    market.claim_award(*posted.claim(0, model), {"from": developer})
    before = balances(token)
    transaction = market.settle(*posted.settle(), {"from": provider})
    assert before.moved() == {
        "operator 0 token credit": 2,
        "operator 0 credit": task.entry_fee,
    }
    assert [name for name, _ in events(transaction)] == ["Credited", "Credited", "TaskSettled"]


# ── When ──


def test_settle__not_all_claimed_a_second_before_claims_close__is_refused(
    market, stranger, posted, claim, closes
):
    claim(0)
    at(closes - 1)
    refuses(TOO_EARLY, market.settle, *posted.settle(), {"from": stranger})


@pytest.mark.parametrize("after", [0, 1])
def test_settle__claims_closed__settles(chain, market, stranger, posted, closes, after):
    at(closes + after)
    market.settle(*posted.settle(), {"from": stranger})
    assert chain.progress(posted.task).stage == SETTLED


@pytest.fixture
def barren(chain, provider, model):
    """A report that awards nothing."""
    entered = Sale(chain, nonce=1).enter(model, revealed=[0])
    return entered.post()


def test_settle__nothing_awarded_a_second_before_claims_open__is_refused(
    chain, market, stranger, barren
):
    """Until then it can be disputed."""
    at(chain.progress(barren.task).time_a - 1)
    refuses(TOO_EARLY, market.settle, *barren.settle(), {"from": stranger})


@pytest.mark.parametrize("after", [0, 1])
def test_settle__nothing_awarded_and_claims_open__settles(chain, market, stranger, barren, after):
    at(chain.progress(barren.task).time_a + after)
    market.settle(*barren.settle(), {"from": stranger})
    assert chain.progress(barren.task).stage == SETTLED


def test_settle__twice__is_refused(market, stranger, posted, closes):
    at(closes)
    market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": stranger})


def test_settle__report_disputed__is_refused(chain, market, stranger, challenger, posted, closes):
    chain.dispute(posted.task, challenger)
    at(closes)
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": stranger})


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
def test_settle__no_report__is_refused(chain, market, provider, posted, model, close):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model)
    chain.reveal(task, (0, model))
    if close:
        chain.close(task)
    early = replace(posted, task=task)
    refuses(WRONG_STAGE, market.settle, *early.settle(), {"from": provider})


def test_settle__task_voided__is_refused(chain, market, provider, posted):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    at(task.reveal_deadline)
    market.void(task, {"from": provider})
    late = replace(posted, task=task)
    refuses(WRONG_STAGE, market.settle, *late.settle(), {"from": provider})


# ── What it has to name ──


@pytest.fixture
def closed(closes):
    at(closes)


def test_settle__other_payouts__are_refused(market, stranger, posted, closed):
    cheaper = [payout - 1 for payout in posted.payouts]
    for payouts in (cheaper, posted.payouts[::-1], posted.payouts[:1], []):
        other = replace(posted, payouts=payouts)
        refuses(WRONG_SALE, market.settle, *other.settle(), {"from": stranger})


def test_settle__another_report__is_refused(market, stranger, posted, closed):
    other = replace(posted, report=posted.report._replace(results=sale.word("other")))
    refuses(WRONG_SALE, market.settle, *other.settle(), {"from": stranger})


def test_settle__other_signers__are_refused(chain, market, stranger, posted, closed):
    first, *others = posted.signers
    stolen = first._replace(operator=stranger.address)
    for signers in ([stolen, *others], posted.signers[::-1], others, []):
        other = replace(posted, signers=signers)
        refuses(WRONG_SALE, market.settle, *other.settle(), {"from": stranger})


def test_settle__other_terms__are_refused(market, stranger, posted, closed):
    """Other terms are another task."""
    richer = replace(posted, task=posted.task._replace(benchmark_fee=2 * FEE))
    refuses(WRONG_STAGE, market.settle, *richer.settle(), {"from": stranger})


# ── A provider that cannot be paid ──


@pytest.fixture
def posted_in_token(chain, provider, configurable_token, model):
    """A report of no award in a configurable token, when it can be settled."""
    entered = Sale(chain, token=configurable_token.address).enter(model, revealed=[0])
    posted = entered.post()
    task = entered.task
    at(chain.progress(task).time_a)
    return posted


@pytest.mark.parametrize(
    "mode", [TokenMode.RETURNS_FALSE, TokenMode.REVERTS, TokenMode.BURNS_ALL_GAS]
)
def test_settle__token_that_fails__credits_the_provider(
    market, provider, configurable_token, posted_in_token, balances, mode
):
    configurable_token.set_mode(mode, {"from": provider})
    before = balances(configurable_token)
    market.settle(*posted_in_token.settle(), {"from": provider})
    assert before.moved() == {
        "provider token credit": posted_in_token.task.budget,
        "operator 0 token credit": posted_in_token.task.benchmark_fee,
        "operator 0 credit": posted_in_token.task.entry_fee,
    }


def test_settle__starved_of_gas__reverts_rather_than_credits(market, provider, posted_in_token):
    with brownie.reverts(LITTLE_GAS):
        market.settle(*posted_in_token.settle(), {"from": provider, "gas_limit": 1_200_000})


def test_settle__token_calls_back__is_locked_out(
    market, provider, configurable_token, posted_in_token, balances
):
    data = market.withdraw.encode_input(configurable_token, provider)
    configurable_token.set_call(market, data, {"from": provider})
    before = balances(configurable_token)
    market.settle(*posted_in_token.settle(), {"from": provider})
    assert not configurable_token.called()
    assert before.moved()["provider token"] == posted_in_token.task.budget
