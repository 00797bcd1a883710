from dataclasses import replace
from itertools import count

import pytest
from brownie import reverts
from eth_abi.abi import encode

from tests.anvil import at, now
from tests.reasons import (
    BAD_SIGNATURE,
    ENCLAVE_EXPIRED,
    ENCLAVE_REVOKED,
    ENCLAVE_UNKNOWN,
    MEASUREMENT_REVOKED,
    NOT_IN_ROSTER,
    OPERATOR_EXCLUDED,
    OPERATOR_INACTIVE,
    OPERATOR_TWICE,
    PLATFORM_REVOKED,
    TOO_LITTLE_STAKE,
    VERIFIER_REVOKED,
)
from tests.sale import (
    DAY,
    ETHER,
    Cosignature,
    Signer,
    cosign,
    enclave,
    ordered,
    roster,
    signers,
    word,
)
from tests.signing import ORDER, digest_signed_with
from tests.unit.enclave_registry.registry_deployment import UNBONDING, measurement_of, mine_at

DIGEST = word("digest")
STAKE = 10 * ETHER
GAS_PER_SIGNER = 15_000


@pytest.fixture(scope="module")
def enclaves(deployment, operator, rival, stranger, challenger, prover, deployer, owner):
    """Seven enclaves, by rising signing key, each with an operator and a platform of its own."""
    operators = (operator, rival, stranger, challenger, prover, deployer, owner)
    return ordered(
        deployment.enlist(enclave(f"of {each.address}", each.address)) for each in operators
    )


@pytest.fixture
def quorum(deployment, registry, enclaves):
    """Calls check_quorum, by default with what is valid for the three first of the roster."""

    def call(**changed):
        arguments = {
            "digest": DIGEST,
            "measurement": deployment.measurement,
            "min_stake": STAKE,
            "roster": roster(enclaves),
            "cosignatures": cosign(DIGEST, enclaves[:3]),
            "excluded": [],
        }
        return registry.check_quorum(*{**arguments, **changed}.values())

    return call


def as_signer(found):
    signing_key, operator, platform = found
    return Signer(signing_key, operator, bytes(platform))


# ── Success ──


@pytest.mark.parametrize("chosen", [(0,), (6,), (0, 6), (1, 3, 5), (0, 1, 2, 3, 4, 5, 6), ()])
def test_check_quorum__active_enclaves_of_the_roster__are_the_signers(quorum, enclaves, chosen):
    by = [enclaves[i] for i in chosen]
    found = quorum(cosignatures=cosign(DIGEST, by))
    assert [as_signer(each) for each in found] == signers(by)


def test_check_quorum__excluded_others__are_no_hindrance(quorum, enclaves):
    found = quorum(excluded=signers(enclaves[3:6]))
    assert [as_signer(each) for each in found] == signers(enclaves[:3])


def test_check_quorum__full_roster_and_panel__costs_at_most_15000_gas_a_signer(
    deployment, registry, enclaves, stranger
):
    spares = [enclave(f"spare {n}", stranger.address) for n in range(9)]
    arguments = deployment.measurement, STAKE, roster([*enclaves, *spares])

    def gas(by):
        call = registry.check_quorum
        cosignatures = cosign(DIGEST, by)
        receipt = call.transact(DIGEST, *arguments, cosignatures, [], {"from": stranger})
        return receipt.gas_used

    assert gas(enclaves) - gas([]) <= GAS_PER_SIGNER * len(enclaves)


# ── The roster in one piece ──


@pytest.fixture
def encoded_quorum(deployment, registry, enclaves):
    """Calls check_encoded_quorum for signatures of these enclaves and a roster of 16, encoded."""

    def call(by, cut=0, dirty=None):
        spares = [enclave(f"spare {n}", registry.address) for n in range(9)]
        entries = roster([*enclaves, *spares])
        encoded = bytearray(encode(["(address,bytes32)[]"], [entries]))
        if dirty:
            encoded[encoded.index(encode(["address"], [dirty.signing_key]))] = 1
        return registry.check_encoded_quorum(
            DIGEST,
            deployment.measurement,
            STAKE,
            bytes(encoded[: len(encoded) - cut]),
            cosign(DIGEST, by),
            [],
        )

    return call


