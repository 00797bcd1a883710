"""A registry with a DcapVerifier: quotes of every kind, and quotes for something else."""

from dataclasses import replace

import pytest
from brownie import DcapVerifier, EnclaveRegistry, TcbPolicy, chain, reverts, web3
from eth_utils.crypto import keccak

from offchain.attestation.evidence import Known
from offchain.attestation.programs import measurement, program_id
from offchain.attestation.quote import TeeType
from offchain.simulation import Machine, SimulatedIntel, collateral
from offchain.simulation import trust as simulated_trust
from tests.anvil import at, events, now, rpc
from tests.dcap import BODIES, Attesting, evidence
from tests.deployment import PLATFORM_STAKE
from tests.reasons import CERTIFICATE_UNKNOWN, DEBUG, PLATFORM_TAKEN, REPORT_DATA, STALE_BLOCK
from tests.sale import DAY, ETHER, enclave, word
from tests.signing import signing_key
from tests.unit.enclave_registry.registry_deployment import MAX_LIFETIME

INTEL = SimulatedIntel.from_seed(b"attested")
TRUST = simulated_trust(INTEL)
MACHINE = Machine.simulate(INTEL, "machine")
PPID = INTEL.machine_values("machine").ppid


@pytest.fixture(scope="module")
def dcap(deployer):
    def deploy(name, *args):
        return deployer.deploy({"TcbPolicy": TcbPolicy, "DcapVerifier": DcapVerifier}[name], *args)

    made = Attesting.deploy(deploy, TRUST.root_key)
    return made.bring(*(collateral(INTEL, tee_type) for tee_type in TeeType)).verifier


def registry_of(deployer, owner, dcap, market):
    made = deployer.deploy(EnclaveRegistry, owner, dcap, PLATFORM_STAKE)
    made.set_market(market.address, {"from": owner})
    return made


@pytest.fixture(scope="module")
def attested(deployer, owner, dcap, market):
    """The registry."""
    return registry_of(deployer, owner, dcap, market)


@pytest.fixture
def first(attested, operator, rival):
    """The operator's enclave; a rival has staked too."""
    for account in (operator, rival):
        attested.stake({"from": account, "value": ETHER})
    return enclave("first", operator.address)


def quoted(registry, made, number, name="sgx v3", machine=MACHINE, **changes):
    """Evidence that binds an enclave's keys to its operator."""
    keys = made.signing_key, made.sealing_key
    bound = bytes(registry.report_data(made.operator, *keys, number)) + bytes(32)
    body = replace(BODIES[name], report_data=bound, **changes)
    return evidence(machine.quote(body), TRUST.root_key)


def register(registry, dcap, made, shown, number, sender=None):
    keys = made.signing_key, made.sealing_key
    sent = {"from": sender or made.operator}
    return registry.register_enclave(dcap, shown, *keys, number, sent)


def refused(reason, registry, dcap, made, shown, number, sender=None):
    """By a call: Brownie traces a reverted transaction for long."""
    keys = made.signing_key, made.sealing_key
    with reverts(reason):
        registry.register_enclave.call(
            dcap, shown, *keys, number, {"from": sender or made.operator}
        )


@pytest.mark.parametrize("name", BODIES)
def test_register_enclave__quote_of_any_kind__is_registered_as_what_it_attests(
    attested, dcap, first, name
):
    number = web3.eth.block_number - 1
    receipt = register(attested, dcap, first, quoted(attested, first, number, name), number)
    named, platform = measurement(dcap.address, program_id(BODIES[name])), keccak(PPID)
    registered = dict(events(receipt))["EnclaveRegistered"]
    assert (registered["measurement"], registered["platform"]) == (named, platform)
    assert attested.is_active(first.signing_key, first.sealing_key, platform, named)


def test_register_enclave__two_keys_of_one_machine__are_one_platform(attested, dcap, first, rival):
    """So another operator has to bring another machine."""
    values = INTEL.machine_values("machine")
    another = Machine.simulate(INTEL, "another key of it", values)
    assert another.pck.public_key != MACHINE.pck.public_key
    number = web3.eth.block_number - 1
    register(attested, dcap, first, quoted(attested, first, number), number)
    theirs = enclave("second", rival.address)
    number = web3.eth.block_number - 1
    shown = quoted(attested, theirs, number, machine=another)
    refused(PLATFORM_TAKEN, attested, dcap, theirs, shown, number)


