"""transfer_ownership, accept_ownership, and the constructor."""

import pytest
from brownie import ZERO_ADDRESS, EnclaveRegistry, reverts, web3

from tests.anvil import at, now
from tests.deployment import PLATFORM_STAKE
from tests.reasons import BAD_ADDRESS, BAD_STAKE, NOT_A_CONTRACT
from tests.unit.enclave_registry.registry_deployment import NOT_OWNER, only_event

NOT_NEW_OWNER = "ownable_2step: caller is not the new owner"


def test_init__approves_the_first_verifier_at_once(deployer, owner, verifier):
    time = now() + 100
    at(time)
    made = deployer.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)
    assert made.owner() == owner
    assert made.pending_owner() == ZERO_ADDRESS
    assert made.market() == ZERO_ADDRESS
    assert made.verifier(verifier) == (time, time, 0)
    assert made.platform_stake() == PLATFORM_STAKE
    assert dict(made.tx.events["VerifierAdded"][0]) == {"verifier": verifier}
    moves = [dict(move) for move in made.tx.events["OwnershipTransferred"]]
    assert moves[-1] == {"previous_owner": deployer, "new_owner": owner}


def test_init__bad_argument__reverts(deployer, owner, stranger, verifier):
    with reverts(BAD_ADDRESS):
        deployer.deploy(EnclaveRegistry, ZERO_ADDRESS, verifier, PLATFORM_STAKE)
    for stake in (0, 2**128):
        with reverts(BAD_STAKE):
            deployer.deploy(EnclaveRegistry, owner, verifier, stake)
    for account in (stranger, ZERO_ADDRESS):
        with reverts(NOT_A_CONTRACT):
            deployer.deploy(EnclaveRegistry, owner, account, PLATFORM_STAKE)


@pytest.mark.parametrize("stake", [1, 2**128 - 1])
def test_init__platform_stake_at_its_limits__is_accepted(deployer, owner, verifier, stake):
    assert deployer.deploy(EnclaveRegistry, owner, verifier, stake).platform_stake() == stake


def test_init__code__well_below_the_limit_of_eip_170(registry):
    assert len(web3.eth.get_code(registry.address)) < 24_000


def test_transfer_ownership__accepted__moves_in_two_steps(registry, owner, stranger):
    offer = registry.transfer_ownership(stranger, {"from": owner})
    fields = {"previous_owner": owner, "new_owner": stranger}
    assert only_event(offer, "OwnershipTransferStarted") == fields
    assert (registry.owner(), registry.pending_owner()) == (owner, stranger)
    taken = registry.accept_ownership({"from": stranger})
    assert only_event(taken, "OwnershipTransferred") == fields
    assert (registry.owner(), registry.pending_owner()) == (stranger, ZERO_ADDRESS)
    with reverts(NOT_OWNER):
        registry.revoke_platform(b"\1" * 32, {"from": owner})
    registry.revoke_platform(b"\1" * 32, {"from": stranger})


def test_transfer_ownership__offered_anew__replaces_the_offer(registry, owner, stranger, rival):
    registry.transfer_ownership(stranger, {"from": owner})
    registry.transfer_ownership(rival, {"from": owner})
    with reverts(NOT_NEW_OWNER):
        registry.accept_ownership({"from": stranger})
    registry.transfer_ownership(ZERO_ADDRESS, {"from": owner})
    with reverts(NOT_NEW_OWNER):
        registry.accept_ownership({"from": rival})


def test_transfer_ownership__not_the_owner__reverts(registry, stranger):
    with reverts(NOT_OWNER):
        registry.transfer_ownership(stranger, {"from": stranger})


def test_accept_ownership__not_offered__reverts(registry, owner, stranger):
    for caller in (owner, stranger):
        with reverts(NOT_NEW_OWNER):
            registry.accept_ownership({"from": caller})


@pytest.mark.parametrize("power", ["renounce_ownership", "upgrade", "pause", "set_owner"])
def test_owner__has_no_such_power(registry, power):
    assert power not in registry.selectors.values()
