from dataclasses import replace

import pytest
from brownie import reverts, web3

from tests.anvil import at, events, now, rpc
from tests.deployment import PLATFORM_STAKE
from tests.reasons import (
    BAD_KEY,
    ENCLAVE_REVOKED,
    EXPIRED,
    KEY_TAKEN,
    MEASUREMENT_REVOKED,
    NO_STAKE,
    PLATFORM_REVOKED,
    PLATFORM_TAKEN,
    STALE_BLOCK,
    TOO_LITTLE_STAKE,
    VERIFIER_NOT_APPROVED,
)
from tests.reasons import UNBONDING as UNBONDING_REASON
from tests.sale import DAY, ETHER, enclave, word
from tests.signing import address, signing_key
from tests.unit.enclave_registry.registry_deployment import (
    MAX_LIFETIME,
    PROGRAM,
    UNBONDING,
    attestation,
    binding_of,
    measurement_of,
    mine_at,
    only_event,
)

ORDER_4 = (1).to_bytes(32, "little")
ORDER_4_UNUSED_BIT = (1 + 2**255).to_bytes(32, "little")
MINUS_ONE = (2**255 - 20).to_bytes(32, "little")


@pytest.fixture
def first(deployment, operator):
    """An enclave that is not registered, of an operator who has staked."""
    deployment.stake(operator)
    return enclave("first", operator.address)


@pytest.fixture
def of_rival(deployment, rival):
    """The same, of another operator."""
    deployment.stake(rival)
    return enclave("of a rival", rival.address)


# ── Success ──


def test_register_enclave__new__writes_enclave_platform_and_measurement(
    deployment, registry, operator, verifier, first
):
    time = now() + 100
    receipt = deployment.register(first, time=time)
    expiry = time + MAX_LIFETIME
    measurement = measurement_of(verifier)
    record = binding_of(first), expiry, 0, 0
    assert bytes(receipt.return_value) == measurement
    assert registry.enclave(first.signing_key, measurement) == record
    assert registry.platform(first.platform) == (operator, expiry + UNBONDING, 0, 0)
    assert registry.measurement(measurement) == (verifier, 0)
    assert deployment.is_active(first)
    assert only_event(receipt, "EnclaveRegistered") == {
        "signing_key": first.signing_key,
        "operator": operator,
        "measurement": measurement,
        "platform": first.platform,
        "sealing_key": first.sealing_key,
        "verifier": verifier,
        "program": PROGRAM,
        "expiry": expiry,
    }


# Holds S-42.
@pytest.mark.parametrize("lifetime", [2, MAX_LIFETIME - 1, MAX_LIFETIME, MAX_LIFETIME + 1])
def test_register_enclave__expires_with_the_attestation_or_after_30_days(
    deployment, registry, first, lifetime
):
    time = now() + 100
    receipt = deployment.register(first, expiry=time + lifetime, time=time)
    expiry = time + min(lifetime, MAX_LIFETIME)
    assert only_event(receipt, "EnclaveRegistered")["expiry"] == expiry
    assert registry.enclave(first.signing_key, deployment.measurement)[1] == expiry
    mine_at(expiry - 1)
    assert deployment.is_active(first)
    mine_at(expiry)
    assert not deployment.is_active(first)


# ── One active enclave for each platform and measurement ──


@pytest.fixture
def reborn(first, operator):
    """The next enclave on the same machine: new keys."""
    return replace(enclave("reborn", operator.address), platform=first.platform)


# Holds I-36, S-47.
def test_register_enclave__after_a_reboot__retires_the_enclave_before(
    deployment, registry, first, reborn, operator
):
    deployment.register(first, time=now() + 100)
    record = registry.enclave(first.signing_key, deployment.measurement)
    held_until = registry.platform(first.platform)[1]
    assert registry.latest_key(first.platform, deployment.measurement) == first.signing_key
    time = now() + 50
    receipt = deployment.register(reborn, expiry=now() + DAY, time=time)
    retired, registered = events(receipt)
    assert retired == (
        "EnclaveRetired",
        {
            "signing_key": first.signing_key,
            "measurement": deployment.measurement,
            "successor": reborn.signing_key,
        },
    )
    assert registered[0] == "EnclaveRegistered"
    assert registry.enclave(first.signing_key, deployment.measurement) == (
        record[0], time, record[2], record[3],
    )  # fmt: skip
    assert not deployment.is_active(first)
    assert deployment.is_active(reborn)
    assert registry.platform(first.platform) == (operator, held_until, 0, 0)
    assert registry.operator(operator) == (10 * ETHER, 0, 0, 0, 1)
    assert registry.latest_key(first.platform, deployment.measurement) == reborn.signing_key


