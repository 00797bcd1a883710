"""claim_award: the envelope against the price, in one transaction."""

from dataclasses import replace

import pytest

from tests import sale
from tests.anvil import at, events, refuses
from tests.deployment import Sale
from tests.reasons import (
    ALREADY_CLAIMED,
    BELOW_MIN_PRICE,
    NO_SUCH_AWARD,
    TOO_EARLY,
    TOO_LATE,
    WRONG_SALE,
    WRONG_STAGE,
    WRONG_SUBMISSION,
)
from tests.sale import ETHER, ZERO_ADDRESS

RIVALS, STRAGGLERS, DEVELOPERS = 0, 1, 2
"""Indices of the submissions."""

FIRST, SECOND, THIRD = 5_000_000, 3_000_000, 1_000_000
"""Prices of the awards."""


@pytest.fixture(scope="module")
def models(model, rival_model, straggler_model):
    """The developer asks for just the price that it gets."""
    asking = replace(model, submission=model.submission._replace(min_price=FIRST))
    return [rival_model, straggler_model, asking]


@pytest.fixture(scope="module")
def posted(chain, provider, token, models):
    """In a token; of three awards, the straggler's among them, though it has not revealed."""
    terms = {"token": token.address, "budget": 10_000_000, "benchmark_fee": 1_000_000}
    curve = sale.curve((500_000, 1_000_000), (1_000_000, 6_000_000))
    entered = Sale(chain, curve=curve, **terms).enter(*models, revealed=[RIVALS, DEVELOPERS])
    return entered.post((DEVELOPERS, 900_000), (RIVALS, 700_000), (STRAGGLERS, 500_000))


@pytest.fixture(scope="module")
def claim(posted, models, developer):
    """The arguments of the developer's claim."""
    return *posted.claim(0, models[DEVELOPERS]), {"from": developer}


@pytest.fixture(scope="module")
def rival_claim(posted, models, rival):
    return *posted.claim(1, models[RIVALS]), {"from": rival}


# ── Success ──


def test_claim_award__by_the_developer__pays_and_publishes(
    chain, market, developer, token, models, posted, claim, opens, balances
):
    progress, before = chain.progress(posted.task), balances(token)
    at(opens)
    transaction = market.claim_award(*claim)
    assert chain.progress(posted.task) == progress._replace(claimed=0b001)
    assert chain.head(posted.task) == posted.head()
    assert before.moved() == {
        "developer token": FIRST,
        "market token": -FIRST,
    }
    claimed = {
        "task_id": posted.report.task_id,
        "developer": developer,
        "index": DEVELOPERS,
        "price": FIRST,
        "envelope": models[DEVELOPERS].envelope,
    }
    paid = {"sender": market, "receiver": developer, "value": FIRST}
    assert events(transaction) == [("AwardClaimed", claimed), ("Transfer", paid)]


def test_claim_award__in_any_order__each_sets_its_bit(
    chain, market, posted, claim, rival_claim, opens, token, balances
):
    before = balances(token)
    at(opens)
    market.claim_award(*rival_claim)
    assert chain.progress(posted.task).claimed == 0b010
    market.claim_award(*claim)
    assert chain.progress(posted.task).claimed == 0b011
    assert before.moved() == {
        "developer token": FIRST,
        "rival token": SECOND,
        "market token": -FIRST - SECOND,
    }


def test_claim_award__in_ether__pays_the_developer(
    chain, market, provider, developer, models, balances
):
    task = chain.task(provider, nonce=1)
    seed = chain.enter(task, models, revealed=[DEVELOPERS])
    posted = chain.post(task, chain.report(task, seed, (DEVELOPERS, 900_000)))
    before = balances()
    at(chain.progress(task).time_a)
    market.claim_award(*posted.claim(0, models[DEVELOPERS]), {"from": developer})
    assert before.moved() == {
        "developer ether": 5 * ETHER,
        "market ether": -5 * ETHER,
    }