def test_check_encoded_quorum__full_roster__gives_the_bytes_of_the_signers(
    encoded_quorum, enclaves
):
    for by in ([], enclaves[:3], enclaves):
        expected = encode(["(address,address,bytes32)[]"], [signers(by)])
        assert bytes(encoded_quorum(by)) == expected


def test_check_encoded_quorum__key_behind_the_last_entry__reverts(encoded_quorum, registry):
    outsider = enclave("outsider", registry.address)
    with reverts(NOT_IN_ROSTER):
        encoded_quorum([outsider])


def test_check_encoded_quorum__entry_cut_short__reverts(encoded_quorum, registry):
    outsider = enclave("outsider", registry.address)
    with reverts(""):
        encoded_quorum([outsider], cut=33)
    with reverts(NOT_IN_ROSTER):
        encoded_quorum([outsider], cut=64)


def test_check_encoded_quorum__entry_that_is_no_address__is_nobodys(encoded_quorum, enclaves):
    first, *others = enclaves
    expected = encode(["(address,address,bytes32)[]"], [signers(others)])
    assert bytes(encoded_quorum(others, dirty=first)) == expected
    with reverts(NOT_IN_ROSTER):
        encoded_quorum([first], dirty=first)


# ── The signature ──


def test_check_quorum__over_another_digest__reverts(quorum, enclaves):
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=cosign(word("another digest"), enclaves[:1]))


def test_check_quorum__invalid_signature__reverts(quorum, enclaves):
    valid = enclaves[0].cosign(DIGEST)
    for r in (bytes(32), ORDER.to_bytes(32, "big")):
        with reverts(BAD_SIGNATURE):
            quorum(cosignatures=[valid._replace(r=r)])
    with reverts(BAD_SIGNATURE):
        quorum(cosignatures=[valid._replace(vs=bytes(32))])


@pytest.mark.parametrize(("s", "is_low"), [(ORDER // 2, True), (ORDER // 2 + 1, False)])
def test_check_quorum__high_s__reverts(quorum, enclaves, s, is_low):
    digest, (r, vs) = digest_signed_with(enclaves[0].key, s)
    cosignature = Cosignature(r, vs, enclaves[0].platform)
    if is_low:
        assert len(quorum(digest=digest, cosignatures=[cosignature])) == 1
    else:
        with reverts(BAD_SIGNATURE):
            quorum(digest=digest, cosignatures=[cosignature])


def test_check_quorum__parity_flipped__reverts(quorum, enclaves):
    valid = enclaves[0].cosign(DIGEST)
    flipped = bytes([valid.vs[0] ^ 0x80]) + valid.vs[1:]
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=[valid._replace(vs=flipped)])


# ── The roster ──


def test_check_quorum__not_in_the_roster__reverts(quorum, enclaves):
    with reverts(NOT_IN_ROSTER):
        quorum(roster=roster(enclaves[1:]))
    with reverts(NOT_IN_ROSTER):
        quorum(roster=[])


def test_check_quorum__not_ascending__reverts(quorum, enclaves):
    first, second, third = cosign(DIGEST, enclaves[:3])
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=[second, first, third])
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=[first, third, second])


def test_check_quorum__one_signature_twice__reverts(quorum, enclaves):
    first, second, _ = cosign(DIGEST, enclaves[:3])
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=[first, first])
    with reverts(NOT_IN_ROSTER):
        quorum(cosignatures=[first, second, second])
    twice = roster(enclaves[:1]) * 2  # the market takes no such roster
    with reverts(OPERATOR_TWICE):
        quorum(roster=twice, cosignatures=[first, first])


# ── The enclave ──


def test_check_quorum__roster_names_another_sealing_key__reverts(quorum, enclaves):
    entries = roster(enclaves)
    entries[1] = entries[1]._replace(sealing_key=entries[2].sealing_key)
    with reverts(ENCLAVE_UNKNOWN):
        quorum(roster=entries)


