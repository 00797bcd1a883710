"""An operator registers its enclave; what the chain would refuse costs it nothing."""

import json
from dataclasses import astuple, replace
from functools import partial
from io import StringIO

import pytest
from brownie import accounts, web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.__main__ import main
from offchain.attestation.evidence import BY_ROOT, Chain, crl_bytes
from offchain.attestation.quote import parse
from offchain.chain.node import Node
from offchain.chain.verifier import Verifier
from offchain.enclave.enclave import Enclave
from offchain.protocol.messages import Registration
from offchain.simulation import DEVELOPMENT_SEED, FMSPC, Machine, SimulatedIntel
from offchain.simulation import trust as simulated_trust
from scripts.deploy import deploy
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load
from tests.anvil import rpc
from tests.dcap import BODIES
from tests.e2e.commands import write_book
from tests.offchain.enclave.service.served import served
from tests.vectors.generate import word

ETHER = 10**18
INTEL = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
MACHINE = Machine.simulate(INTEL, "development")


@pytest.fixture(scope="module")
def made(module_isolation):
    console = Console(file=StringIO())
    deployed = deploy(accounts[0], load("development", live=False), console)
    bring_documents(deployed.verifier.address, accounts[0].address, console)
    return deployed


@pytest.fixture
def operator():
    return accounts[7]


@pytest.fixture
def enclave():
    return Enclave.boot(lambda size: word("registered")[:size])


@pytest.fixture
def command(made, operator, enclave, tmp_path, capsys, monkeypatch):
    """Runs a command of the operator; its result, its talk, and True if it failed."""
    environment = write_book(made, web3.provider.endpoint_uri, tmp_path / "books")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(name, *options):
        with served(enclave, tmp_path) as url:
            arguments = ["--account", operator.address, "--confirmations", "3", "--yes", "--json"]
            if name == "register":
                arguments += ["--enclave", url]
            capsys.readouterr()  # what Brownie said
            failed = main([name, *arguments, "--home", str(tmp_path / "home"), *options])
        out, err = capsys.readouterr()
        assert bool(failed) == (out == "")
        return (json.loads(out) if out else {}), err.splitlines()

    return run


@pytest.fixture
def register(command):
    return partial(command, "register")


def record(made, enclave, found):
    """The registry's record of the enclave, under the measurement that the command named."""
    return made.registry.enclave(enclave.identity.signing_key, found["measurement"])


def stake_of(made, operator):
    return made.registry.operator(operator)[0]


def test_register__new_enclave__stakes_and_registers_it(made, operator, enclave, register):
    found, said = register("--stake", "2 ether")
    assert said[0] == "quote verified under root: SIMULATED"
    assert said[2].startswith("the registry's owner says: SIMULATED SGX enclave")
    key = enclave.identity.signing_key
    assert said[3:] == [
        f"as {operator.address}:",
        "  stake 2 ether, which makes 2 ether",
        f"  register {key}",
    ]
    assert found["signing key"] == key
    assert "(in 29 d 23 h)" in found["expires"] or "(in 30 d" in found["expires"]
    assert stake_of(made, operator) == 2 * ETHER
    assert record(made, enclave, found)[1] > 0


def test_register__no_stake_named__stakes_what_the_registry_demands(made, operator, register):
    register()
    assert stake_of(made, operator) == made.registry.platform_stake() == ETHER


def test_register__known_enclave__is_renewed_with_short_evidence_and_no_stake(
    made, operator, enclave, register
):
    found, _ = register("--stake", "2 ether")
    expiry = record(made, enclave, found)[1]
    rpc("evm_increaseTime", 86_400)
    rpc("anvil_mine", hex(5))
    again, _ = register("--stake", "2 ether")
    assert record(made, enclave, again)[1] >= expiry + 86_400
    sent = web3.eth.get_block("latest", full_transactions=True)["transactions"][-1]
    assert len(sent["input"]) < 2_000
    assert stake_of(made, operator) == 2 * ETHER
    an_hour_passes()
    register("--stake", "3 ether")  # a target, not an addition
    assert stake_of(made, operator) == 3 * ETHER


@pytest.fixture
def booted_again(enclave, monkeypatch):
    """A call lets the service's enclave have new keys, as after a reboot of its machine."""

    def boot():
        fresh = Enclave.boot(lambda size: word("booted again")[:size])
        monkeypatch.setattr(enclave, "__dict__", fresh.__dict__)
        return fresh

    return boot


def an_hour_passes():
    """Let the estimate of the next call see another time than the call before it."""
    rpc("evm_increaseTime", 3_600)
    rpc("anvil_mine", hex(5))


def test_register__enclave_that_rebooted__says_first_which_key_is_retired(
    made, enclave, register, booted_again
):
    first = enclave.identity.signing_key
    found, said = register("--stake", "1 ether")
    assert not [line for line in said if line.startswith("retires")]
    measurement = found["measurement"]
    fresh = booted_again()
    an_hour_passes()
    again, said = register()
    assert said[3].startswith(f"retires {first}: this platform has one active enclave")
    assert again["signing key"] == fresh.identity.signing_key
    now = web3.eth.get_block("latest")["timestamp"]
    assert made.registry.enclave(first, measurement)[1] == now
    an_hour_passes()
    _, said = register()
    assert not [line for line in said if line.startswith("retires")]


