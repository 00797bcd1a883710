from dataclasses import replace

import pytest
from brownie import ZERO_ADDRESS, reverts

from tests.anvil import at, now
from tests.reasons import BAD_ADDRESS, NOT_UNBONDING, PAYMENT_FAILED, TOO_EARLY
from tests.sale import ETHER, enclave
from tests.unit.enclave_registry.registry_deployment import UNBONDING, only_event


@pytest.fixture
def unlocks_at(deployment, registry, operator):
    """The operator, with 10 ether and an enclave, is unbonding until then."""
    deployment.enlist(enclave("first", operator.address))
    registry.request_unstake({"from": operator})
    return registry.operator(operator)[1]


@pytest.mark.parametrize("late", [0, 1])
def test_unstake__unlocked__pays_and_ends_the_epoch(registry, operator, stranger, unlocks_at, late):
    before = stranger.balance()
    at(unlocks_at + late)
    receipt = registry.unstake(stranger, {"from": operator})
    assert receipt.return_value == 10 * ETHER
    assert stranger.balance() == before + 10 * ETHER
    assert registry.balance() == 0
    assert registry.operator(operator) == (0, 0, 1, 0, 0)
    fields = {"operator": operator, "to": stranger, "amount": 10 * ETHER}
    assert only_event(receipt, "Unstaked") == fields


def test_unstake__a_second_before__reverts(registry, operator, unlocks_at):
    at(unlocks_at - 1)
    with reverts(TOO_EARLY):
        registry.unstake(operator, {"from": operator})


def test_unstake__slashed_meanwhile__pays_the_rest(
    deployment, registry, operator, challenger, unlocks_at
):
    deployment.slash(operator, 4 * ETHER, challenger)
    before = operator.balance()
    at(unlocks_at)
    registry.unstake(operator, {"from": operator})
    assert operator.balance() == before + 6 * ETHER
    assert registry.balance() == registry.credits(challenger) == 4 * ETHER


def test_unstake__everything_slashed__pays_nothing_and_releases_the_platform(
    deployment, registry, operator, rival, challenger, unlocks_at
):
    deployment.slash(operator, 10 * ETHER, challenger)
    at(unlocks_at)
    receipt = registry.unstake(operator, {"from": operator})
    assert receipt.return_value == 0
    fields = {"operator": operator, "to": operator, "amount": 0}
    assert only_event(receipt, "Unstaked") == fields
    assert registry.operator(operator) == (0, 0, 1, 0, 0)
    freed = enclave("first", operator.address).platform
    deployment.enlist(replace(enclave("of a rival", rival.address), platform=freed))


def test_unstake__coming_back__enclaves_stay_dead_until_attested_anew(
    deployment, registry, operator, unlocks_at
):
    first = enclave("first", operator.address)
    at(unlocks_at)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator)
    assert not deployment.is_active(first)
    deployment.register(first)
    assert deployment.is_active(first)


# Holds S-37.
def test_unstake__not_unbonding__reverts(deployment, registry, operator, stranger):
    with reverts(NOT_UNBONDING):
        registry.unstake(stranger, {"from": stranger})
    deployment.stake(operator)
    with reverts(NOT_UNBONDING):
        registry.unstake(operator, {"from": operator})


def test_unstake__twice__reverts(registry, operator, unlocks_at):
    at(unlocks_at)
    registry.unstake(operator, {"from": operator})
    with reverts(NOT_UNBONDING):
        registry.unstake(operator, {"from": operator})


def test_unstake__to_the_zero_address__reverts(registry, operator, unlocks_at):
    at(unlocks_at)
    with reverts(BAD_ADDRESS):
        registry.unstake(ZERO_ADDRESS, {"from": operator})
    registry.unstake(operator, {"from": operator})


def test_unstake__receiver_refuses__reverts_and_another_can_be_named(
    registry, operator, hostile_account, unlocks_at
):
    hostile_account.set_refusal(True, {"from": operator})
    at(unlocks_at)
    with reverts(PAYMENT_FAILED):
        registry.unstake(hostile_account, {"from": operator})
    assert registry.operator(operator) == (10 * ETHER, unlocks_at, 0, 0, 1)
    registry.unstake(operator, {"from": operator})


def test_unstake__receiver_calls_back__is_locked_out(registry, operator, hostile_account):
    execute = hostile_account.execute
    execute(registry, registry.stake.encode_input(), {"from": operator, "value": ETHER})
    execute(registry, registry.request_unstake.encode_input(), {"from": operator})
    view = registry.operator.encode_input(operator)  # what succeeds at any other time
    hostile_account.set_call(registry, view, {"from": operator})
    registry.stake({"from": operator, "value": ETHER})
    at(now() + UNBONDING)
    execute(registry, registry.unstake.encode_input(hostile_account), {"from": operator})
    assert not hostile_account.called()
    assert hostile_account.balance() == ETHER
    assert registry.balance() == ETHER
