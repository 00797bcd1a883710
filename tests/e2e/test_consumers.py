"""The consumers of `integrations/`: each plays its part of a task, from creation to claim.

The enclaves' part is `tests.deployment`: keys of this process, registered through a mock verifier.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brownie
import pytest
from brownie import Contract, accounts, web3
from vyper.compiler import outputs_from_compiler_data

from scripts.abi import compiled
from tests.anvil import at, deploy_market
from tests.deployment import Deployment, Sale
from tests.e2e.town import warp
from tests.sale import CLOSED, ETHER, OPEN, SETTLED, model
from tests.solidity import compile_solidity

ROOT = Path(__file__).resolve().parents[2]
INTEGRATIONS = ROOT / "integrations"
SCORE = 900_000
PATIENCE = 300.0
"""Seconds after which a hung consumer fails. No outcome depends on it."""


@pytest.fixture(scope="module")
def chain(module_isolation) -> Deployment:
    return deploy_market(accounts[0], accounts[1])


def deploy(abi: Any, bytecode: str, *arguments: Any, value: int = 0) -> Any:
    """A contract that is not one of this project's, from `accounts[0]`."""
    factory = web3.eth.contract(abi=abi, bytecode=bytecode)
    sent = factory.constructor(*arguments).transact({"from": accounts[0].address, "value": value})
    address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    return Contract.from_abi("consumer", address, abi)


# ── Contracts ──


@pytest.fixture(scope="module")
def treasury(chain) -> Any:
    data = compiled(ROOT, INTEGRATIONS / "vyper" / "Treasury.vy")
    made = outputs_from_compiler_data(data, ["abi", "bytecode"])
    limit = 11 * ETHER
    return deploy(*made.values(), chain.market.address, limit, value=20 * ETHER)


def test_treasury__buys__pays_the_award_and_gets_the_rest_back(chain, treasury):
    sale = Sale(chain, provider=treasury.address)
    treasury.buy(sale.task, "https://tasks.example", {"from": accounts[0]})
    assert sale.stage == OPEN
    assert treasury.balance() == 9 * ETHER
    sale.commit(model(accounts[2].address, "one")).reveal(0).close()
    stands = sale.post((0, SCORE))
    sale.claim(stands, 0)
    price = sale.task.price(SCORE)
    treasury.settle(*stands.settle(), {"from": accounts[3]})
    assert sale.stage == SETTLED
    assert treasury.balance() == 19 * ETHER - price


def test_treasury__settled_by_another__collects_its_credit(chain, treasury):
    sale = Sale(chain, provider=treasury.address)
    treasury.buy(sale.task, "", {"from": accounts[0]})
    chain.until(sale.task.reveal_deadline)
    chain.void(sale.task)
    assert treasury.balance() == 9 * ETHER
    treasury.collect({"from": accounts[3]})
    assert treasury.balance() == 20 * ETHER
    treasury.take(20 * ETHER, accounts[4], {"from": accounts[0]})
    assert treasury.balance() == 0


def test_treasury__stranger_or_dear_task__is_refused(chain, treasury):
    task = chain.task(treasury.address)
    with brownie.reverts("not the owner"):
        treasury.buy(task, "", {"from": accounts[3]})
    with brownie.reverts("not the owner"):
        treasury.take(1, accounts[3], {"from": accounts[3]})
    with brownie.reverts("above the limit"):
        treasury.buy(task._replace(budget=task.budget + 1), "", {"from": accounts[0]})
    with brownie.reverts("ether only"):
        treasury.buy(task._replace(token=accounts[3].address), "", {"from": accounts[0]})


@pytest.fixture(scope="module")
def team(chain) -> Any:
    made = compile_solidity(
        INTEGRATIONS / "solidity" / "TeamSeller.sol",
        *(ROOT / "interfaces" / f"{name}.sol" for name in ("IModelMarket", "Types")),
    )["TeamSeller"]
    members = [accounts[5].address, accounts[6].address]
    bytecode = made["evm"]["bytecode"]["object"]
    return deploy(made["abi"], "0x" + bytecode, chain.market.address, members)