def test_claim_award__of_the_eighth__sets_the_last_bit(chain, market, provider, developer):
    task = chain.task(
        provider, nonce=1, budget=8 * ETHER, max_awards=8, curve=sale.curve((1, ETHER))
    )
    models = [sale.model(developer.address, f"model {n}") for n in range(8)]
    seed = chain.enter(task, models, revealed=range(8))
    report = chain.report(task, seed, *((n, 5) for n in range(8)))
    posted = chain.post(task, report)
    at(chain.progress(task).time_a)
    for award in reversed(range(8)):
        market.claim_award(*posted.claim(award, models[award]), {"from": developer})
    assert chain.progress(task).claimed == 0xFF
    assert chain.progress(task).awards == 8


# ── When ──


def test_claim_award__second_before_claims_open__is_refused(market, claim, opens):
    at(opens - 1)
    refuses(TOO_EARLY, market.claim_award, *claim)


@pytest.mark.parametrize("after", [0, 1])
def test_claim_award__once_claims_are_open__is_paid(chain, market, task, claim, opens, after):
    at(opens + after)
    market.claim_award(*claim)
    assert chain.progress(task).claimed == 0b001


def test_claim_award__second_before_claims_close__is_paid(chain, market, task, claim, closes):
    at(closes - 1)
    market.claim_award(*claim)
    assert chain.progress(task).claimed == 0b001


@pytest.mark.parametrize("late", [0, 1])
def test_claim_award__once_claims_are_closed__is_refused(market, claim, closes, late):
    at(closes + late)
    refuses(TOO_LATE, market.claim_award, *claim)


def test_claim_award__report_disputed__is_refused(chain, market, challenger, task, claim, opens):
    chain.dispute(task, challenger)
    at(opens)
    refuses(WRONG_STAGE, market.claim_award, *claim)


def test_claim_award__no_report__is_refused(chain, market, provider, posted, models, developer):
    task = chain.task(provider, nonce=1)
    chain.enter(task, models, revealed=[DEVELOPERS])
    early = replace(posted, report=posted.report._replace(task_id=task.id(chain.domain)))
    arguments = early.claim(0, models[DEVELOPERS])
    refuses(WRONG_STAGE, market.claim_award, *arguments, {"from": developer})


def test_claim_award__task_settled__is_refused(market, stranger, posted, claim, closes):
    at(closes)
    market.settle(*posted.settle(), {"from": stranger})
    refuses(WRONG_STAGE, market.claim_award, *claim)


def test_claim_award__no_such_task__is_refused(market, claim):
    refuses(WRONG_STAGE, market.claim_award, sale.word("no task"), *claim[1:])


# ── What it has to show ──


@pytest.fixture
def opened(opens):
    at(opens)


def test_claim_award__twice__is_refused(market, claim, opened):
    market.claim_award(*claim)
    refuses(ALREADY_CLAIMED, market.claim_award, *claim)


@pytest.mark.parametrize("award", [3, 8, 2**256 - 1], ids=["fourth", "ninth", "largest"])
def test_claim_award__no_such_award__is_refused(market, claim, opened, award):
    refuses(NO_SUCH_AWARD, market.claim_award, claim[0], award, *claim[2:])


def other_payouts(payouts):
    """Lists of payouts that are not the report's."""
    raised = [payouts[0] + 1, *payouts[1:]]
    return {
        "a higher price": raised,
        "another order": [payouts[1], payouts[0], payouts[2]],
        "one more": [*payouts, payouts[0]],
        "one less": payouts[:-1],
        "none": [],
    }


@pytest.mark.parametrize(
    "fault", ["a higher price", "another order", "one more", "one less", "none"]
)
def test_claim_award__of_other_payouts__is_refused(
    market, posted, models, developer, opened, fault
):
    other = replace(posted, payouts=other_payouts(posted.payouts)[fault])
    arguments = other.claim(0, models[DEVELOPERS])
    refuses(WRONG_SALE, market.claim_award, *arguments, {"from": developer})


