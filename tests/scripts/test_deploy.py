"""A deployment: wired as it must be, owned by whom it should, written down whole or not at all."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from io import StringIO

import pytest
from brownie import accounts, chain, web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.attestation.programs import measurement
from scripts import deploy as script
from scripts.deploy import address_book, deploy, plan
from scripts.lib import deployment_log
from scripts.lib.deployment_log import write_json
from scripts.lib.preflight import WrongChainError, check_chain_id, check_p256verify
from scripts.lib.settings import load


@pytest.fixture(scope="module")
def settings():
    return load("development", live=False)


@pytest.fixture(scope="module")
def made(settings):
    return deploy(accounts[0], settings, Console(quiet=True))


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Nothing that one test does is left to the next."""


def test_deploy__development__wires_the_three_contracts(made, settings):
    assert made.market.registry() == made.registry
    assert made.registry.market() == made.market
    assert made.registry.verifier(made.verifier)[1] > 0
    assert made.market.seat_bond() == settings.seat_bond
    assert made.market.min_tolerance() == settings.min_tolerance
    assert made.registry.platform_stake() == settings.platform_stake
    assert b"".join(bytes(word) for word in made.verifier.root()) == settings.root_key


def test_deploy__without_owner__leaves_the_deployer_in_charge(made):
    assert made.registry.owner() == accounts[0]
    assert made.policy.owner() == accounts[0]
    assert made.policy.verifier() == made.verifier
    assert made.verifier.policy() == made.policy


def test_deploy__with_owner__offers_ownership_of_both(settings):
    owner = accounts[1]
    made = deploy(accounts[0], replace(settings, owner=owner.address), Console(quiet=True))
    for owned in (made.registry, made.policy):
        assert owned.pending_owner() == owner
        owned.accept_ownership({"from": owner})
        assert owned.owner() == owner


def test_deploy__says__what_it_deployed_under_which_root(settings):
    console = Console(width=200, file=StringIO())
    made = deploy(accounts[0], settings, console)
    said = console.file.getvalue()
    assert f"{made.verifier.address}   root: SIMULATED" in said
    assert made.registry.address in said
    assert made.market.address in said
    assert said.count("described        SIMULATED") == 2


def test_deploy__programs__are_described_under_the_verifier(made, settings):
    assert len(settings.programs) == 2
    for program in settings.programs:
        source, text = made.registry.description(
            measurement(made.verifier.address, program.program)
        )
        assert (bytes(source), text) == (bytes(32), program.description)


def test_plan__programs__are_named_before_anything_is_sent(settings):
    console = Console(width=250, file=StringIO())
    console.print(plan(settings, accounts[0].address, "development"))
    for program in settings.programs:
        assert f"{program}, 0x{program.program.hex()}" in console.file.getvalue()


def test_address_book__names__what_integrators_need(made, settings, tmp_path):
    book = address_book(made, settings, accounts[0].address)
    write_json(book, tmp_path / "new" / "development.json")
    read = json.loads((tmp_path / "new" / "development.json").read_text())
    assert read == book
    assert read["market"] == made.market.address
    assert read["registry"] == made.registry.address
    assert read["verifier"] == made.verifier.address
    assert read["policy"] == made.policy.address
    assert read["root"] == "SIMULATED"
    assert read["owner"] == accounts[0].address