def test_team_seller__sells__members_take_equal_shares(chain, team):
    lead = {"from": accounts[0]}
    sale = Sale(chain).create()
    entered = model(team.address, "one")
    stake = sale.task.commit_bond + sale.task.entry_fee
    commitment = entered.commitment(chain.domain, sale.id)
    team.commit(sale.id, commitment, {**lead, "value": stake})
    at(sale.task.commit_deadline)
    team.reveal(*entered.reveal(sale.id, 0), lead)
    assert team.balance() == sale.task.commit_bond
    sale.close()
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    task_id, award, _, *rest = stands.claim(0, entered)
    team.claim(task_id, award, *rest, lead)
    earned = sale.task.price(SCORE) + sale.task.commit_bond
    assert team.balance() == earned
    before = accounts[5].balance()
    team.take({"from": accounts[5]})
    assert accounts[5].balance() - before == earned // 2
    assert team.due(accounts[5]) == 0
    assert team.due(accounts[6]) == earned // 2


def test_team_seller__others__neither_act_nor_take(chain, team):
    stranger = {"from": accounts[7]}
    with brownie.reverts():
        team.commit(bytes(32), bytes(32), stranger)
    with brownie.reverts():
        team.take(stranger)
    with brownie.reverts():
        team.take({"from": accounts[5]})  # nothing is due yet


# ── Programs ──


def text(value: Any) -> Any:
    """A value of the ABI for a JSON file: integers and bytes as strings."""
    if hasattr(value, "_asdict"):
        return {name: text(each) for name, each in value._asdict().items()}
    if isinstance(value, tuple):
        return [text(each) for each in value]
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


@pytest.fixture(scope="module")
def typescript() -> Path:
    """The program that tsc makes of the TypeScript consumer; it fails on any wrong type."""
    built = ROOT / "build" / "typescript"
    shutil.rmtree(built, ignore_errors=True)
    tsc = [ROOT / "node_modules" / ".bin" / "tsc", "--project", INTEGRATIONS / "typescript"]
    answer = subprocess.run(tsc, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
    (built / "package.json").write_text('{"type": "module"}\n')
    return built / "integrations" / "typescript" / "sale.js"


@pytest.fixture
def consume(chain, tmp_path) -> Iterator[Callable[..., tuple[Sale, int]]]:
    """Runs a program to its end, and plays the enclaves; returns the sale and what it printed."""
    processes = []

    def run(*program: Any) -> tuple[Sale, int]:
        sale = Sale(chain)
        prepared = model(accounts[2].address, "one")
        entered = {
            name: text(getattr(prepared, name))
            for name in ("developer", "submission", "keyring_digest", "salt", "uri", "envelope")
        }
        for name, content in (("task", text(sale.task)), ("model", entered)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        files = [tmp_path / "task.json", tmp_path / "model.json"]
        url, market = web3.provider.endpoint_uri, chain.market.address
        process = subprocess.Popen(
            [*program, url, market, *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)

        def wait(done: Callable[[], bool]) -> None:
            end = time.monotonic() + PATIENCE
            while not done():
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < end, "the consumer hangs"
                time.sleep(0.05)

        wait(lambda: sale.progress.commits == 1)
        warp(sale.task.commit_deadline)
        wait(lambda: sale.progress.reveals == 1)
        warp(sale.task.reveal_deadline)
        wait(lambda: sale.stage == CLOSED)
        sale.seed = chain.head(sale.task)
        sale.post((0, SCORE))
        warp(sale.time_a)
        before = accounts[2].balance()
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        gas = before + int(said) - accounts[2].balance()
        assert 0 <= gas < ETHER // 1_000, "paid what the claim says, less its gas"
        return sale, int(said)

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def test_python__sells__is_paid_the_price(consume):
    sale, price = consume(sys.executable, INTEGRATIONS / "python" / "sale.py")
    assert price == sale.task.price(SCORE)
    assert sale.progress.claimed == 1


def test_typescript__sells__is_paid_the_price(consume, typescript):
    sale, price = consume("node", typescript)
    assert price == sale.task.price(SCORE)
    assert sale.progress.claimed == 1


def test_ethers__struct_of_an_event__has_to_be_copied(chain):
    """docs/INTEGRATING.md warns of it; once ethers takes the struct as it comes, drop both."""
    sale = Sale(chain).create()
    program = Path(__file__).parent / "consumers" / "frozen_events.mjs"
    line = ["node", program, web3.provider.endpoint_uri, chain.market.address]
    answer = subprocess.run(line, capture_output=True, text=True, check=True)
    error, copied, created = answer.stdout.splitlines()
    assert error.startswith("TypeError: Cannot assign to read only property")
    assert copied == created == "0x" + sale.id.hex()