def test_register_enclave__retired_key_again__retires_its_successor(deployment, first, reborn):
    """Whoever runs two enclaves on a machine has one vote: that of the last to register."""
    deployment.register(first)
    deployment.register(reborn)
    deployment.register(first)
    assert deployment.is_active(first)
    assert not deployment.is_active(reborn)


@pytest.mark.parametrize("since_expiry", [-1, 0, 1])
def test_register_enclave__predecessor_around_its_expiry__never_lives_longer(
    deployment, registry, first, reborn, since_expiry
):
    time = now() + 100
    expiry = time + DAY
    deployment.register(first, expiry=expiry, time=time)
    receipt = deployment.register(reborn, time=expiry + since_expiry)
    ends = registry.enclave(first.signing_key, deployment.measurement)[1]
    assert ends == min(expiry, expiry + since_expiry)
    names = [name for name, _ in events(receipt)]
    assert ("EnclaveRetired" in names) == (since_expiry < 0)
    assert registry.latest_key(first.platform, deployment.measurement) == reborn.signing_key


# Holds I-36.
def test_register_enclave__another_program_version__unseats_nobody(
    deployment, registry, first, reborn
):
    deployment.register(first)
    receipt = deployment.register(reborn, program=word("the next version"))
    assert [name for name, _ in events(receipt)] == ["EnclaveRegistered"]
    assert deployment.is_active(first)
    assert deployment.is_active(reborn, program=word("the next version"))
    third = replace(reborn, key=signing_key("third"))
    deployment.register(third)
    assert not deployment.is_active(first)
    assert deployment.is_active(reborn, program=word("the next version"))


def test_register_enclave__on_another_platform__unseats_nobody(deployment, first, operator):
    deployment.register(first)
    elsewhere = enclave("elsewhere", operator.address)
    receipt = deployment.register(elsewhere)
    assert [name for name, _ in events(receipt)] == ["EnclaveRegistered"]
    assert deployment.is_active(first)
    assert deployment.is_active(elsewhere)


def test_register_enclave__predecessor_revoked__stays_revoked(
    deployment, registry, owner, first, reborn
):
    deployment.register(first)
    time = now() + 100
    at(time)
    registry.revoke_enclave(first.signing_key, deployment.measurement, {"from": owner})
    later = time + 100
    deployment.register(reborn, time=later)
    assert registry.enclave(first.signing_key, deployment.measurement)[1:] == (later, time, 0)
    with reverts(ENCLAVE_REVOKED):
        deployment.try_register(first)
    assert deployment.is_active(reborn)


# Holds I-37.
def test_register_enclave__by_a_stranger__retires_nobody(
    deployment, registry, first, reborn, of_rival
):
    """No quote of the victim's machine, and none that names its key, moves its seat."""
    deployment.register(first)
    record = registry.enclave(first.signing_key, deployment.measurement)
    theirs = replace(of_rival, platform=first.platform)
    for reason, attack in (
        (PLATFORM_TAKEN, theirs),
        (PLATFORM_TAKEN, replace(reborn, operator=of_rival.operator)),
        (KEY_TAKEN, replace(first, operator=of_rival.operator, platform=of_rival.platform)),
    ):
        with reverts(reason):
            deployment.try_register(attack)
    deployment.register(replace(of_rival, platform=word("a machine of its own")))
    assert registry.enclave(first.signing_key, deployment.measurement) == record
    assert registry.latest_key(first.platform, deployment.measurement) == first.signing_key
    assert deployment.is_active(first)


