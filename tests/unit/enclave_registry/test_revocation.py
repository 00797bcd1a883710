"""revoke_enclave, revoke_platform, revoke_measurement, revoke_verifier."""

from dataclasses import replace

import pytest
from brownie import reverts

from tests.anvil import at, now
from tests.reasons import ALREADY_REVOKED, VERIFIER_KNOWN
from tests.sale import DAY, enclave, word
from tests.unit.enclave_registry.registry_deployment import NOT_OWNER, binding_of, only_event

UNKNOWN = word("unknown")


@pytest.fixture
def others(deployment, operator, rival):
    """An enclave on the same platform, and another operator's."""
    platform = enclave("first", operator.address).platform
    neighbour = replace(enclave("neighbour", operator.address), platform=platform)
    deployment.register(neighbour)
    return neighbour, deployment.enlist(enclave("of a rival", rival.address))


def test_revoke_enclave__registered__deactivates_it_alone(
    deployment, registry, owner, enlisted, others
):
    expiry = registry.enclave(enlisted.signing_key, deployment.measurement)[1]
    time = now() + 100
    at(time)
    receipt = registry.revoke_enclave(enlisted.signing_key, deployment.measurement, {"from": owner})
    record = binding_of(enlisted), expiry, time, 0
    assert registry.enclave(enlisted.signing_key, deployment.measurement) == record
    fields = {"signing_key": enlisted.signing_key, "measurement": deployment.measurement}
    assert only_event(receipt, "EnclaveRevoked") == fields
    assert not deployment.is_active(enlisted)
    assert all(deployment.is_active(other) for other in others)


def test_revoke_enclave__unknown__is_on_record(registry, owner, stranger):
    time = now() + 100
    at(time)
    registry.revoke_enclave(stranger, UNKNOWN, {"from": owner})
    assert registry.enclave(stranger, UNKNOWN) == (0, 0, time, 0)


def test_revoke_platform__held__deactivates_every_enclave_on_it(
    deployment, registry, owner, operator, enlisted, others
):
    held_until = registry.platform(enlisted.platform)[1]
    time = now() + 100
    at(time)
    receipt = registry.revoke_platform(enlisted.platform, {"from": owner})
    assert registry.platform(enlisted.platform) == (operator, held_until, time, 0)
    assert only_event(receipt, "PlatformRevoked") == {"platform": enlisted.platform}
    neighbour, of_rival = others
    assert not deployment.is_active(enlisted)
    assert not deployment.is_active(neighbour)
    assert deployment.is_active(of_rival)


def test_revoke_measurement__registered__deactivates_every_enclave_under_it(
    deployment, registry, owner, verifier, operator, enlisted, others
):
    another = enclave("another program", operator.address)
    deployment.register(another, program=word("another program"))
    time = now() + 100
    at(time)
    receipt = registry.revoke_measurement(deployment.measurement, {"from": owner})
    assert registry.measurement(deployment.measurement) == (verifier, time)
    assert only_event(receipt, "MeasurementRevoked") == {"measurement": deployment.measurement}
    assert not any(deployment.is_active(each) for each in (enlisted, *others))
    assert deployment.is_active(another, program=word("another program"))


def test_revoke_verifier__approved__deactivates_every_enclave_it_attested(
    deployment, registry, owner, verifier, enlisted, others
):
    ready_at, added_at, _ = registry.verifier(verifier)
    time = now() + 100
    at(time)
    receipt = registry.revoke_verifier(verifier, {"from": owner})
    assert registry.verifier(verifier) == (ready_at, added_at, time)
    assert only_event(receipt, "VerifierRevoked") == {"verifier": verifier}
    assert not any(deployment.is_active(each) for each in (enlisted, *others))


def test_revoke_verifier__proposed_or_unknown__is_never_added(
    registry, owner, second_verifier, hostile_verifier
):
    registry.propose_verifier(second_verifier, {"from": owner})
    for verifier in (second_verifier, hostile_verifier):
        registry.revoke_verifier(verifier, {"from": owner})
        at(now() + 15 * DAY)
        with reverts(ALREADY_REVOKED):
            registry.add_verifier(verifier, {"from": owner})
        with reverts(VERIFIER_KNOWN):
            registry.propose_verifier(verifier, {"from": owner})


@pytest.mark.parametrize("known", [False, True])
def test_revoke__again__reverts_and_keeps_the_time(
    deployment, registry, owner, operator, verifier, second_verifier, known
):
    made = enclave("first", operator.address)
    if known:
        deployment.enlist(made)
    key = made.signing_key, deployment.measurement
    of_verifier = (verifier if known else second_verifier,)
    revocations = [
        (registry.revoke_enclave, registry.enclave, key, 2),
        (registry.revoke_platform, registry.platform, (made.platform,), 2),
        (registry.revoke_measurement, registry.measurement, (deployment.measurement,), 1),
        (registry.revoke_verifier, registry.verifier, of_verifier, 2),
    ]
    for revoke, record, subject, revoked_at in revocations:
        time = now() + 100
        at(time)
        revoke(*subject, {"from": owner})
        assert record(*subject)[revoked_at] == time
        at(time + 1)
        with reverts(ALREADY_REVOKED):
            revoke(*subject, {"from": owner})
        assert record(*subject)[revoked_at] == time


def test_revoke__not_the_owner__reverts(
    deployment, registry, deployer, operator, market, stranger, enlisted
):
    for caller in (deployer, operator, market, stranger):
        sender = {"from": caller}
        with reverts(NOT_OWNER):
            registry.revoke_enclave(enlisted.signing_key, deployment.measurement, sender)
        with reverts(NOT_OWNER):
            registry.revoke_platform(enlisted.platform, sender)
        with reverts(NOT_OWNER):
            registry.revoke_measurement(deployment.measurement, sender)
        with reverts(NOT_OWNER):
            registry.revoke_verifier(deployment.verifier, sender)
    assert deployment.is_active(enlisted)
