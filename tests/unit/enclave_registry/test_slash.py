import pytest
from brownie import reverts

from tests.anvil import at, now
from tests.reasons import NOT_MARKET
from tests.sale import ETHER
from tests.unit.enclave_registry.registry_deployment import UNBONDING, only_event


def test_slash__part__moves_from_stake_to_credit(deployment, registry, operator, challenger):
    deployment.stake(operator)
    receipt = deployment.slash(operator, 3 * ETHER, challenger)
    assert receipt.return_value == 3 * ETHER
    assert registry.operator(operator) == (7 * ETHER, 0, 0, 0, 0)
    assert registry.credits(challenger) == 3 * ETHER
    assert registry.balance() == 10 * ETHER
    assert only_event(receipt, "Slashed") == {
        "operator": operator,
        "beneficiary": challenger,
        "asked": 3 * ETHER,
        "taken": 3 * ETHER,
    }


@pytest.mark.parametrize("asked", [10 * ETHER, 10 * ETHER + 1, 2**256 - 1])
def test_slash__all_or_more__takes_what_is_there(
    deployment, registry, enlisted, operator, challenger, asked
):
    """And leaves the number of platforms, which stands above the stake in the same word."""
    receipt = deployment.slash(operator, asked, challenger)
    assert receipt.return_value == 10 * ETHER
    assert registry.operator(operator) == (0, 0, 0, 0, 1)
    assert only_event(receipt, "Slashed")["asked"] == asked
    assert only_event(receipt, "Slashed")["taken"] == 10 * ETHER
    again = deployment.slash(operator, asked, challenger)
    assert again.return_value == 0
    assert registry.credits(challenger) == registry.balance() == 10 * ETHER


def test_slash__nothing_asked__takes_nothing(deployment, registry, operator, challenger):
    deployment.stake(operator)
    assert deployment.slash(operator, 0, challenger).return_value == 0
    assert registry.operator(operator) == (10 * ETHER, 0, 0, 0, 0)


def test_slash__never_staked__takes_nothing(deployment, registry, stranger, challenger):
    assert deployment.slash(stranger, ETHER, challenger).return_value == 0
    assert registry.operator(stranger) == (0, 0, 0, 0, 0)
    assert registry.credits(challenger) == 0


def test_slash__unbonding__still_takes(deployment, registry, operator, challenger):
    deployment.stake(operator)
    registry.request_unstake({"from": operator})
    unlocks_at = registry.operator(operator)[1]
    deployment.slash(operator, ETHER, challenger)
    at(now() + UNBONDING + 1)
    deployment.slash(operator, ETHER, challenger)
    assert registry.operator(operator) == (8 * ETHER, unlocks_at, 0, 0, 0)


def test_slash__several__credits_add_up(deployment, registry, operator, rival, challenger):
    deployment.stake(operator)
    deployment.stake(rival)
    deployment.slash(operator, 1, challenger)
    deployment.slash(rival, 2, challenger)
    deployment.slash(rival, 4, operator)
    assert registry.credits(challenger) == 3
    assert registry.credits(operator) == 4


def test_slash__enclaves_stay_active(deployment, enlisted, operator, challenger):
    deployment.slash(operator, 10 * ETHER, challenger)
    assert deployment.is_active(enlisted)


def test_slash__not_the_market__reverts(deployment, registry, owner, operator, stranger):
    deployment.stake(operator)
    for caller in (owner, operator, stranger):
        with reverts(NOT_MARKET):
            registry.slash(operator, 1, caller, {"from": caller})
