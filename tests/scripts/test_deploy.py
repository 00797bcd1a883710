"""A deployment: wired as it must be, owned by whom it should, written down whole or not at all."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from brownie import accounts
from rich.console import Console

from offchain.attestation.programs import measurement
from scripts.deploy import address_book, deploy, plan
from scripts.lib.deployment_log import write_json
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