def test_check_quorum__signature_names_another_platform__reverts(quorum, enclaves):
    first = enclaves[0].cosign(DIGEST)
    for platform in (enclaves[1].platform, word("unknown platform"), bytes(32)):
        with reverts(ENCLAVE_UNKNOWN):
            quorum(cosignatures=[first._replace(platform=platform)])


def test_check_quorum__another_measurement__reverts(quorum, deployment, enclaves):
    for measurement in (measurement_of(deployment.verifier, word("another")), bytes(32)):
        with reverts(ENCLAVE_UNKNOWN):
            quorum(measurement=measurement)


def test_check_quorum__never_registered__reverts(quorum, stranger):
    spare = enclave("spare", stranger.address)
    with reverts(ENCLAVE_UNKNOWN):
        quorum(roster=roster([spare]), cosignatures=cosign(DIGEST, [spare]))


def test_check_quorum__platform_has_moved_on__reverts(deployment, quorum, registry, enclaves):
    first = enclaves[0]
    registry.request_unstake({"from": first.operator})
    at(now() + UNBONDING)
    registry.unstake(first.operator, {"from": first.operator})
    moved = replace(enclave("moved", enclaves[1].operator), platform=first.platform)
    deployment.register(moved)
    with reverts(ENCLAVE_UNKNOWN):
        quorum(cosignatures=cosign(DIGEST, [first]))


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_check_quorum__around_expiry__signs_only_before(deployment, quorum, enclaves, late):
    expiry = now() + DAY
    deployment.register(enclaves[2], expiry=expiry)
    mine_at(expiry + late)
    if late < 0:
        assert len(quorum()) == 3
    else:
        with reverts(ENCLAVE_EXPIRED):
            quorum()


# ── What is revoked ──


def test_check_quorum__enclave_revoked__reverts(deployment, quorum, registry, owner, enclaves):
    registry.revoke_enclave(enclaves[3].signing_key, deployment.measurement, {"from": owner})
    assert len(quorum()) == 3
    registry.revoke_enclave(enclaves[1].signing_key, deployment.measurement, {"from": owner})
    with reverts(ENCLAVE_REVOKED):
        quorum()


def test_check_quorum__platform_revoked__reverts(quorum, registry, owner, enclaves):
    registry.revoke_platform(enclaves[3].platform, {"from": owner})
    assert len(quorum()) == 3
    registry.revoke_platform(enclaves[1].platform, {"from": owner})
    with reverts(PLATFORM_REVOKED):
        quorum()


def test_check_quorum__measurement_revoked__reverts(deployment, quorum, registry, owner):
    registry.revoke_measurement(word("another measurement"), {"from": owner})
    assert len(quorum()) == 3
    registry.revoke_measurement(deployment.measurement, {"from": owner})
    with reverts(MEASUREMENT_REVOKED):
        quorum()


def test_check_quorum__verifier_revoked__reverts(
    deployment, quorum, registry, owner, second_verifier
):
    registry.revoke_verifier(second_verifier, {"from": owner})
    assert len(quorum()) == 3
    registry.revoke_verifier(deployment.verifier, {"from": owner})
    with reverts(VERIFIER_REVOKED):
        quorum()


# ── The operator ──


def test_check_quorum__operator_unbonding_or_of_a_later_epoch__reverts(
    deployment, quorum, registry, enclaves
):
    leaver = enclaves[1].operator
    registry.request_unstake({"from": leaver})
    with reverts(OPERATOR_INACTIVE):
        quorum()
    at(now() + UNBONDING)
    registry.unstake(leaver, {"from": leaver})
    for each in (enclaves[0], enclaves[2]):
        deployment.register(each)
    with reverts(OPERATOR_INACTIVE):
        quorum()
    deployment.stake(leaver)
    with reverts(OPERATOR_INACTIVE):
        quorum()
    deployment.register(enclaves[1])
    assert len(quorum()) == 3


def test_check_quorum__stake_below_the_minimum__reverts(deployment, quorum, enclaves, challenger):
    assert len(quorum(min_stake=STAKE)) == 3
    with reverts(TOO_LITTLE_STAKE):
        quorum(min_stake=STAKE + 1)
    deployment.slash(enclaves[1].operator, 1, challenger)
    with reverts(TOO_LITTLE_STAKE):
        quorum(min_stake=STAKE)
    assert len(quorum(min_stake=STAKE - 1)) == 3


