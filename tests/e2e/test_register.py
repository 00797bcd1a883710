"""An operator registers its enclave; what the chain would refuse costs it nothing."""

from dataclasses import astuple, replace
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
def register(made, operator, enclave, tmp_path, capsys):
    """Runs the command; its lines and its error."""

    def run(*options):
        with served(enclave, tmp_path) as url:
            arguments = ["--enclave", url, "--verifier", made.verifier.address]
            arguments += ["--node-account", operator.address, "--market", made.market.address]
            arguments += ["--rpc", web3.provider.endpoint_uri, "--confirmations", "3"]
            capsys.readouterr()  # what Brownie said
            failed = main(["register", *arguments, *options])
        out, err = capsys.readouterr()
        assert bool(failed) == bool(err)
        return out.splitlines(), err

    return run


def record(made, enclave, lines):
    """The registry's record of the enclave, under the measurement that the command named."""
    measurement = lines[1].split()[1].removesuffix(",")
    return made.registry.enclave(enclave.identity.signing_key, measurement)


def test_register__new_enclave__stakes_and_registers_it(made, operator, enclave, register):
    lines, error = register("--stake", str(2 * ETHER))
    assert error == ""
    assert lines[0] == "quote verified under root: SIMULATED"
    assert lines[2].startswith("the registry's owner says: SIMULATED SGX enclave")
    assert lines[3:] == [f"staked {2 * ETHER} wei", f"registered {enclave.identity.signing_key}"]
    assert made.registry.operator(operator)[0] == 2 * ETHER
    assert record(made, enclave, lines)[1] > 0


def test_register__known_enclave__is_renewed_with_short_evidence(made, enclave, register):
    lines, _ = register("--stake", str(ETHER))
    expiry = record(made, enclave, lines)[1]
    rpc("evm_increaseTime", 86_400)
    rpc("anvil_mine", hex(5))
    again, error = register()
    assert error == ""
    assert record(made, enclave, again)[1] >= expiry + 86_400
    sent = web3.eth.get_block("latest", full_transactions=True)["transactions"][-1]
    assert len(sent["input"]) < 2_000


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
    lines, _ = register("--stake", str(ETHER))
    assert not [line for line in lines if line.startswith("retires")]
    measurement = lines[1].split()[1].removesuffix(",")
    fresh = booted_again()
    an_hour_passes()
    again, error = register()
    assert error == ""
    assert again[3].startswith(f"retires {first}: this platform has one active enclave")
    assert again[4] == f"registered {fresh.identity.signing_key}"
    now = web3.eth.get_block("latest")["timestamp"]
    assert made.registry.enclave(first, measurement)[1] == now
    an_hour_passes()
    renewed, _ = register()
    assert not [line for line in renewed if line.startswith("retires")]


def test_register__quote_that_would_be_refused__costs_nothing(made, operator, register):
    made.policy.raise_floor(0, FMSPC, bytes(16), 21, bytes(16), {"from": accounts[0]})
    before = operator.nonce, operator.balance()
    lines, error = register("--stake", str(ETHER))
    assert lines == []
    assert error.startswith("tcb floor: SGX SVNs")
    assert (operator.nonce, operator.balance()) == before


def test_register__quote_bound_to_something_else__costs_nothing(operator, register, monkeypatch):
    monkeypatch.setattr(Registration, "report_data", lambda *_: word("another"))
    nonce = operator.nonce
    lines, error = register("--stake", str(ETHER))
    assert lines == []
    assert error.startswith(f"quote is bound to 0x{word('another').hex()}")
    assert operator.nonce == nonce


def test_register__registry_refuses__says_why(made, operator, register):
    lines, error = register()
    assert len(lines) == 3
    assert error.startswith("registry refuses register_enclave:")
    assert "no stake" in error


def test_register__chain_shorter_than_the_confirmations__fails(made, register):
    _, error = register("--confirmations", "100000")
    assert "expected at least 100000: wait for it" in error


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