def test_write_json__fails__leaves_the_old_one(tmp_path):
    path = tmp_path / "development.json"
    path.write_text("old")
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json({"market": object()}, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_deploy__block__is_that_of_the_first_contract(settings, tmp_path):
    before = chain.height
    made = deploy(accounts[0], settings, Console(quiet=True))
    assert made.block == before + 1 < chain.height
    assert address_book(made, settings, accounts[0].address)["block"] == made.block
    assert not web3.eth.get_code(made.policy.address, before)
    assert web3.eth.get_code(made.policy.address, made.block)


def test_deploy__resumed__block_is_that_of_the_first_contract(settings, tmp_path):
    log = tmp_path / "unfinished.json"
    made = deploy(accounts[0], settings, Console(quiet=True), log)
    chain.mine(3)
    assert deploy(accounts[0], settings, Console(quiet=True), log).block == made.block


# ── To a live network ──


@pytest.fixture
def live(monkeypatch, tmp_path, settings):
    """Deploys as to a live network: the answers to its questions, and what it said."""
    said = Console(width=200, file=StringIO())
    asked = []

    def run(*answers, settings=settings):
        waiting = iter(answers)

        def answer(question):
            asked.append(question)
            return next(waiting)

        monkeypatch.setattr(said, "input", answer)
        monkeypatch.setattr(script, "Console", lambda: said)
        monkeypatch.setattr(script.accounts, "load", lambda _: accounts[0])
        return script._deploy_to("sepolia", settings, tmp_path, live=True)

    run.asked, run.said, run.folder = asked, said.file, tmp_path
    return run


def test_live__confirmed__is_written_down_and_its_log_removed(live):
    made = live("me", "sepolia")
    (file,) = live.folder.iterdir()
    book = json.loads(file.read_text())
    assert file.name == "sepolia.json"
    assert (book["market"], book["block"]) == (made.market.address, made.block)
    assert book["chain_id"] == chain.id


def test_live__deployed_already__said_before_anything_is_asked(live):
    (live.folder / "sepolia.json").write_text("{}")
    with pytest.raises(FileExistsError, match="names a deployment already: move it away"):
        live()
    assert live.asked == []


def test_live__network_mistyped__is_an_error_and_sends_nothing(live):
    nonce = accounts[0].nonce
    with pytest.raises(RuntimeError, match="typed 'sepola', expected 'sepolia': nothing was"):
        live("me", "sepola")
    assert accounts[0].nonce == nonce
    assert list(live.folder.iterdir()) == []


def test_live__another_chain__refused_before_anything_is_asked(live, settings):
    with pytest.raises(WrongChainError, match=f"chain {chain.id}, expected 1 as the settings say"):
        live(settings=replace(settings, chain_id=1))
    assert live.asked == []
    live("me", "sepolia", settings=replace(settings, chain_id=chain.id))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError("no answer")])
def test_live__interrupted__says_how_to_go_on(live, monkeypatch, stop):
    write = deployment_log.write_json

    def write_and_stop(*arguments):
        write(*arguments)
        raise stop

    with monkeypatch.context() as patched:
        patched.setattr(deployment_log, "write_json", write_and_stop)
        with pytest.raises(stop if isinstance(stop, type) else type(stop)):
            live("me", "sepolia")
    assert "stopped: run the same command again with the same account" in live.said.getvalue()
    assert "sepolia.unfinished.json" in live.said.getvalue()
    live("me", "sepolia")


# ── What the chain must have ──


def test_check_chain_id__each_that_is_demanded__must_be_the_nodes():
    check_chain_id(5, {"one": None, "other": 5}, "http://node")
    with pytest.raises(WrongChainError, match="node http://node has chain 5, expected 6 as other"):
        check_chain_id(5, {"one": 5, "other": 6}, "http://node")


def test_check_p256verify__osaka__passes():
    check_p256verify(web3)


def test_check_p256verify__earlier_fork__refused_with_the_remedy():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    anvil = subprocess.Popen(
        ["anvil", "--port", str(port), "--hardfork", "cancun", "--silent"], start_new_session=True
    )
    try:
        node = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
        while not node.is_connected():
            assert anvil.poll() is None
            time.sleep(0.05)
        with pytest.raises(WrongChainError, match=r"no P256VERIFY.*evm_version: osaka"):
            check_p256verify(node)
    finally:
        os.killpg(anvil.pid, signal.SIGKILL)  # npm's anvil starts the real one
        anvil.wait()


def test_playground__address_book__names_the_node_too(tmp_path):
    made = script.playground(str(tmp_path / "playground.json"))
    book = json.loads((tmp_path / "playground.json").read_text())
    assert book["rpc"] == web3.provider.endpoint_uri
    assert (book["market"], book["block"]) == (made.market.address, made.block)
