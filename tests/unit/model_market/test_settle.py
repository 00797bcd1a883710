"""settle: what was not claimed goes back, fee and pot go to those who measured."""

from dataclasses import replace

import brownie
import pytest

from tests import sale
from tests.reasons import LITTLE_GAS, TOO_EARLY, WRONG_SALE, WRONG_STAGE
from tests.sale import SETTLED, ZERO_ADDRESS
from tests.unit.chain import at, events, refuses
from tests.unit.model_market.moods import Mood

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
def posted(ground, provider, token, models):
    """In a token, signed by three, with awards to the developer (2) and the rival (0)."""
    task = ground.task(
        provider,
        token=token.address,
        quorum=3,
        budget=BUDGET,
        benchmark_fee=FEE,
        curve=sale.curve((500_000, 1_000_000), (1_000_000, 6_000_000)),
    )
    seed = ground.enter(task, models, revealed=[0, 2])
    report = sale.report(task.id(ground.domain), seed, (2, 900_000), (0, 700_000))
    return ground.post(task, report)


@pytest.fixture(scope="module")
def task(posted):
    return posted.task


@pytest.fixture(scope="module")
def opens(ground, posted):
    return ground.progress(posted.task).time_a


@pytest.fixture(scope="module")
def closes(ground, posted):
    return ground.progress(posted.task).time_b


@pytest.fixture
def claim(ground, market, posted, models):
    """Claims awards, from the moment claims open."""

    def make(*awards):
        at(ground.progress(posted.task).time_a)
        for award in awards:
            model = models[[2, 0][award]]
            market.claim_award(*posted.claim(award, model), {"from": model.developer})

    return make


SHARES = {f"operator {rank} token credit": FEE_SHARE for rank in range(3)} | {
    f"operator {rank} credit": POT_SHARE for rank in range(3)
}
"""What the three signers' operators get."""


# ── Success ──


def test_settle__all_claimed__pays_before_claims_close(
    ground, market, stranger, provider, token, posted, claim, books
):
    claim(0, 1)
    progress, before = ground.progress(posted.task), books(token)
    transaction = market.settle(*posted.settle(), {"from": stranger})
    refund = BUDGET - FIRST - SECOND + FEE_DUST
    assert ground.progress(posted.task) == progress._replace(stage=SETTLED)
    assert before.moved() == SHARES | {
        "provider token credit": refund,
        "provider credit": POT_DUST,
        "owed ether": POT,
    }
    settled = {
        "task_id": posted.report.task_id,
        "refund": refund,
        "fee": 3 * FEE_SHARE,
        "pot": POT,
    }
    expected = []
    for enclave in ground.enclaves[:3]:
        expected += [credited(token, enclave.operator, FEE_SHARE)]
        expected += [credited(ZERO_ADDRESS, enclave.operator, POT_SHARE)]
    expected += [("TaskSettled", settled)]
    expected += [credited(token, provider, refund), credited(ZERO_ADDRESS, provider, POT_DUST)]
    assert events(transaction) == expected


def credited(token, account, amount):
    return "Credited", {"token": token, "account": account, "amount": amount}


def test_settle__by_the_provider__pays_it_at_once(market, provider, token, posted, closes, books):
    at(closes)
    before = books(token)
    market.settle(*posted.settle(), {"from": provider})
    assert before.moved() == SHARES | {
        "provider token": BUDGET + FEE_DUST,
        "market token": -BUDGET - FEE_DUST,
        "owed token": -BUDGET - FEE_DUST,
        "provider ether": POT_DUST,
        "market ether": -POT_DUST,
        "owed ether": POT - POT_DUST,
    }


@pytest.mark.parametrize(
    ("claimed", "refund"), [([], BUDGET), ([0], BUDGET - FIRST), ([1], BUDGET - SECOND)]
)
def test_settle__some_not_claimed__returns_their_prices(
    market, stranger, token, posted, claim, closes, books, claimed, refund
):
    claim(*claimed)
    at(closes)
    before = books(token)
    market.settle(*posted.settle(), {"from": stranger})
    assert before.moved() == SHARES | {
        "provider token credit": refund + FEE_DUST,
        "provider credit": POT_DUST,
        "owed ether": POT,
    }


def test_settle__in_ether__books_both_together(
    ground, market, provider, stranger, model, straggler_model, books
):
    task = ground.task(provider, nonce=1, budget=6 * 10**18, benchmark_fee=7)
    seed = ground.enter(task, [model, straggler_model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed))
    at(ground.progress(task).time_a)
    before = books()
    market.settle(*posted.settle(), {"from": stranger})
    pot = (2 * 10_000_000 + 50_000_000) * GWEI
    assert before.moved() == {
        "operator 0 credit": pot + 7,
        "provider credit": 6 * 10**18,
        "owed ether": pot,
    }


