from brownie import reverts

from tests.anvil import at, now
from tests.reasons import NO_STAKE, UNBONDING
from tests.sale import ETHER, enclave
from tests.unit.enclave_registry.registry_deployment import UNBONDING as UNBONDING_TIME
from tests.unit.enclave_registry.registry_deployment import only_event


def test_request_unstake__staked__locks_for_21_days(deployment, registry, operator):
    deployment.stake(operator, 3 * ETHER)
    time = now() + 100
    at(time)
    receipt = registry.request_unstake({"from": operator})
    assert registry.operator(operator) == (3 * ETHER, time + UNBONDING_TIME, 0, 0, 0)
    assert registry.balance() == 3 * ETHER
    fields = {"operator": operator, "unlocks_at": time + UNBONDING_TIME}
    assert only_event(receipt, "UnstakeRequested") == fields


def test_request_unstake__deactivates_every_enclave_of_the_operator_alone(
    deployment, registry, enlisted, operator, rival
):
    second = enclave("second", operator.address)
    deployment.register(second)
    of_rival = deployment.enlist(enclave("of a rival", rival.address))
    registry.request_unstake({"from": operator})
    assert not deployment.is_active(enlisted)
    assert not deployment.is_active(second)
    assert deployment.is_active(of_rival)


def test_request_unstake__no_stake__reverts(registry, operator):
    with reverts(NO_STAKE):
        registry.request_unstake({"from": operator})


def test_request_unstake__everything_slashed__reverts(deployment, registry, operator, challenger):
    deployment.stake(operator, ETHER)
    deployment.slash(operator, ETHER, challenger)
    with reverts(NO_STAKE):
        registry.request_unstake({"from": operator})


def test_request_unstake__again__reverts(deployment, registry, operator):
    deployment.stake(operator)
    registry.request_unstake({"from": operator})
    with reverts(UNBONDING):
        registry.request_unstake({"from": operator})
    at(now() + UNBONDING_TIME + 1)
    with reverts(UNBONDING):
        registry.request_unstake({"from": operator})
