"""A deployment that is read again: as its address book says, or with each thing that differs."""

import json
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from brownie import TcbPolicy, accounts, chain, web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.chain.node import Node
from scripts.abi import compiled
from scripts.deploy import address_book, deploy
from scripts.lib.settings import load
from scripts.lib.verification import constructor_arguments, standard_json, verify
from scripts.verify import VerificationError, check_all, runtimes
from tests.anvil import at, now, rpc

ROOT = Path(__file__).resolve().parents[2]
OWNER = 1


@pytest.fixture(scope="module")
def made(module_isolation):
    settings = load("development", live=False)
    settings = replace(settings, owner=accounts[OWNER].address)
    made = deploy(accounts[0], settings, Console(quiet=True))
    for owned in (made.registry, made.policy):
        owned.accept_ownership({"from": accounts[OWNER]})
    return made


@pytest.fixture(scope="module")
def book(made):
    settings = replace(load("development", live=False), owner=accounts[OWNER].address)
    return address_book(made, settings, accounts[0].address)


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Nothing that one test does is left to the next."""


@pytest.fixture
def differing(book):
    """The differences from an address book, by name."""
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0, book["block"])

    def found(changed=book):
        return [each.what for each in verify(node, changed, runtimes()) if not each.holds]

    return found


def test_verify__deployment__is_as_its_book_says(book):
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0, book["block"])
    console = Console(width=200, file=StringIO())
    checks = check_all(node, book, console)
    assert len(checks) > 30
    assert all(each.holds for each in checks)
    assert "DIFFERS" not in console.file.getvalue()


@pytest.mark.parametrize(
    ("entry", "value", "expected"),
    [
        ("chain_id", 1, {"chain id", "ModelMarket: _CACHED_CHAIN_ID"}),
        ("root_key", 128 * "1", {"DcapVerifier: ROOT_X", "DcapVerifier: ROOT_Y"}),
        ("seat_bond", 1, {"ModelMarket: SEAT_BOND"}),
        ("min_tolerance", 1, {"ModelMarket: MIN_TOLERANCE"}),
        ("platform_stake", 1, {"EnclaveRegistry: PLATFORM_STAKE"}),
        ("grace_days", 1, {"TcbPolicy: GRACE", "DcapVerifier: GRACE"}),
        ("tcb_statuses", ["UpToDate"], {"TcbPolicy: ACCEPTED"}),
        (
            "payment_gas",
            {"ether": 1, "token": 2, "reserve": 3},
            {f"ModelMarket: {name}_GAS" for name in ("ETHER", "TOKEN", "RESERVE")},
        ),
    ],
)
def test_verify__book_with_another_value__is_found(book, differing, entry, value, expected):
    separator = {"ModelMarket: _CACHED_DOMAIN_SEPARATOR"} if entry == "chain_id" else set()
    assert set(differing({**book, entry: value})) == expected | separator


def test_verify__ownership_on_offer_and_handed_over__are_found(made, differing):
    made.registry.transfer_ownership(accounts[3], {"from": accounts[OWNER]})
    assert differing() == ["registry.pending_owner()"]
    made.registry.accept_ownership({"from": accounts[3]})
    assert differing() == ["registry.owner()", "registry: last owner of its events"]


def test_verify__verifiers_added_and_revoked__are_found(made, differing):
    other = accounts[0].deploy(TcbPolicy, 1, 1)
    made.registry.propose_verifier(other, {"from": accounts[OWNER]})
    at(now() + 14 * 24 * 3_600)
    made.registry.add_verifier(other, {"from": accounts[0]})
    made.registry.revoke_verifier(made.verifier, {"from": accounts[OWNER]})
    assert differing() == ["every VerifierAdded", "every VerifierRevoked"]


def test_verify__other_code__is_found_and_named(made, book, differing):
    code = bytearray(web3.eth.get_code(made.registry.address))
    code[100] ^= 1
    rpc("anvil_setCode", made.registry.address, "0x" + code.hex())
    assert differing() == ["EnclaveRegistry: hash of the code"]
    rpc("anvil_setCode", made.registry.address, "0x" + bytes(code).hex() + "00")
    assert "EnclaveRegistry: length of the code" in differing()
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0, book["block"])
    with pytest.raises(VerificationError, match="use the commit of the deployment"):
        check_all(node, book, Console(quiet=True))


def test_constructor_arguments__are_those_that_were_sent(made, book):
    """The end of the transactions that created the contracts."""
    sent = [
        bytes(web3.eth.get_transaction(txid)["input"])
        for block in range(book["block"], chain.height + 1)
        for txid in web3.eth.get_block(block)["transactions"]
        if web3.eth.get_transaction(txid)["to"] is None
    ]
    words = constructor_arguments(book)
    assert len(sent) == len(words) == 4
    for data, (name, expected) in zip(sent, words.items(), strict=True):
        assert data.endswith(expected), name


def test_standard_json__compiled_by_vyper_json__gives_the_same_code(tmp_path):
    source = Path("contracts/adapters/AwardEvaluator.vy")
    (tmp_path / "input.json").write_text(json.dumps(standard_json(ROOT, source)))
    vyper_json = Path(sys.executable).parent / "vyper-json"
    line = [vyper_json, "input.json", "-o", "output.json"]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True)
    output = json.loads((tmp_path / "output.json").read_text())
    made = output["contracts"][str(source)]["AwardEvaluator"]["evm"]["deployedBytecode"]["object"]
    assert made == "0x" + compiled(ROOT, ROOT / source).bytecode_runtime.hex()
