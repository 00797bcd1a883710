# Holds S-36.

from brownie import EnclaveRegistry, reverts

from tests.anvil import at, fund, now
from tests.deployment import PLATFORM_STAKE
from tests.reasons import MARKET_UNKNOWN, TOO_MUCH_STAKE, UNBONDING, ZERO_AMOUNT
from tests.sale import ETHER
from tests.unit.enclave_registry.registry_deployment import UNBONDING as UNBONDING_TIME
from tests.unit.enclave_registry.registry_deployment import only_event

BOUND = 2**128


def test_stake__first__counts(deployment, registry, operator):
    before = operator.balance()
    receipt = registry.stake({"from": operator, "value": 3 * ETHER})
    assert registry.operator(operator) == (3 * ETHER, 0, 0, 0, 0)
    assert registry.balance() == 3 * ETHER
    assert operator.balance() == before - 3 * ETHER
    fields = {"operator": operator, "amount": 3 * ETHER, "stake": 3 * ETHER}
    assert only_event(receipt, "Staked") == fields


def test_stake__again__adds_up(deployment, registry, operator, rival):
    registry.stake({"from": operator, "value": ETHER})
    registry.stake({"from": rival, "value": 5 * ETHER})
    receipt = registry.stake({"from": operator, "value": 1})
    assert registry.operator(operator) == (ETHER + 1, 0, 0, 0, 0)
    assert registry.operator(rival) == (5 * ETHER, 0, 0, 0, 0)
    fields = {"operator": operator, "amount": 1, "stake": ETHER + 1}
    assert only_event(receipt, "Staked") == fields


def test_stake__after_withdrawal__counts_in_the_next_epoch(deployment, registry, operator):
    deployment.stake(operator)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING_TIME)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator, 2 * ETHER)
    assert registry.operator(operator) == (2 * ETHER, 0, 1, 0, 0)


def test_stake__no_market__reverts(deployer, owner, verifier, operator):
    unnamed = deployer.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)
    with reverts(MARKET_UNKNOWN):
        unnamed.stake({"from": operator, "value": 1})


def test_stake__nothing_sent__reverts(deployment, registry, operator):
    with reverts(ZERO_AMOUNT):
        registry.stake({"from": operator, "value": 0})


def test_stake__unbonding__reverts(deployment, registry, operator):
    deployment.stake(operator)
    registry.request_unstake({"from": operator})
    with reverts(UNBONDING):
        registry.stake({"from": operator, "value": 1})
    at(now() + UNBONDING_TIME + 1)
    with reverts(UNBONDING):
        registry.stake({"from": operator, "value": 1})


def test_stake__up_to_the_bound__counts(deployment, registry, operator):
    fund(operator, 2 * BOUND)
    registry.stake({"from": operator, "value": BOUND - 1})
    assert registry.operator(operator) == (BOUND - 1, 0, 0, 0, 0)


def test_stake__at_the_bound__reverts(deployment, registry, operator):
    fund(operator, 2 * BOUND)
    with reverts(TOO_MUCH_STAKE):
        registry.stake({"from": operator, "value": BOUND})
    registry.stake({"from": operator, "value": BOUND - 1})
    with reverts(TOO_MUCH_STAKE):
        registry.stake({"from": operator, "value": 1})