def test_register_enclave__next_tenant__retires_what_was_dead(
    deployment, registry, first, of_rival, operator
):
    """An operator that left has no active enclave; its key does not come back by restaking."""
    deployment.register(first)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    assert not deployment.is_active(first)
    moved = replace(of_rival, platform=first.platform)
    deployment.register(moved)
    deployment.stake(operator)
    assert not deployment.is_active(first)
    assert deployment.is_active(moved)


def test_register_enclave__retired_in_an_earlier_epoch__comes_back_only_by_attestation(
    deployment, registry, first, reborn, operator
):
    deployment.register(first)
    deployment.register(reborn)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator)
    assert not deployment.is_active(first)
    assert not deployment.is_active(reborn)
    deployment.register(first)
    assert deployment.is_active(first)
    deployment.register(reborn)
    assert not deployment.is_active(first)
    assert deployment.is_active(reborn)


# ── A stake for each platform ──


# Holds I-41, S-45.
@pytest.mark.parametrize("missing", [0, 1])
def test_register_enclave__second_platform__needs_a_second_stake(
    deployment, registry, operator, challenger, missing
):
    deployment.stake(operator, 2 * PLATFORM_STAKE - missing)
    one = enclave("one", operator.address)
    deployment.register(one)
    two = enclave("two", operator.address)
    if missing:
        with reverts(TOO_LITTLE_STAKE):
            deployment.try_register(two)
        deployment.stake(operator, missing)
    deployment.register(two)
    assert registry.operator(operator) == (2 * PLATFORM_STAKE, 0, 0, 0, 2)
    with reverts(TOO_LITTLE_STAKE):
        deployment.try_register(enclave("three", operator.address))
    deployment.register(one)
    deployment.slash(operator, 1, challenger)
    for held in (one, two):
        with reverts(TOO_LITTLE_STAKE):
            deployment.try_register(held)


@pytest.mark.parametrize("stake", [1, PLATFORM_STAKE - 1])
def test_register_enclave__less_than_one_stake__holds_no_platform(deployment, operator, stake):
    deployment.stake(operator, stake)
    with reverts(TOO_LITTLE_STAKE):
        deployment.try_register(enclave("squatter", operator.address))


def test_register_enclave__again_on_a_platform__counts_once(
    deployment, registry, first, reborn, operator, challenger
):
    """Renewal, restart and new version need no more stake, but what a fine took is owed again."""
    deployment.register(first)
    deployment.slash(operator, 10 * ETHER - PLATFORM_STAKE, challenger)
    deployment.register(first)
    deployment.register(reborn)
    deployment.register(reborn, program=word("the next version"))
    assert registry.operator(operator) == (PLATFORM_STAKE, 0, 0, 0, 1)
    deployment.slash(operator, 1, challenger)
    assert deployment.is_active(reborn)
    with reverts(TOO_LITTLE_STAKE):
        deployment.try_register(reborn)


def test_register_enclave__after_a_withdrawal__counts_anew(deployment, registry, first, operator):
    deployment.register(first)
    registry.request_unstake({"from": operator})
    assert registry.operator(operator)[4] == 1
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    assert registry.operator(operator) == (0, 0, 1, 0, 0)
    deployment.stake(operator, PLATFORM_STAKE)
    deployment.register(first)
    assert registry.operator(operator) == (PLATFORM_STAKE, 0, 1, 0, 1)


def test_register_enclave__renewal_after_the_platform_lapsed__counts_once(
    deployment, registry, first, operator
):
    deployment.register(first, time=now() + 100)
    deployment.register(first, time=registry.platform(first.platform)[1] + 1)
    assert registry.operator(operator) == (10 * ETHER, 0, 0, 0, 1)


def test_register_enclave__platform_taken_from_the_silent__counts_for_the_taker(
    deployment, registry, first, of_rival, operator, rival
):
    """It counts for the silent one too, until that one withdraws its stake."""
    deployment.register(first, time=now() + 100)
    moved = replace(of_rival, platform=first.platform)
    deployment.register(moved, time=now() + MAX_LIFETIME + UNBONDING)
    assert registry.operator(rival) == (10 * ETHER, 0, 0, 0, 1)
    assert registry.operator(operator) == (10 * ETHER, 0, 0, 0, 1)


