"""claim_award: how the price reaches a developer, whatever its token and its account do."""

# Holds I-4.

import brownie
import pytest
from brownie import HostileAccount

from tests import sale
from tests.anvil import at, events, rpc
from tests.deployment import PAYMENT_GAS, Sale
from tests.reasons import LITTLE_GAS
from tests.sale import ETHER
from tests.token_modes import TokenMode

ETHER_GAS, TOKEN_GAS, RESERVE_GAS = PAYMENT_GAS

# ── Tokens that change their mode once they are escrowed ──


@pytest.fixture
def claim(chain, provider, developer, configurable_token, model):
    """A report whose one award pays 5 ether of a token, with its claim, when claims are open."""
    entered = Sale(chain, token=configurable_token.address).enter(model, revealed=[0])
    posted = entered.post((0, 900_000))
    task = entered.task
    at(chain.progress(task).time_a)
    return *posted.claim(0, model), {"from": developer}


PAID = {"developer token": 5 * ETHER, "market token": -5 * ETHER}
CREDITED = {"developer token credit": 5 * ETHER}


@pytest.mark.parametrize("mode", [TokenMode.RETURNS_NOTHING, TokenMode.RETURNS_4_KB])
def test_claim_award__odd_token_that_delivers__pays(
    market, provider, configurable_token, claim, balances, mode
):
    configurable_token.set_mode(mode, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == PAID


@pytest.mark.parametrize(
    "mode", [TokenMode.RETURNS_FALSE, TokenMode.REVERTS, TokenMode.BURNS_ALL_GAS]
)
def test_claim_award__token_that_fails__credits(
    chain, market, provider, developer, configurable_token, claim, model, balances, mode
):
    """The envelope is out, so the price is the developer's, whatever the token does."""
    configurable_token.set_mode(mode, {"from": provider})
    before = balances(configurable_token)
    transaction = market.claim_award(*claim)
    assert before.moved() == CREDITED
    credited = {"token": configurable_token, "account": developer, "amount": 5 * ETHER}
    (name, claimed), *rest = events(transaction)
    assert (name, claimed["envelope"]) == ("AwardClaimed", model.envelope)
    assert rest == [("Credited", credited)]
    assert transaction.gas_used < TOKEN_GAS + 200_000


def test_claim_award__token_that_blocks_the_developer__credits(
    market, provider, developer, configurable_token, claim, balances
):
    configurable_token.set_blocked(developer, True, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == CREDITED


def test_claim_award__token_without_code_by_now__credits(
    market, configurable_token, claim, developer
):
    rpc("anvil_setCode", configurable_token.address, "0x")
    transaction = market.claim_award(*claim)
    credited = {"token": configurable_token, "account": developer, "amount": 5 * ETHER}
    assert events(transaction)[1:] == [("Credited", credited)]
    assert market.credits(configurable_token, developer) == 5 * ETHER


@pytest.mark.parametrize(
    "mode", [TokenMode.MOVES_AND_RETURNS_FALSE, TokenMode.RETURNS_TWO, TokenMode.RETURNS_31_BYTES]
)
def test_claim_award__token_that_pays_and_denies_it__is_believed(
    market, provider, configurable_token, claim, balances, mode
):
    """It pays twice, out of its own task's escrow: whoever takes part trusts the token."""
    configurable_token.set_mode(mode, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == {"market token": -5 * ETHER, "developer token": 5 * ETHER} | CREDITED


def test_claim_award__token_that_lies__is_believed(
    market, provider, configurable_token, claim, balances
):
    configurable_token.set_mode(TokenMode.MOVES_NOTHING, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == {}


def test_claim_award__token_that_takes_a_fee__pays_the_price_all_the_same(
    market, provider, configurable_token, claim, balances
):
    configurable_token.set_mode(TokenMode.DELIVERS_ONE_LESS, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == PAID | {"developer token": 5 * ETHER - 1}


def test_claim_award__token_within_the_gas_cap__pays(
    market, provider, configurable_token, claim, balances
):
    configurable_token.set_cost(TOKEN_GAS - 80_000, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert before.moved() == PAID


def test_claim_award__token_beyond_the_gas_cap__credits(
    market, provider, configurable_token, claim, balances
):
    configurable_token.set_cost(TOKEN_GAS, {"from": provider})
    before = balances(configurable_token)
    transaction = market.claim_award(*claim)
    assert before.moved() == CREDITED
    assert transaction.gas_used < TOKEN_GAS + 200_000


def test_claim_award__token_calls_back__is_locked_out(
    market, provider, configurable_token, claim, balances
):
    data = market.claim_award.encode_input(*claim[:-1])
    configurable_token.set_call(market, data, {"from": provider})
    before = balances(configurable_token)
    market.claim_award(*claim)
    assert not configurable_token.called()
    assert before.moved() == PAID


# ── Gas ──


def test_claim_award__starved_of_gas__reverts_rather_than_credits(market, claim):
    *arguments, sender = claim
    with brownie.reverts(LITTLE_GAS):
        market.claim_award(*arguments, sender | {"gas_limit": TOKEN_GAS + RESERVE_GAS})


# ── Developers with code ──


@pytest.fixture
def account(chain, market, provider, stranger):
    """A developer with code, and the call that claims its award of 5 ether."""
    made = stranger.deploy(HostileAccount)
    model = sale.model(made.address, "of the account")
    task = chain.task(provider, nonce=1)
    task_id, value = task.id(chain.domain), task.commit_bond + task.entry_fee
    chain.create(task)
    commitment = model.commitment(chain.domain, task_id)
    data = market.commit_model.encode_input(task_id, commitment)
    made.execute(market, data, {"from": stranger, "value": value})
    at(task.commit_deadline)
    made.execute(market, market.reveal_model.encode_input(*model.reveal(task_id, 0)))
    report = sale.report(task_id, chain.close(task), (0, 900_000))
    data = market.claim_award.encode_input(*chain.post(task, report).claim(0, model))
    at(chain.progress(task).time_a)
    return made, data


def test_claim_award__developer_with_code__is_paid(market, stranger, account, balances):
    made, data = account
    before = balances(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {
        "account ether": 5 * ETHER,
        "market ether": -5 * ETHER,
    }


def test_claim_award__developer_refuses_ether__is_credited(market, stranger, account, balances):
    made, data = account
    made.set_refusal(True, {"from": stranger})
    before = balances(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {"account credit": 5 * ETHER}


def test_claim_award__developer_beyond_the_gas_cap__is_credited(
    market, stranger, account, balances
):
    made, data = account
    made.set_cost(ETHER_GAS, {"from": stranger})
    before = balances(account=made)
    made.execute(market, data, {"from": stranger})
    assert before.moved() == {"account credit": 5 * ETHER}


def test_claim_award__developer_calls_back__is_locked_out(market, stranger, account, balances):
    made, data = account
    made.set_call(market, data, {"from": stranger})
    before = balances(account=made)
    made.execute(market, data, {"from": stranger})
    assert not made.called()
    assert before.moved() == {
        "account ether": 5 * ETHER,
        "market ether": -5 * ETHER,
    }
