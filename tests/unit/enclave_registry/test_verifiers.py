"""propose_verifier and add_verifier."""

import pytest
from brownie import ZERO_ADDRESS, reverts

from tests.anvil import at, now
from tests.reasons import NOT_A_CONTRACT, NOT_PROPOSED, TOO_EARLY, VERIFIER_KNOWN
from tests.sale import DAY, enclave
from tests.unit.enclave_registry.registry_deployment import NOT_OWNER, only_event

DELAY = 14 * DAY


@pytest.fixture
def ready_at(registry, owner, second_verifier):
    """The second verifier is proposed; from then on it may be added."""
    registry.propose_verifier(second_verifier, {"from": owner})
    return registry.verifier(second_verifier)[0]


# Holds S-40.
def test_propose_verifier__new__is_ready_after_14_days(registry, owner, second_verifier):
    time = now() + 100
    at(time)
    receipt = registry.propose_verifier(second_verifier, {"from": owner})
    assert registry.verifier(second_verifier) == (time + DELAY, 0, 0)
    fields = {"verifier": second_verifier, "ready_at": time + DELAY}
    assert only_event(receipt, "VerifierProposed") == fields


def test_propose_verifier__known__reverts(registry, owner, verifier, second_verifier, ready_at):
    for known in (verifier, second_verifier):
        with reverts(VERIFIER_KNOWN):
            registry.propose_verifier(known, {"from": owner})
    at(ready_at)
    registry.add_verifier(second_verifier, {"from": owner})
    with reverts(VERIFIER_KNOWN):
        registry.propose_verifier(second_verifier, {"from": owner})


def test_propose_verifier__no_code__reverts(registry, owner, stranger):
    for account in (stranger, ZERO_ADDRESS):
        with reverts(NOT_A_CONTRACT):
            registry.propose_verifier(account, {"from": owner})


def test_propose_verifier__not_the_owner__reverts(registry, stranger, market, second_verifier):
    for caller in (stranger, market):
        with reverts(NOT_OWNER):
            registry.propose_verifier(second_verifier, {"from": caller})


@pytest.mark.parametrize("late", [0, 1])
def test_add_verifier__ready__anyone_adds_it(
    deployment, registry, operator, stranger, second_verifier, ready_at, late
):
    at(ready_at + late)
    receipt = registry.add_verifier(second_verifier, {"from": stranger})
    assert registry.verifier(second_verifier) == (ready_at, ready_at + late, 0)
    assert only_event(receipt, "VerifierAdded") == {"verifier": second_verifier}
    deployment.enlist(enclave("first", operator.address), verifier=second_verifier)


def test_add_verifier__a_second_early__reverts(registry, owner, second_verifier, ready_at):
    at(ready_at - 1)
    with reverts(TOO_EARLY):
        registry.add_verifier(second_verifier, {"from": owner})


def test_add_verifier__not_proposed__reverts(registry, owner, second_verifier):
    with reverts(NOT_PROPOSED):
        registry.add_verifier(second_verifier, {"from": owner})


def test_add_verifier__again__reverts(registry, owner, verifier, second_verifier, ready_at):
    at(ready_at)
    registry.add_verifier(second_verifier, {"from": owner})
    for known in (verifier, second_verifier):
        with reverts(VERIFIER_KNOWN):
            registry.add_verifier(known, {"from": owner})
