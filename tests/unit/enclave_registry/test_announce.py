"""announce: who may say where it publishes, and that only the event keeps it."""

# Holds S-50.

import pytest
from brownie import reverts

from tests.anvil import at, now
from tests.reasons import NO_PLATFORM, NO_STAKE, UNBONDING
from tests.sale import ETHER, enclave
from tests.unit.enclave_registry.registry_deployment import UNBONDING as UNBONDING_TIME
from tests.unit.enclave_registry.registry_deployment import only_event


@pytest.mark.parametrize("uri", ["", "https://operator.example/", "u" * 256])
def test_announce__staked_and_registered__is_in_the_event_only(registry, enlisted, operator, uri):
    record = registry.operator(operator)
    receipt = registry.announce(uri, {"from": operator})
    assert only_event(receipt, "EndpointAnnounced") == {"operator": operator, "uri": uri}
    assert registry.operator(operator) == record


def test_announce__again__is_logged_again(registry, enlisted, operator):
    for uri in ("one", "another", "one"):
        receipt = registry.announce(uri, {"from": operator})
        assert only_event(receipt, "EndpointAnnounced")["uri"] == uri


def test_announce__last_wei_of_the_stake__is_enough(
    deployment, registry, enlisted, operator, challenger
):
    deployment.slash(operator, 10 * ETHER - 1, challenger)
    registry.announce("uri", {"from": operator})
    deployment.slash(operator, 1, challenger)
    with reverts(NO_STAKE):
        registry.announce("uri", {"from": operator})


def test_announce__nobody__reverts(registry, enlisted, owner, stranger):
    for caller in (stranger, owner):
        with reverts(NO_STAKE):
            registry.announce("uri", {"from": caller})


def test_announce__staked_without_an_enclave__reverts(deployment, registry, rival):
    deployment.stake(rival)
    with reverts(NO_PLATFORM):
        registry.announce("uri", {"from": rival})
    deployment.register(enclave("of a rival", rival.address))
    registry.announce("uri", {"from": rival})


def test_announce__unbonding__reverts(registry, enlisted, operator):
    registry.request_unstake({"from": operator})
    with reverts(UNBONDING):
        registry.announce("uri", {"from": operator})


def test_announce__back_after_a_withdrawal__needs_a_platform_again(
    deployment, registry, enlisted, operator
):
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING_TIME)
    registry.unstake(operator, {"from": operator})
    with reverts(NO_STAKE):
        registry.announce("uri", {"from": operator})
    deployment.stake(operator)
    with reverts(NO_PLATFORM):
        registry.announce("uri", {"from": operator})
    deployment.register(enlisted)
    registry.announce("uri", {"from": operator})


def test_announce__too_long__reverts(registry, enlisted, operator):
    with reverts(""):
        registry.announce("u" * 257, {"from": operator})
