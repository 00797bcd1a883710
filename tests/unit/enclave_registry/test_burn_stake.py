from dataclasses import replace

import pytest
from brownie import ZERO_ADDRESS, reverts, web3

from offchain.protocol.eip712 import Domain
from tests.anvil import at, now
from tests.reasons import NOT_CONDEMNED, PLATFORM_TAKEN, TOO_EARLY
from tests.sale import ETHER, enclave, report, roster, task, word
from tests.unit.enclave_registry.registry_deployment import UNBONDING, only_event

LEFT = 10 * ETHER - 10 * ETHER // 4


@pytest.fixture
def unlocks_at(deployment, registry, market, prover, enlisted):
    """The operator of 10 ether is condemned, and what is left of them is locked until then."""
    made = task(prover.address, roster([enlisted]), deployment.measurement, now())
    domain = Domain(web3.eth.chain_id, market.address)
    stories = [report(made.id(domain), word("seed"), (n, 900_000)) for n in range(2)]
    signed = [enlisted.cosign(story.digest(domain)) for story in stories]
    of = enlisted.operator, enlisted.sealing_key
    registry.prove_equivocation(made, stories, signed, *of, {"from": prover})
    return now() + UNBONDING


@pytest.mark.parametrize("late", [0, 1])
def test_burn_stake__unlocked__burns_and_ends_the_epoch(
    registry, operator, stranger, prover, unlocks_at, late
):
    burned_before = web3.eth.get_balance(ZERO_ADDRESS)
    at(unlocks_at + late)
    receipt = registry.burn_stake(operator, {"from": stranger})
    assert receipt.return_value == LEFT
    assert web3.eth.get_balance(ZERO_ADDRESS) - burned_before == LEFT
    assert registry.operator(operator) == (0, 0, 1, 0, 0)
    assert registry.balance() == registry.credits(prover) == 10 * ETHER - LEFT
    assert only_event(receipt, "StakeBurned") == {"operator": operator, "amount": LEFT}


def test_burn_stake__a_second_before__reverts(registry, operator, stranger, unlocks_at):
    at(unlocks_at - 1)
    with reverts(TOO_EARLY):
        registry.burn_stake(operator, {"from": stranger})


def test_burn_stake__fined_meanwhile__burns_the_rest(
    deployment, registry, operator, stranger, challenger, unlocks_at
):
    deployment.slash(operator, 7 * ETHER, challenger)
    at(unlocks_at)
    assert registry.burn_stake(operator, {"from": stranger}).return_value == LEFT - 7 * ETHER


def test_burn_stake__nothing_left__still_releases_the_platform(
    deployment, registry, operator, rival, stranger, challenger, enlisted, unlocks_at
):
    deployment.slash(operator, 10 * ETHER, challenger)
    moved = replace(enclave("moved", rival.address), platform=enlisted.platform)
    deployment.stake(rival)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(moved, time=unlocks_at - 1)
    at(unlocks_at)
    assert registry.burn_stake(operator, {"from": stranger}).return_value == 0
    deployment.register(moved)


def test_burn_stake__coming_back__enclaves_stay_dead_until_attested_anew(
    deployment, registry, operator, stranger, enlisted, unlocks_at
):
    at(unlocks_at)
    registry.burn_stake(operator, {"from": stranger})
    deployment.stake(operator)
    assert not deployment.is_active(enlisted)
    deployment.register(enlisted)
    assert deployment.is_active(enlisted)


# Holds S-39.
def test_burn_stake__not_condemned__reverts(deployment, registry, operator, stranger):
    for who in (operator, stranger):
        with reverts(NOT_CONDEMNED):
            registry.burn_stake(who, {"from": stranger})
    deployment.stake(operator)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING + 1)
    with reverts(NOT_CONDEMNED):
        registry.burn_stake(operator, {"from": stranger})


def test_burn_stake__twice__reverts(registry, operator, stranger, unlocks_at):
    at(unlocks_at)
    registry.burn_stake(operator, {"from": stranger})
    with reverts(NOT_CONDEMNED):
        registry.burn_stake(operator, {"from": stranger})