def test_claim_award__in_another_token__is_refused(market, posted, models, developer, opened):
    other = replace(posted, task=posted.task._replace(token=ZERO_ADDRESS))
    arguments = other.claim(0, models[DEVELOPERS])
    refuses(WRONG_SALE, market.claim_award, *arguments, {"from": developer})


def test_claim_award__of_another_report__is_refused(
    chain, market, posted, models, developer, opened
):
    other = replace(posted, signers=sale.signers(chain.enclaves[1:2]))
    arguments = other.claim(0, models[DEVELOPERS])
    refuses(WRONG_SALE, market.claim_award, *arguments, {"from": developer})


@pytest.mark.parametrize("who", ["rival", "provider", "stranger"])
def test_claim_award__with_an_envelope_seen_elsewhere__is_refused(
    request, market, claim, opened, who
):
    """Whoever copies a claim out of the mempool takes nothing with it."""
    caller = request.getfixturevalue(who)
    refuses(WRONG_SUBMISSION, market.claim_award, *claim[:-1], {"from": caller})


@pytest.mark.parametrize(
    "envelope", [b"", b"\x01" * 79, b"\x01" * 80], ids=["none", "short", "another"]
)
def test_claim_award__without_the_envelope__is_refused(market, claim, opened, envelope):
    refuses(WRONG_SUBMISSION, market.claim_award, *claim[:-2], envelope, claim[-1])


def test_claim_award__envelope_with_one_bit_changed__is_refused(market, models, claim, opened):
    envelope = models[DEVELOPERS].envelope
    changed = envelope[:-1] + bytes([envelope[-1] ^ 1])
    refuses(WRONG_SUBMISSION, market.claim_award, *claim[:-2], changed, claim[-1])


def test_claim_award__with_another_payload__is_refused(market, posted, models, developer, opened):
    other = replace(models[DEVELOPERS], keyring_digest=sale.word("another keyring"))
    refuses(WRONG_SUBMISSION, market.claim_award, *posted.claim(0, other), {"from": developer})


def test_claim_award__with_the_model_of_another_award__is_refused(
    market, posted, models, developer, opened
):
    arguments = posted.claim(1, models[DEVELOPERS])
    arguments = (*arguments[:5], 0, *arguments[6:])
    refuses(WRONG_SUBMISSION, market.claim_award, *arguments, {"from": developer})


def test_claim_award__never_revealed__is_refused(market, posted, models, straggler, opened):
    arguments = posted.claim(2, models[STRAGGLERS])
    refuses(WRONG_SUBMISSION, market.claim_award, *arguments, {"from": straggler})


# ── The least that a developer sells for ──


@pytest.fixture
def reserved(chain, provider, developer, token):
    """Reports a model that its developer sells for at least so much, and that is worth FIRST."""

    def report(min_price):
        model = sale.model(developer.address, "reserved", min_price)
        task = chain.task(
            provider,
            token=token.address,
            budget=FIRST,
            benchmark_fee=0,
            curve=sale.curve((1, FIRST)),
        )
        seed = chain.enter(task, [model], revealed=[0])
        posted = chain.post(task, chain.report(task, seed, (0, 1)))
        at(chain.progress(task).time_a)
        return posted, model

    return report


def test_claim_award__at_the_reserve_price__is_paid(market, developer, reserved, token):
    posted, model = reserved(min_price=FIRST)
    market.claim_award(*posted.claim(0, model), {"from": developer})
    assert token.balanceOf(developer) == FIRST


def test_claim_award__a_unit_below_the_reserve_price__is_refused(market, developer, reserved):
    posted, model = reserved(min_price=FIRST + 1)
    arguments = posted.claim(0, model)
    refuses(BELOW_MIN_PRICE, market.claim_award, *arguments, {"from": developer})


def test_claim_award__hiding_the_reserve_price__is_refused(market, developer, reserved):
    posted, model = reserved(min_price=FIRST + 1)
    hidden = replace(model, submission=model.submission._replace(min_price=0))
    refuses(WRONG_SUBMISSION, market.claim_award, *posted.claim(0, hidden), {"from": developer})