def test_register__quote_that_would_be_refused__costs_nothing(made, operator, register):
    made.policy.raise_floor(0, FMSPC, bytes(16), 21, bytes(16), {"from": accounts[0]})
    before = operator.nonce, operator.balance()
    _, said = register("--stake", "1 ether")
    assert said[0].startswith("tcb floor: SGX SVNs")
    assert (operator.nonce, operator.balance()) == before


def test_register__quote_bound_to_something_else__costs_nothing(operator, register, monkeypatch):
    monkeypatch.setattr(Registration, "report_data", lambda *_: word("another"))
    nonce = operator.nonce
    _, said = register("--stake", "1 ether")
    assert said[0].startswith(f"quote is bound to 0x{word('another').hex()}")
    assert operator.nonce == nonce


@pytest.mark.parametrize("revoked", ["platform", "measurement", "enclave", "verifier"])
def test_register__registry_would_refuse__costs_neither_stake_nor_gas(
    made, operator, enclave, register, revoked
):
    """Both calls are tried together before the first is sent."""
    snapshot = rpc("evm_snapshot")
    found, _ = register()
    named = found["measurement"]
    platform = found["platform"]
    rpc("evm_revert", snapshot)
    registry, owner = made.registry, {"from": accounts[0]}
    if revoked == "platform":
        registry.revoke_platform(platform, owner)
    elif revoked == "measurement":
        registry.revoke_measurement(named, owner)
    elif revoked == "enclave":
        registry.revoke_enclave(enclave.identity.signing_key, named, owner)
    else:
        registry.revoke_verifier(made.verifier, owner)
    before = operator.nonce, operator.balance()
    _, said = register("--stake", "2 ether")
    reason = "verifier not approved" if revoked == "verifier" else f"{revoked} revoked"
    assert reason in said[-1]
    assert (operator.nonce, operator.balance()) == before
    assert stake_of(made, operator) == 0


def test_register__stake_asked_back__is_refused_before_anything_is_sent(
    made, operator, register, command
):
    register()
    command("unstake")
    before = operator.nonce
    _, said = register("--stake", "2 ether")
    assert "has asked for its stake back" in said[-1]
    assert operator.nonce == before


def test_register__chain_shorter_than_the_confirmations__fails(made, register):
    _, said = register("--confirmations", "100000")
    assert "expected at least 100000: wait for it" in said[-1]


# ── Stake ──


def test_stake__amount__is_a_target(made, operator, command):
    for amount, expected in (
        ("1.5 ether", 15),
        ("1.5 ether", 15),
        ("1 ether", 15),
        ("2 ether", 20),
    ):
        found, _ = command("stake", amount)
        assert stake_of(made, operator) == expected * ETHER // 10
    assert found["stake"] == "2 ether"


def test_unstake__asked_waited_taken__pays_and_shows_the_date(made, operator, command, register):
    key = register()[0]["signing key"]
    asked, said = command("unstake")
    assert any(key in line for line in said)
    assert "(in 20 d 23 h" in asked["can be taken"] or "(in 21 d" in asked["can be taken"]
    nonce = operator.nonce
    waiting, said = command("unstake")
    assert waiting["can be taken"].split(" (")[0] == asked["can be taken"].split(" (")[0]
    assert operator.nonce == nonce  # nothing to send
    rpc("evm_increaseTime", 21 * 86_400)
    rpc("anvil_mine", hex(5))
    to = accounts[9]
    before = to.balance()
    taken, _ = command("unstake", "--to", to.address)
    assert taken["stake"] == "0 ether"
    assert to.balance() == before + ETHER
    _, said = command("unstake")
    assert "has no stake" in said[-1]


# ── What the verifier trusts ──


@pytest.fixture
def verifier(made):
    return Verifier(Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0), made.verifier.address)


@pytest.mark.parametrize("name", BODIES)
def test_trust__of_a_quote_s_machine__is_the_chain_s(verifier, name):
    quote = MACHINE.quote(BODIES[name])
    trust = verifier.trust(quote)
    assert trust.root_key == INTEL.root.public_key
    assert trust.revoked == frozenset()
    simulated = simulated_trust(INTEL)
    assert trust.floors == simulated.floors_of(FMSPC, quote.tee_type)
    assert trust.quoting_enclaves == simulated.identities_of(quote.tee_type)
    assert trust.lists == simulated.lists
    assert trust.grace == 14 * 86_400


def test_trust__machine_without_a_floor__has_none(verifier):
    values = replace(INTEL.machine_values("other"), fmspc=b"\1" * 6)
    quote = Machine.simulate(INTEL, "other", values).quote(BODIES["tdx v4"])
    assert verifier.trust(quote).floors == ()


@pytest.mark.parametrize("leaf", [True, False], ids=["leaf", "authority"])
def test_trust__certificate_revoked__says_so(made, verifier, leaf):
    quote = MACHINE.quote(BODIES["sgx v3"])
    chain = Chain.of(quote, INTEL.root.public_key)
    made.verifier.add_ca(chain.ca)
    issuer, revoked = (INTEL.authority, MACHINE.pck) if leaf else (INTEL.root, INTEL.authority)
    by = chain.authority_record if leaf else BY_ROOT
    listed = crl_bytes(issuer.revoke(revoked.certificate.serial))
    made.verifier.add_crl(astuple(by), listed, 1)
    expected = {(issuer.public_key, revoked.certificate.serial)}
    assert verifier.trust(parse(quote.encode())).revoked == expected
