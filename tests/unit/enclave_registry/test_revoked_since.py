from dataclasses import replace

import pytest
from brownie import web3

from offchain.protocol.eip712 import Domain
from tests.anvil import at, now
from tests.sale import enclave, ordered, report, roster, signers, task, word
from tests.unit.enclave_registry.registry_deployment import UNBONDING, mine_at


@pytest.fixture
def two(deployment, operator, rival):
    """Two enclaves of two operators."""
    return [
        deployment.enlist(enclave("first", operator.address)),
        deployment.enlist(enclave("second", rival.address)),
    ]


def revoke(registry, what, owner, deployment, enclave):
    """Revokes one of the things that an enclave's word rests on."""
    sender = {"from": owner}
    if what == "enclave":
        registry.revoke_enclave(enclave.signing_key, deployment.measurement, sender)
    elif what == "platform":
        registry.revoke_platform(enclave.platform, sender)
    elif what == "measurement":
        registry.revoke_measurement(deployment.measurement, sender)
    elif what == "verifier":
        registry.revoke_verifier(deployment.verifier, sender)


@pytest.mark.parametrize("what", ["enclave", "platform"])
@pytest.mark.parametrize("place", [0, 1])
def test_revoked_since__revoked__counts_from_that_second(
    deployment, registry, owner, two, what, place
):
    by = signers(two)
    assert not registry.revoked_since(by, deployment.measurement, 0)
    time = now() + 100
    at(time)
    revoke(registry, what, owner, deployment, two[place])
    for since, expected in ((0, True), (time - 1, True), (time, True), (time + 1, False)):
        assert registry.revoked_since(by, deployment.measurement, since) == expected


@pytest.mark.parametrize("what", ["enclave", "platform"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_revoked_since__one_of_three_revoked__counts(
    deployment, registry, owner, stranger, two, what, place
):
    by = ordered([*two, deployment.enlist(enclave("third", stranger.address))])
    revoke(registry, what, owner, deployment, by[place])
    assert registry.revoked_since(signers(by), deployment.measurement, now())
    others = [each for each in by if each is not by[place]]
    assert not registry.revoked_since(signers(others), deployment.measurement, 0)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ((0, "enclave"), (0, "platform")),
        ((0, "platform"), (0, "enclave")),
        ((0, "enclave"), (1, "enclave")),
        ((0, "platform"), (1, "platform")),
        ((1, "enclave"), (0, "platform")),
    ],
)
def test_revoked_since__one_revoked_too_early__does_not_hide_another(
    deployment, registry, owner, two, early, late
):
    by = ordered(two)
    times = []
    for place, what in (early, late):
        at(now() + 100)
        revoke(registry, what, owner, deployment, by[place])
        times.append(now())
    for since, expected in ((times[0] + 1, True), (times[1], True), (times[1] + 1, False)):
        assert registry.revoked_since(signers(by), deployment.measurement, since) == expected


@pytest.mark.parametrize("what", ["enclave", "platform"])
def test_revoked_since__of_somebody_else__does_not_count(deployment, registry, owner, two, what):
    revoke(registry, what, owner, deployment, two[1])
    assert not registry.revoked_since(signers(two[:1]), deployment.measurement, 0)


def test_revoked_since__under_another_measurement__does_not_count(deployment, registry, owner, two):
    another = word("another measurement")
    registry.revoke_enclave(two[0].signing_key, another, {"from": owner})
    registry.revoke_measurement(another, {"from": owner})
    assert not registry.revoked_since(signers(two), deployment.measurement, 0)


@pytest.mark.parametrize("what", ["measurement", "verifier"])
def test_revoked_since__program_or_verifier__does_not_count(deployment, registry, owner, two, what):
    """Nobody who signed is accused: a program ends, and what was signed before stays."""
    revoke(registry, what, owner, deployment, two[0])
    assert not deployment.is_active(two[0])
    for by in ([], signers(two)):
        assert not registry.revoked_since(by, deployment.measurement, 0)


def test_revoked_since__retired__does_not_count(deployment, registry, operator, two):
    """A reboot makes no report voidable that the enclave before it signed."""
    reborn = replace(enclave("reborn", operator.address), platform=two[0].platform)
    deployment.register(reborn)
    assert not deployment.is_active(two[0])
    assert not registry.revoked_since(signers(two), deployment.measurement, 0)


def test_revoked_since__expiry_unstaking_and_fines__do_not_count(
    deployment, registry, operator, rival, challenger, two
):
    deployment.slash(rival, 2**255, challenger)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    mine_at(now() + 365 * 86_400)
    assert not any(deployment.is_active(each) for each in two)
    assert not registry.revoked_since(signers(two), deployment.measurement, 0)


def test_revoked_since__condemned__does_not_count(deployment, registry, market, prover, two):
    """An operator is condemned by anybody, and only the owner's revocations undo a report."""
    made = task(prover.address, roster(two[:1]), deployment.measurement, now())
    domain = Domain(web3.eth.chain_id, market.address)
    stories = [report(made.id(domain), word("seed"), (n, 900_000)) for n in range(2)]
    signed = [two[0].cosign(story.digest(domain)) for story in stories]
    of = two[0].operator, two[0].sealing_key
    registry.prove_equivocation(made, stories, signed, *of, {"from": prover})
    assert registry.operator(two[0].operator)[3] == now()
    assert not registry.revoked_since(signers(two), deployment.measurement, 0)