def test_register_enclave__same_keys_under_another_measurement__is_another_enclave(
    deployment, registry, first, of_rival
):
    """A hostile program may have its quote name anybody's key: it must not squat it."""
    squatter = replace(first, operator=of_rival.operator, platform=of_rival.platform)
    deployment.register(squatter, program=word("squatter"))
    deployment.register(first)
    assert deployment.is_active(first)
    assert not deployment.is_active(squatter)
    assert deployment.is_active(squatter, program=word("squatter"))
    assert not deployment.is_active(first, program=word("squatter"))


def test_register_enclave__program_under_another_verifier__is_another_measurement(
    deployment, registry, owner, first, verifier, second_verifier, operator
):
    registry.propose_verifier(second_verifier, {"from": owner})
    at(now() + 14 * DAY)
    registry.add_verifier(second_verifier, {"from": owner})
    receipt = deployment.register(first, verifier=second_verifier)
    measurement = bytes(receipt.return_value)
    assert measurement == measurement_of(second_verifier) != measurement_of(verifier)
    assert registry.measurement(measurement) == (second_verifier, 0)
    assert not deployment.is_active(first)


# ── Renewal ──


def test_register_enclave__renewal__sets_the_expiry_anew(deployment, registry, first, operator):
    deployment.register(first, time=now() + 100)
    time = now() + 10 * DAY
    deployment.register(first, time=time)
    expiry = time + MAX_LIFETIME
    assert registry.enclave(first.signing_key, deployment.measurement)[1] == expiry
    assert registry.platform(first.platform)[1] == expiry + UNBONDING


def test_register_enclave__renewal_by_a_shorter_attestation__shortens(deployment, registry, first):
    deployment.register(first)
    held_until = registry.platform(first.platform)[1]
    expiry = now() + DAY
    deployment.register(first, expiry=expiry)
    assert registry.enclave(first.signing_key, deployment.measurement)[1] == expiry
    assert registry.platform(first.platform)[1] == held_until


def test_register_enclave__renewal_after_expiry__revives(deployment, first):
    deployment.register(first, expiry=now() + DAY)
    mine_at(now() + 2 * DAY)
    assert not deployment.is_active(first)
    deployment.register(first)
    assert deployment.is_active(first)


def test_register_enclave__renewal_in_a_later_epoch__revives(deployment, registry, first, operator):
    deployment.register(first)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator)
    assert not deployment.is_active(first)
    time = now() + 100
    deployment.register(first, time=time)
    expiry = time + MAX_LIFETIME
    record = binding_of(first), expiry, 0, 1
    assert registry.enclave(first.signing_key, deployment.measurement) == record
    assert registry.platform(first.platform) == (operator, expiry + UNBONDING, 0, 1)
    assert deployment.is_active(first)


def test_register_enclave__shorter_renewal_in_a_later_epoch__holds_as_long_as_before(
    deployment, registry, first, operator
):
    deployment.register(first, time=now() + 100)
    held_until = registry.platform(first.platform)[1]
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator)
    deployment.register(first, expiry=now() + DAY)
    assert registry.platform(first.platform) == (operator, held_until, 0, 1)


# ── Whose platform, whose key ──


# Holds I-17.
def test_register_enclave__platform_of_another_operator__reverts(deployment, first, of_rival):
    deployment.register(first)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(replace(of_rival, platform=first.platform))


def test_register_enclave__platform_of_another_who_unbonds__reverts_until_it_withdrew(
    deployment, registry, first, of_rival, operator
):
    deployment.register(first)
    registry.request_unstake({"from": operator})
    unlocks_at = registry.operator(operator)[1]
    moved = replace(of_rival, platform=first.platform)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(moved, time=unlocks_at)
    registry.unstake(operator, {"from": operator})
    deployment.register(moved)
    assert deployment.is_active(moved)
    assert registry.platform(first.platform)[0] == of_rival.operator
    deployment.stake(operator)
    assert not deployment.is_active(first)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(first)


