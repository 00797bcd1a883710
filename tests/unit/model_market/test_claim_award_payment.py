"""claim_award: how the price reaches a developer, whatever its token and its account do."""

import brownie
import pytest
from brownie import HostileAccount

from tests import sale
from tests.reasons import LITTLE_GAS
from tests.sale import ETHER
from tests.unit.chain import at, events, rpc, send_with_least_gas
from tests.unit.model_market.moods import Mood

# ── Tokens that change their mood once they are escrowed ──


@pytest.fixture
def moody(ground, provider, developer, moody_token, model):
    """A report whose one award pays 5 ether of a token, with its claim, when claims are open."""
    task = ground.task(provider, token=moody_token.address)
    seed = ground.enter(task, [model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed, (0, 900_000)))
    at(ground.progress(task).time_a)
    return *posted.claim(0, model), {"from": developer}


PAID = {"developer token": 5 * ETHER, "market token": -5 * ETHER, "owed token": -5 * ETHER}
CREDITED = {"developer token credit": 5 * ETHER}


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.LONG], ids=lambda mood: mood.name)
def test_claim_award__odd_token_that_delivers__pays(
    market, provider, moody_token, moody, books, mood
):
    moody_token.set_mood(mood, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == PAID


@pytest.mark.parametrize(
    "mood", [Mood.REFUSES, Mood.REVERTS, Mood.EATS_GAS], ids=lambda mood: mood.name
)
def test_claim_award__token_that_fails__credits(
    ground, market, provider, developer, moody_token, moody, model, books, mood
):
    """The envelope is out, so the price is the developer's, whatever the token does."""
    moody_token.set_mood(mood, {"from": provider})
    before = books(moody_token)
    transaction = market.claim_award(*moody)
    assert before.moved() == CREDITED
    credited = {"token": moody_token, "account": developer, "amount": 5 * ETHER}
    (name, claimed), *rest = events(transaction)
    assert (name, claimed["envelope"]) == ("AwardClaimed", model.envelope)
    assert rest == [("Credited", credited)]
    assert transaction.gas_used < 400_000


def test_claim_award__token_that_blocks_the_developer__credits(
    market, provider, developer, moody_token, moody, books
):
    moody_token.set_blocked(developer, True, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == CREDITED


def test_claim_award__token_without_code_by_now__credits(market, moody_token, moody, developer):
    rpc("anvil_setCode", moody_token.address, "0x")
    transaction = market.claim_award(*moody)
    credited = {"token": moody_token, "account": developer, "amount": 5 * ETHER}
    assert events(transaction)[1:] == [("Credited", credited)]
    assert market.credits(moody_token, developer) == 5 * ETHER


@pytest.mark.parametrize(
    "mood", [Mood.FALSE_ALARM, Mood.TWO, Mood.SHORT], ids=lambda mood: mood.name
)
def test_claim_award__token_that_pays_and_denies_it__is_believed(
    market, provider, moody_token, moody, books, mood
):
    """It pays twice, out of its own task's escrow: whoever takes part trusts the token."""
    moody_token.set_mood(mood, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == {"market token": -5 * ETHER, "developer token": 5 * ETHER} | CREDITED


def test_claim_award__token_that_lies__is_believed(market, provider, moody_token, moody, books):
    moody_token.set_mood(Mood.LIES, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == {"owed token": -5 * ETHER}


def test_claim_award__token_that_takes_a_fee__pays_the_price_all_the_same(
    market, provider, moody_token, moody, books
):
    moody_token.set_mood(Mood.TAKES_FEE, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == PAID | {"developer token": 5 * ETHER - 1}


def test_claim_award__token_within_the_gas_cap__pays(market, provider, moody_token, moody, books):
    moody_token.set_cost(120_000, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert before.moved() == PAID


def test_claim_award__token_beyond_the_gas_cap__credits(
    market, provider, moody_token, moody, books
):
    moody_token.set_cost(200_000, {"from": provider})
    before = books(moody_token)
    transaction = market.claim_award(*moody)
    assert before.moved() == CREDITED
    assert transaction.gas_used < 400_000


def test_claim_award__token_calls_back__is_locked_out(market, provider, moody_token, moody, books):
    data = market.claim_award.encode_input(*moody[:-1])
    moody_token.set_call(market, data, {"from": provider})
    before = books(moody_token)
    market.claim_award(*moody)
    assert not moody_token.called()
    assert before.moved() == PAID


# ── Gas ──


def test_claim_award__starved_of_gas__reverts_rather_than_credits(market, moody):
    *arguments, sender = moody
    with brownie.reverts(LITTLE_GAS):
        market.claim_award(*arguments, sender | {"gas_limit": 300_000})


def test_claim_award__ever_more_gas__pays_as_soon_as_it_works(
    market, provider, developer, moody_token, moody, books
):
    """Nobody turns a payment into a credit by starving it: not even with a token this dear."""
    moody_token.set_cost(120_000, {"from": provider})
    before = books(moody_token)
    data = market.claim_award.encode_input(*moody[:-1])
    send_with_least_gas(developer, market, data)
    assert before.moved() == PAID


# ── Developers with code ──


@pytest.fixture
def account(ground, market, provider, stranger):
    """A developer with code, and the call that claims its award of 5 ether."""
    made = stranger.deploy(HostileAccount)
    model = sale.model(made.address, "of the account")
    task = ground.task(provider, nonce=1)
    task_id, value = task.id(ground.domain), task.commit_bond + task.entry_fee
    ground.create(task)
    commitment = model.commitment(ground.domain, task_id)
    data = market.commit_model.encode_input(task_id, commitment)
    made.execute(market, data, {"from": stranger, "value": value})
    at(task.commit_deadline)
    made.execute(market, market.reveal_model.encode_input(*model.reveal(task_id, 0)))
    report = sale.report(task_id, ground.close(task), (0, 900_000))
    data = market.claim_award.encode_input(*ground.post(task, report).claim(0, model))
    at(ground.progress(task).time_a)
    return made, data


def test_claim_award__developer_with_code__is_paid(market, stranger, account, books):
    made, data = account
    before = books(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {
        "account ether": 5 * ETHER,
        "market ether": -5 * ETHER,
        "owed ether": -5 * ETHER,
    }


def test_claim_award__developer_refuses_ether__is_credited(market, stranger, account, books):
    made, data = account
    made.set_refusal(True, {"from": stranger})
    before = books(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {"account credit": 5 * ETHER}


def test_claim_award__developer_beyond_the_gas_cap__is_credited(market, stranger, account, books):
    made, data = account
    made.set_cost(60_000, {"from": stranger})
    before = books(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {"account credit": 5 * ETHER}


def test_claim_award__developer_calls_back__is_locked_out(market, stranger, account, books):
    made, data = account
    made.set_call(market, data, {"from": stranger})
    before = books(account=made)
    made.execute(market, data, {"from": stranger})
    assert not made.called()
    assert before.moved() == {
        "account ether": 5 * ETHER,
        "market ether": -5 * ETHER,
        "owed ether": -5 * ETHER,
    }