@pytest.mark.parametrize("days", [1, 29, 30, 31])
def test_register_enclave__certificate_that_ends__ends_the_enclave_at_the_latest(
    attested, dcap, first, days
):
    expiry = now() + days * DAY
    pck = INTEL.authority.issue(MACHINE.pck.key, replace(MACHINE.pck.certificate, not_after=expiry))
    number, time = web3.eth.block_number - 1, now() + 100
    shown = quoted(attested, first, number, machine=Machine.with_pck(INTEL, "machine", pck))
    at(time)
    receipt = register(attested, dcap, first, shown, number)
    ends = dict(events(receipt))["EnclaveRegistered"]["expiry"]
    assert ends == min(expiry, time + MAX_LIFETIME)


# ── Quotes for something else ──


def test_register_enclave__debug_enclave__reverts(attested, dcap, first):
    number = web3.eth.block_number - 1
    debug = {"attributes": b"\x07" + BODIES["sgx v3"].attributes[1:]}
    refused(DEBUG, attested, dcap, first, quoted(attested, first, number, **debug), number)
    debug = {"td_attributes": b"\x01" + BODIES["tdx v5"].td_attributes[1:]}
    shown = quoted(attested, first, number, "tdx v5", **debug)
    refused(DEBUG, attested, dcap, first, shown, number)


@pytest.mark.parametrize("name", BODIES)
def test_register_enclave__quote_for_anything_else__reverts(
    deployer, owner, market, attested, dcap, first, rival, name
):
    """Another operator, another key of either kind, another block, another registry."""
    number = web3.eth.block_number - 1
    shown = quoted(attested, first, number, name)
    refused(REPORT_DATA, attested, dcap, first, shown, number, sender=rival)
    for changed in (
        replace(first, key=signing_key("another")),
        replace(first, sealing_key=word("another")),
    ):
        refused(REPORT_DATA, attested, dcap, changed, shown, number)
    refused(REPORT_DATA, attested, dcap, first, shown, number - 1)
    another = registry_of(deployer, owner, dcap, market)
    another.stake({"from": first.operator, "value": ETHER})
    refused(REPORT_DATA, another, dcap, first, shown, number)
    register(attested, dcap, first, shown, number)


def test_register_enclave__quote_replayed_once_its_block_is_old__reverts(attested, dcap, first):
    number = web3.eth.block_number - 1
    shown = quoted(attested, first, number)
    register(attested, dcap, first, shown, number)
    rpc("anvil_mine", hex(300))
    refused(STALE_BLOCK, attested, dcap, first, shown, number)
    refused(REPORT_DATA, attested, dcap, first, shown, web3.eth.block_number - 1)


def test_register_enclave__quote_of_another_chain__reverts(attested, dcap, first):
    number = web3.eth.block_number - 1
    shown = quoted(attested, first, number)
    rpc("anvil_setChainId", chain.id + 1)
    try:
        refused(REPORT_DATA, attested, dcap, first, shown, number)
    finally:
        rpc("anvil_setChainId", chain.id)


def test_register_enclave__evidence_of_what_is_not_cached__reverts(attested, dcap, first):
    number = web3.eth.block_number - 1
    keys = first.signing_key, first.sealing_key
    bound = bytes(attested.report_data(first.operator, *keys, number)) + bytes(32)
    quote = MACHINE.quote(replace(BODIES["sgx v3"], report_data=bound))
    shown = evidence(quote, TRUST.root_key, Known.PCK)
    refused(CERTIFICATE_UNKNOWN, attested, dcap, first, shown, number)
    # The authority is known, since its revocation list is in: only another one is not.
    shown = evidence(quote, TRUST.root_key, Known.AUTHORITY)
    other = shown[:32] + bytes([shown[32] ^ 1]) + shown[33:]
    refused(CERTIFICATE_UNKNOWN, attested, dcap, first, other, number)