def test_register_enclave__platform_of_another_who_withdrew__is_held_by_the_new_enclave_alone(
    deployment, registry, first, of_rival, operator
):
    """The time of the holder before is no longer than that of the next one's own enclave."""
    deployment.register(first)
    held_until = registry.platform(first.platform)[1]
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    expiry = now() + DAY
    deployment.register(replace(of_rival, platform=first.platform), expiry=expiry)
    assert expiry + UNBONDING < held_until
    record = of_rival.operator, expiry + UNBONDING, 0, 0
    assert registry.platform(first.platform) == record


def test_register_enclave__platform_of_a_later_epoch_of_another__is_of_the_taker_s_own_epoch(
    deployment, registry, first, of_rival, operator, rival, stranger
):
    """Epochs of two operators have nothing to do with one another."""
    for epoch in (0, 1):
        deployment.register(first)
        assert registry.platform(first.platform)[3] == epoch
        registry.request_unstake({"from": operator})
        at(now() + UNBONDING)
        registry.unstake(operator, {"from": operator})
        deployment.stake(operator)
    moved = replace(of_rival, platform=first.platform)
    for _ in range(2):
        deployment.register(moved)
        assert registry.platform(first.platform)[3] == 0
        assert registry.operator(rival) == (10 * ETHER, 0, 0, 0, 1)
    deployment.stake(stranger)
    for other in (first, replace(enclave("third", stranger.address), platform=first.platform)):
        with reverts(PLATFORM_TAKEN):
            deployment.try_register(other)


# Holds S-44.
def test_register_enclave__platform_of_another_gone_silent__reverts_until_it_lapses(
    deployment, registry, first, of_rival, operator
):
    deployment.register(first, time=now() + 100)
    held_until = now() + MAX_LIFETIME + UNBONDING
    assert registry.platform(first.platform)[1] == held_until
    moved = replace(of_rival, platform=first.platform)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(moved, time=held_until - 1)
    deployment.register(moved, time=held_until)
    assert deployment.is_active(moved)
    assert not deployment.is_active(first)
    with reverts(PLATFORM_TAKEN):
        deployment.try_register(first)


# Holds S-46.
@pytest.mark.parametrize("state", ["active", "expired", "retired", "of an earlier epoch"])
def test_register_enclave__key_bound_otherwise__reverts(
    deployment, registry, first, reborn, of_rival, operator, state
):
    deployment.register(first, expiry=now() + DAY)
    if state == "expired":
        mine_at(now() + 2 * DAY)
    if state == "retired":
        deployment.register(reborn)
    if state == "of an earlier epoch":
        registry.request_unstake({"from": operator})
        at(now() + UNBONDING)
        registry.unstake(operator, {"from": operator})
        deployment.stake(operator)
    sealed_otherwise = replace(first, sealing_key=of_rival.sealing_key)
    on_another_platform = replace(first, platform=word("another platform"))
    of_another = replace(first, operator=of_rival.operator, platform=of_rival.platform)
    for other in (sealed_otherwise, on_another_platform, of_another):
        with reverts(KEY_TAKEN):
            deployment.try_register(other)


def test_register_enclave__key_of_an_operator_who_left__stays_its_own(
    deployment, registry, first, of_rival, operator
):
    deployment.register(first)
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    with reverts(KEY_TAKEN):
        deployment.try_register(replace(first, operator=of_rival.operator))


# ── What is not attested ──


def test_register_enclave__evidence_for_another__reverts(
    deployment, registry, first, of_rival, owner
):
    block = web3.eth.block_number - 1
    evidence = deployment.evidence(first, 2**64, block)
    keys = first.signing_key, first.sealing_key
    reason = "wrong report data"
    with reverts(reason):  # copied from the mempool
        registry.register_enclave.call(
            deployment.verifier, evidence, *keys, block, {"from": of_rival.operator}
        )
    sender = {"from": first.operator}
    with reverts(reason):
        registry.register_enclave.call(
            deployment.verifier, evidence, of_rival.signing_key, first.sealing_key, block, sender
        )
    with reverts(reason):
        registry.register_enclave.call(
            deployment.verifier, evidence, first.signing_key, of_rival.sealing_key, block, sender
        )
    with reverts(reason):
        registry.register_enclave.call(deployment.verifier, evidence, *keys, block - 1, sender)
    registry.register_enclave(deployment.verifier, evidence, *keys, block, sender)


