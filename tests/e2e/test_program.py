"""Information for providers and developers on the program that a task names."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from brownie import accounts, web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.__main__ import main
from offchain.attestation.programs import DEVELOPMENT, PRODUCTION, commit_to_word
from offchain.chain.node import Node
from offchain.chain.registry import Description, Registry
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel
from scripts.deploy import deploy
from scripts.lib.acts.operators import DishonestOperator, TamperedEnclave
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load
from tests.e2e.commands import write_book
from tests.vectors.generate import word

ETHER = 10**18
COMMIT = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SIMULATED = "SIMULATED SGX enclave for development: proves nothing"
SETTINGS = load("development", live=False)


def registered(*programs):
    """An operator whose enclave is registered where the owner described these programs."""
    console = Console(file=StringIO())
    made = deploy(accounts[0], replace(SETTINGS, programs=programs), console)
    bring_documents(made.verifier.address, accounts[0].address, console)
    operator = DishonestOperator(
        name="operator",
        account=accounts[1],
        made=made,
        machine=Machine.simulate(SimulatedIntel.from_seed(DEVELOPMENT_SEED), "told"),
        enclave=TamperedEnclave.boot(lambda size: word("told")[:size]),
    )
    operator.register(2 * ETHER)
    return operator


@pytest.fixture(scope="module")
def undescribed(module_isolation):
    return registered()


@pytest.fixture(scope="module")
def described(module_isolation):
    return registered(*SETTINGS.programs)


@pytest.fixture
def told(capsys, tmp_path, monkeypatch):
    """Runs the command; gives its results, and its talk line by line."""

    def tell(operator, *options, measurement=None, **contracts):
        books = write_book(operator.made, web3.provider.endpoint_uri, tmp_path, **contracts)
        for name, value in books.items():
            monkeypatch.setenv(name, value)
        named = (measurement or operator.measurement).hex()
        failed = main(["program", named, "--json", *options])
        out, err = capsys.readouterr()
        assert bool(failed) != bool(out)
        return out and json.loads(out), err.splitlines()

    return tell


def listed(tmp_path, **changes):
    """The development allow-list's SGX program, changed, as a list."""
    path = tmp_path / "list.json"
    entry = json.loads(DEVELOPMENT.read_text())[0]
    path.write_text(json.dumps([entry | changes]))
    return "--allow-list", str(path)


def test_description__of_a_registry__is_the_owner_s_or_none(described, undescribed):
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0)
    for operator, expected in ((described, Description(bytes(32), SIMULATED)), (undescribed, None)):
        registry = Registry(node, operator.made.registry.address)
        assert registry.description(operator.measurement) == expected
        assert registry.description(word("another")) is None


def test_program__on_the_list__is_told_with_its_root_and_the_owner_s_words(described, told):
    result, said = told(described)
    assert said == [f"the registry's owner says: {SIMULATED}, no commit"]
    assert result == {
        "verifier": described.made.verifier.address,
        "root": "SIMULATED",
        "allowed as": f"{SIMULATED}, no commit",
    }


def test_program__nobody_described_it__is_said(undescribed, told):
    result, said = told(undescribed)
    assert result["root"] == "SIMULATED"
    assert said == ["the registry's owner has not described this program"]


def test_program__described_but_not_on_the_list__fails(described, told):
    _, (described_as, refusal) = told(described, "--allow-list", str(PRODUCTION))
    assert described_as == f"the registry's owner says: {SIMULATED}, no commit"
    assert refusal.startswith(f"program is not on {PRODUCTION}: expected one that")


def test_program__registry_names_another_commit__fails(described, told, tmp_path):
    _, said = told(described, *listed(tmp_path, commit=COMMIT))
    assert said == [
        f"the registry's owner says: {SIMULATED}, no commit",
        f"registry says {SIMULATED}, no commit, expected the source of "
        f"{SIMULATED}, commit {COMMIT}",
    ]


def test_program__same_commit_in_other_words__passes(told, tmp_path):
    named = replace(SETTINGS.programs[0], source=commit_to_word(COMMIT))
    changes = {"commit": COMMIT, "description": "as rebuilt"}
    result, said = told(registered(named), *listed(tmp_path, **changes))
    assert said == [f"the registry's owner says: {SIMULATED}, commit {COMMIT}"]
    assert result["allowed as"] == f"as rebuilt, commit {COMMIT}"


def test_program__no_enclave_under_it__fails(described, told):
    unknown = word("unknown")
    _, said = told(described, measurement=unknown)
    assert said == [f"no enclave is registered under 0x{unknown.hex()}, expected one"]


def test_main__address_without_a_contract__is_said_before_anything(undescribed, told):
    _, said = told(undescribed, market=accounts[9].address)
    assert said == [
        f"no contract at {accounts[9].address}, expected the market of network 'test': was its "
        "chain started anew?"
    ]


def test_main__contract_that_is_no_market__is_an_error_of_one_line(undescribed, told):
    _, (said,) = told(undescribed, market=undescribed.made.verifier.address)
    assert said.startswith("the contract refuses: ")
