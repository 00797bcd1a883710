"""The constructor, and what a market refuses from whoever it does not know."""

import brownie
import pytest
from brownie import ModelMarket, web3

from tests.anvil import at, fund
from tests.deployment import MIN_TOLERANCE, PAYMENT_GAS, SEAT_BOND, TERMS
from tests.reasons import BAD_BOND, BAD_GAS, BAD_TOLERANCE, NOT_A_CONTRACT

CODE_LIMIT = 24_000


@pytest.mark.parametrize(("seat_bond", "min_tolerance"), [(1, 1), (2**64 - 1, 1_000_000)])
def test_init__settings_at_their_limits__are_accepted(chain, guardian, seat_bond, min_tolerance):
    market = guardian.deploy(ModelMarket, chain.registry, seat_bond, min_tolerance, *PAYMENT_GAS)
    assert market.seat_bond() == seat_bond
    assert market.min_tolerance() == min_tolerance


@pytest.mark.parametrize(
    ("seat_bond", "min_tolerance", "reason"),
    [
        (0, 1, BAD_BOND),
        (2**64, 1, BAD_BOND),
        (1, 0, BAD_TOLERANCE),
        (1, 1_000_001, BAD_TOLERANCE),
    ],
)
def test_init__settings_beyond_their_limits__are_refused(
    chain, guardian, seat_bond, min_tolerance, reason
):
    with brownie.reverts(reason):
        guardian.deploy(ModelMarket, chain.registry, seat_bond, min_tolerance, *PAYMENT_GAS)


@pytest.mark.parametrize("gas", [(1, 1, 1), (1, 2, 3), (2**256 - 1,) * 3])
def test_init__gas_of_payments__is_kept_as_given(chain, guardian, gas):
    market = guardian.deploy(ModelMarket, chain.registry, SEAT_BOND, MIN_TOLERANCE, *gas)
    assert market.payment_gas() == gas


@pytest.mark.parametrize("gas", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_init__payments_without_gas__are_refused(chain, guardian, gas):
    with brownie.reverts(BAD_GAS):
        guardian.deploy(ModelMarket, chain.registry, SEAT_BOND, MIN_TOLERANCE, *gas)


def test_init__registry_without_code__is_refused(guardian, stranger):
    with brownie.reverts(NOT_A_CONTRACT):
        guardian.deploy(ModelMarket, stranger, *TERMS)


def test_market__deployed__leaves_room_below_the_code_limit(market):
    assert len(web3.eth.get_code(market.address)) < CODE_LIMIT


def test_market__ether_sent_plainly__is_refused(market, stranger):
    with brownie.reverts():
        stranger.transfer(market, 1)


def test_market__ether_with_a_call_that_takes_none__is_refused(chain, market, provider, stranger):
    data = market.void.encode_input(chain.task(provider))
    with brownie.reverts():
        stranger.transfer(market, 1, data=data)


def test_market__ether_forced_in__is_in_nobodys_way(chain, market, provider):
    fund(market, 5)
    task = chain.task(provider)
    chain.create(task)
    at(task.reveal_deadline)
    market.void(task, {"from": provider})
    assert market.balance() == 5