@pytest.mark.parametrize("age", [0, 257, 2**256 - 1])
def test_register_enclave__stale_block__reverts(deployment, registry, first, age):
    rpc("anvil_mine", 300)
    seen_from = web3.eth.block_number
    with reverts(STALE_BLOCK):
        registry.register_enclave.call(
            deployment.verifier,
            b"",
            first.signing_key,
            first.sealing_key,
            (seen_from - age) % 2**256,
            {"from": first.operator},
        )


def test_register_enclave__oldest_known_block__registers(deployment, registry, first):
    rpc("anvil_mine", 300)
    block = web3.eth.block_number + 1 - 256
    evidence = deployment.evidence(first, 2**64, block)
    registry.register_enclave(
        deployment.verifier,
        evidence,
        first.signing_key,
        first.sealing_key,
        block,
        {"from": first.operator},
    )
    assert deployment.is_active(first)


@pytest.mark.parametrize("lifetime", [-1, 0])
def test_register_enclave__attestation_expired__reverts(deployment, first, lifetime):
    time = now() + 100
    with reverts(EXPIRED):
        deployment.try_register(first, expiry=time + lifetime, time=time)


@pytest.mark.parametrize("sealing_key", [bytes(32), ORDER_4, ORDER_4_UNUSED_BIT, MINUS_ONE])
def test_register_enclave__low_order_sealing_key__reverts(deployment, first, sealing_key):
    with reverts(BAD_KEY):
        deployment.try_register(replace(first, sealing_key=sealing_key))


def test_register_enclave__zero_signing_key__reverts(deployment, registry, first):
    block = web3.eth.block_number - 1
    zero = "0x" + "00" * 20
    with reverts(BAD_KEY):
        registry.register_enclave.call(
            deployment.verifier, b"", zero, first.sealing_key, block, {"from": first.operator}
        )


# ── Whose stake ──


def test_register_enclave__no_stake__reverts(deployment, registry, stranger, operator, challenger):
    with reverts(NO_STAKE):
        deployment.try_register(enclave("first", stranger.address))
    deployment.stake(operator, ETHER)
    deployment.slash(operator, ETHER, challenger)
    with reverts(NO_STAKE):
        deployment.try_register(enclave("first", operator.address))


def test_register_enclave__unbonding__reverts(deployment, registry, first, operator):
    registry.request_unstake({"from": operator})
    with reverts(UNBONDING_REASON):
        deployment.try_register(first)
    with reverts(UNBONDING_REASON):
        deployment.try_register(first, time=now() + UNBONDING + 1)


# ── What is revoked ──


def test_register_enclave__verifier_not_approved__reverts(
    deployment, registry, owner, first, second_verifier
):
    with reverts(VERIFIER_NOT_APPROVED):
        deployment.try_register(first, verifier=second_verifier)
    registry.propose_verifier(second_verifier, {"from": owner})
    with reverts(VERIFIER_NOT_APPROVED):
        deployment.try_register(first, verifier=second_verifier, time=now() + 15 * DAY)


def test_register_enclave__verifier_revoked__reverts_for_good(deployment, registry, owner, first):
    deployment.register(first)
    registry.revoke_verifier(deployment.verifier, {"from": owner})
    with reverts(VERIFIER_NOT_APPROVED):
        deployment.try_register(first)


# Holds S-43.
@pytest.mark.parametrize("known", [False, True])
def test_register_enclave__measurement_revoked__reverts_for_good(
    deployment, registry, owner, first, known
):
    if known:
        deployment.register(first)
    registry.revoke_measurement(deployment.measurement, {"from": owner})
    with reverts(MEASUREMENT_REVOKED):
        deployment.try_register(first)


@pytest.mark.parametrize("known", [False, True])
def test_register_enclave__platform_revoked__reverts_for_good(
    deployment, registry, owner, first, of_rival, known
):
    if known:
        deployment.register(first)
    registry.revoke_platform(first.platform, {"from": owner})
    with reverts(PLATFORM_REVOKED):
        deployment.try_register(first)
    with reverts(PLATFORM_REVOKED):
        deployment.try_register(replace(of_rival, platform=first.platform), time=now() + 365 * DAY)