def test_settle__free_of_fees__credits_nobody_else(
    ground, market, provider, stranger, model, books
):
    task = ground.task(provider, nonce=1, benchmark_fee=0, entry_fee=0)
    seed = ground.enter(task, [model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed))
    at(ground.progress(task).time_a)
    before = books()
    transaction = market.settle(*posted.settle(), {"from": stranger})
    assert before.moved() == {"provider credit": task.budget}
    names = [name for name, _ in events(transaction)]
    assert names == ["TaskSettled", "Credited"]


def test_settle__everything_sold_and_shared__leaves_nothing_to_the_provider(
    ground, market, provider, developer, model, token, books
):
    task = ground.task(
        provider,
        token=token.address,
        budget=5,
        benchmark_fee=2,
        curve=sale.curve((1, 5)),
        max_awards=1,
    )
    seed = ground.enter(task, [model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed, (0, 1)))
    at(ground.progress(task).time_a)
    market.claim_award(*posted.claim(0, model), {"from": developer})
    before = books(token)
    transaction = market.settle(*posted.settle(), {"from": provider})
    assert before.moved() == {
        "operator 0 token credit": 2,
        "operator 0 credit": task.entry_fee,
        "owed ether": task.entry_fee,
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
def test_settle__claims_closed__settles(ground, market, stranger, posted, closes, after):
    at(closes + after)
    market.settle(*posted.settle(), {"from": stranger})
    assert ground.progress(posted.task).stage == SETTLED


@pytest.fixture
def barren(ground, provider, model):
    """A report that awards nothing."""
    task = ground.task(provider, nonce=1)
    seed = ground.enter(task, [model], revealed=[0])
    return ground.post(task, sale.report(task.id(ground.domain), seed))


def test_settle__nothing_awarded_a_second_before_claims_open__is_refused(
    ground, market, stranger, barren
):
    """Until then it can be disputed."""
    at(ground.progress(barren.task).time_a - 1)
    refuses(TOO_EARLY, market.settle, *barren.settle(), {"from": stranger})


@pytest.mark.parametrize("after", [0, 1])
def test_settle__nothing_awarded_and_claims_open__settles(ground, market, stranger, barren, after):
    at(ground.progress(barren.task).time_a + after)
    market.settle(*barren.settle(), {"from": stranger})
    assert ground.progress(barren.task).stage == SETTLED


def test_settle__twice__is_refused(market, stranger, posted, closes):
    at(closes)
    market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": stranger})


def test_settle__report_disputed__is_refused(ground, market, stranger, challenger, posted, closes):
    ground.dispute(posted.task, challenger)
    at(closes)
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": stranger})


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
def test_settle__no_report__is_refused(ground, market, provider, posted, model, close):
    task = ground.task(provider, nonce=1)
    ground.create(task)
    ground.commit(task, model)
    ground.reveal(task, (0, model))
    if close:
        ground.close(task)
    early = replace(posted, task=task)
    refuses(WRONG_STAGE, market.settle, *early.settle(), {"from": provider})


def test_settle__task_voided__is_refused(ground, market, provider, posted):
    task = ground.task(provider, nonce=1)
    ground.create(task)
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


def test_settle__other_signers__are_refused(ground, market, stranger, posted, closed):
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
def moody(ground, provider, moody_token, model):
    """A report of no award in a moody token, when it can be settled."""
    task = ground.task(provider, token=moody_token.address)
    seed = ground.enter(task, [model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed))
    at(ground.progress(task).time_a)
    return posted


@pytest.mark.parametrize(
    "mood", [Mood.REFUSES, Mood.REVERTS, Mood.EATS_GAS], ids=lambda mood: mood.name
)
def test_settle__token_that_fails__credits_the_provider(
    market, provider, moody_token, moody, books, mood
):
    moody_token.set_mood(mood, {"from": provider})
    before = books(moody_token)
    market.settle(*moody.settle(), {"from": provider})
    assert before.moved() == {
        "provider token credit": moody.task.budget,
        "operator 0 token credit": moody.task.benchmark_fee,
        "operator 0 credit": moody.task.entry_fee,
        "owed ether": moody.task.entry_fee,
    }


def test_settle__starved_of_gas__reverts_rather_than_credits(market, provider, moody):
    with brownie.reverts(LITTLE_GAS):
        market.settle(*moody.settle(), {"from": provider, "gas_limit": 350_000})


def test_settle__token_calls_back__is_locked_out(market, provider, moody_token, moody, books):
    data = market.withdraw.encode_input(moody_token, provider)
    moody_token.set_call(market, data, {"from": provider})
    before = books(moody_token)
    market.settle(*moody.settle(), {"from": provider})
    assert not moody_token.called()
    assert before.moved()["provider token"] == moody.task.budget
