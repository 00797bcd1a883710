"""A deployment that stops goes on where it stopped, and on nothing but what it would do itself."""

import json
from dataclasses import replace

import pytest
from brownie import TcbPolicy, accounts, chain, history
from brownie.exceptions import VirtualMachineError
from rich.console import Console

from scripts.deploy import deploy
from scripts.lib import deployment_log
from scripts.lib.deployment_log import DeploymentLog, DeploymentLogError
from scripts.lib.settings import load

QUIET = Console(quiet=True)


class StoppedError(Exception):
    """The machine goes down."""


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Nothing that one test does is left to the next."""


@pytest.fixture(scope="module")
def settings():
    return replace(load("development", live=False), owner=accounts[1].address)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "unfinished.json"


@pytest.fixture
def finished(path, settings):
    """The log of a deployment that did not stop: how many transactions it takes."""
    deploy(accounts[0], settings, QUIET, path)
    return json.loads(path.read_text())


def test_deploy__stopped_after_every_transaction__sends_none_twice(path, settings, monkeypatch):
    deploy(accounts[0], settings, QUIET)
    steps = accounts[0].nonce
    write_json = deployment_log.write_json

    def write_and_stop(*arguments):
        write_json(*arguments)
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(deployment_log, "write_json", write_and_stop)
        for sent in range(1, steps + 1):
            with pytest.raises(StoppedError):
                deploy(accounts[0], settings, QUIET, path)
            assert len(json.loads(path.read_text())) == sent
    made = deploy(accounts[0], settings, QUIET, path)
    assert accounts[0].nonce == 2 * steps
    assert made.registry.market() == made.market
    assert made.market.registry() == made.registry
    assert made.registry.verifier(made.verifier)[1] > 0
    assert made.registry.pending_owner() == made.policy.pending_owner() == accounts[1]


def test_deploy__stopped_with_other_settings__goes_on_with_nothing(path, settings, finished):
    nonce = accounts[0].nonce
    with pytest.raises(DeploymentLogError, match=f"names {finished[4]}.*other code or settings"):
        deploy(accounts[0], replace(settings, seat_bond=settings.seat_bond + 1), QUIET, path)
    assert accounts[0].nonce == nonce


def test_deploy__log_of_another_deployer__refused(path, settings, finished):
    with pytest.raises(DeploymentLogError, match=f"names {finished[0]} of {accounts[0]} to None"):
        deploy(accounts[2], settings, QUIET, path)
    assert accounts[2].nonce == 0


def test_deploy__call_to_another_contract_in_the_log__refused(path, settings, finished):
    path.write_text(json.dumps([*finished[:-1], finished[-2]]))
    with pytest.raises(DeploymentLogError, match=f"names {finished[-2]}"):
        deploy(accounts[0], settings, QUIET, path)


def test_deploy__log_of_another_chain__refused(path, settings, finished):
    path.write_text(json.dumps(["0x" + 64 * "1", *finished[1:]]))
    with pytest.raises(DeploymentLogError, match="this chain does not know"):
        deploy(accounts[0], settings, QUIET, path)


def test_deployment_log__call_that_reverts_in_its_block__is_an_error(path):
    class Late:
        """Its node finds a transaction good, and the chain has moved on when it comes."""

        address = accounts[0].address

        def transfer(self, to, data, **_):
            with pytest.raises(VirtualMachineError):
                accounts[0].transfer(to, data=data, gas_limit=1_000_000)
            return history[-1]

    registry = deploy(accounts[0], load("development", live=False), QUIET).registry
    steps = DeploymentLog(Late(), path)
    with pytest.raises(
        DeploymentLogError, match="reverted in its block: run again to send it anew"
    ):
        steps.call(registry.set_market, accounts[1])
    assert json.loads(path.read_text()) == [history[-1].txid]


def test_deploy__step_that_reverted__is_sent_again(path, settings, finished):
    data = chain.get_transaction(finished[0]).input
    with pytest.raises(VirtualMachineError):
        accounts[0].transfer(None, data=data, gas_limit=1_000_000)
    assert history[-1].status == 0
    path.write_text(json.dumps([history[-1].txid]))
    made = deploy(accounts[0], settings, QUIET, path)
    assert TcbPolicy.at(made.policy.address).owner() == accounts[0]
    assert len(json.loads(path.read_text())) == len(finished)