@pytest.mark.parametrize("known", [False, True])
def test_register_enclave__enclave_revoked__reverts_for_good(
    deployment, registry, owner, first, known
):
    if known:
        deployment.register(first)
    registry.revoke_enclave(first.signing_key, deployment.measurement, {"from": owner})
    with reverts(ENCLAVE_REVOKED):
        deployment.try_register(first)
    with reverts(ENCLAVE_REVOKED):
        deployment.try_register(first, time=now() + 365 * DAY)


# ── Hostile verifiers ──


@pytest.fixture
def trusted_hostile(registry, owner, hostile_verifier):
    """A hostile verifier that the owner let in."""
    registry.propose_verifier(hostile_verifier, {"from": owner})
    at(now() + 14 * DAY)
    registry.add_verifier(hostile_verifier, {"from": owner})
    return hostile_verifier


def register_by(registry, hostile, made):
    block = web3.eth.block_number - 1
    return registry.register_enclave(
        hostile, b"", made.signing_key, made.sealing_key, block, {"from": made.operator}
    )


def test_register_enclave__verifier_reverts__reverts_with_its_reason(
    registry, first, trusted_hostile
):
    with reverts("verifier says no"):
        register_by(registry, trusted_hostile, first)


@pytest.mark.parametrize("length", [1, 32, 95])
def test_register_enclave__verifier_answers_too_little__reverts(
    registry, first, trusted_hostile, length
):
    answer = attestation(PROGRAM, first.platform, 2**64)[:length]
    trusted_hostile.set_answer(answer, {"from": first.operator})
    with reverts(""):
        register_by(registry, trusted_hostile, first)


def test_register_enclave__verifier_answers_extremes__changes_its_own_measurement_only(
    deployment, registry, first, of_rival, trusted_hostile
):
    deployment.register(first)
    top = b"\xff" * 32
    trusted_hostile.set_answer(attestation(top, top, 2**256 - 1), {"from": first.operator})
    time = now() + 100
    at(time)
    measurement = register_by(registry, trusted_hostile, of_rival).return_value
    assert bytes(measurement) == measurement_of(trusted_hostile, top)
    record = registry.enclave(of_rival.signing_key, measurement)
    assert record[1:] == (time + MAX_LIFETIME, 0, 0)
    assert deployment.is_active(first)
    trusted_hostile.set_answer(
        attestation(top, first.platform, 2**256 - 1), {"from": first.operator}
    )
    with reverts(PLATFORM_TAKEN):
        register_by(registry, trusted_hostile, of_rival)


def test_register_enclave__verifier_calls_back__is_locked_out(
    deployment, registry, first, operator, trusted_hostile
):
    answer = attestation(PROGRAM, first.platform, 2**64)
    trusted_hostile.set_answer(answer, {"from": operator})
    another = address(signing_key("another"))
    block = web3.eth.block_number - 1
    for call in (
        registry.register_enclave.encode_input(
            trusted_hostile, b"", another, first.sealing_key, block
        ),
        registry.stake.encode_input(),
        registry.operator.encode_input(operator),
        registry.description.encode_input(PROGRAM),
    ):
        trusted_hostile.set_call(registry, call, {"from": operator})
        register_by(registry, trusted_hostile, first)
        assert not trusted_hostile.called()
    assert registry.enclave(another, measurement_of(trusted_hostile)) == (0, 0, 0, 0)


def test_register_enclave__lying_verifier_names_a_victims_platform__retires_nobody(
    deployment, registry, first, of_rival, trusted_hostile
):
    """A verifier has measurements of its own, so it cannot retire an enclave of another's."""
    deployment.register(first)
    trusted_hostile.set_answer(
        attestation(PROGRAM, first.platform, 2**64), {"from": of_rival.operator}
    )
    with reverts(PLATFORM_TAKEN):
        register_by(registry, trusted_hostile, of_rival)
    twin = replace(first, key=signing_key("another"))
    register_by(registry, trusted_hostile, twin)
    assert deployment.is_active(first)