def test_check_quorum__operator_twice__reverts(deployment, quorum, enclaves):
    double = enclave("double", enclaves[0].operator)
    deployment.register(double)
    entries = roster([*enclaves, double])
    with reverts(OPERATOR_TWICE):
        quorum(roster=entries, cosignatures=cosign(DIGEST, [enclaves[0], double]))


def test_check_quorum__operator_twice_with_others_between__reverts(deployment, quorum, enclaves):
    doubles = (enclave(f"double {n}", enclaves[0].operator) for n in count())
    last = int(enclaves[2].signing_key, 16)
    double = next(each for each in doubles if int(each.signing_key, 16) > last)
    deployment.register(double)
    entries = roster([*enclaves, double])
    for between in (enclaves[1:2], enclaves[1:3]):
        cosignatures = cosign(DIGEST, [enclaves[0], *between, double])
        with reverts(OPERATOR_TWICE):
            quorum(roster=entries, cosignatures=cosignatures)
        assert len(quorum(roster=entries, cosignatures=cosignatures[1:])) == len(between) + 1


def test_check_quorum__roster_names_the_key_before_and_after_a_restart__one_signs(
    deployment, quorum, enclaves
):
    """Whoever names both gives the machine one vote, that of the enclave that is registered now."""
    before = enclaves[0]
    after = replace(enclave("restarted", before.operator), platform=before.platform)
    deployment.register(after)
    entries = roster([*enclaves, after])
    for pair in ([before], [before, after]):
        with reverts(ENCLAVE_EXPIRED):
            quorum(roster=entries, cosignatures=cosign(DIGEST, pair))
    [signed] = quorum(roster=entries, cosignatures=cosign(DIGEST, [after]))
    assert signed[0] == after.signing_key


@pytest.mark.parametrize("place", [0, 1, 2])
def test_check_quorum__operator_excluded__reverts(quorum, enclaves, place):
    excluded = [enclaves[4], enclaves[5], enclaves[6]]
    excluded[place] = enclaves[place]
    with reverts(OPERATOR_EXCLUDED):
        quorum(excluded=signers(excluded))


def test_check_quorum__another_enclave_of_an_excluded_operator__reverts(
    deployment, quorum, enclaves
):
    double = enclave("double", enclaves[0].operator)
    deployment.register(double)
    with reverts(OPERATOR_EXCLUDED):
        quorum(
            roster=roster([double]),
            cosignatures=cosign(DIGEST, [double]),
            excluded=signers(enclaves[:1]),
        )


# ── Several faults at once ──


# Holds S-52.
def test_check_quorum__several_faults__the_first_is_named(
    deployment, quorum, registry, owner, enclaves
):
    """Each fault is added to those that are named after it."""
    first, by_owner = enclaves[0], {"from": owner}
    deployment.register(first, expiry=now() + DAY)
    [signed] = cosign(DIGEST, [first])
    how = {"cosignatures": [signed], "excluded": signers([first])}

    def named(reason, **more):
        how.update(more)
        with reverts(reason):
            quorum(**how)

    named(OPERATOR_EXCLUDED)
    named(TOO_LITTLE_STAKE, min_stake=STAKE + 1)
    registry.request_unstake({"from": first.operator})
    named(OPERATOR_INACTIVE)
    registry.revoke_platform(first.platform, by_owner)
    named(PLATFORM_REVOKED)
    registry.revoke_enclave(first.signing_key, deployment.measurement, by_owner)
    named(ENCLAVE_REVOKED)
    mine_at(now() + DAY)
    named(ENCLAVE_EXPIRED)
    named(ENCLAVE_UNKNOWN, roster=[first.entry()._replace(sealing_key=word("another key"))])
    named(NOT_IN_ROSTER, roster=[])
    named(BAD_SIGNATURE, cosignatures=[signed._replace(r=bytes(32))])
    registry.revoke_verifier(deployment.verifier, by_owner)
    named(VERIFIER_REVOKED)
    registry.revoke_measurement(deployment.measurement, by_owner)
    named(MEASUREMENT_REVOKED)
