"""`operate` from nothing: an operator with ether, a machine, and one line of docs/OPERATOR.md."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from brownie import accounts, web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.attestation.rejections import QuoteRejected
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.transactions import NodeSender
from offchain.chain.verifier import Verifier
from offchain.cli.main import main
from offchain.enclave.enclave import Enclave
from offchain.operator.checks import check_account, check_folder, check_node, check_standing
from offchain.operator.client import EnclaveClient
from offchain.operator.upkeep import DAY, MARGIN, Upkeep
from offchain.simulation import DEVELOPMENT_SEED, SimulatedIntel, bundle
from offchain.storage.publications import ResultsFolder
from scripts.deploy import deploy
from scripts.lib.settings import load
from tests.anvil import at, fund, now, rpc
from tests.e2e.commands import enclave_of, keystore_options, write_book
from tests.e2e.forked import Command
from tests.offchain.enclave.service.served import served
from tests.vectors.generate import word

ETHER = 10**18
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "OPERATOR.md"


@pytest.fixture(scope="module")
def made(module_isolation):
    """A deployment that knows none of Intel's documents."""
    return deploy(accounts[0], load("development", live=False), Console(file=StringIO()))


@pytest.fixture
def environment(made, tmp_path, monkeypatch):
    books = write_book(made, web3.provider.endpoint_uri, tmp_path / "books")
    (tmp_path / "books" / "test.json").rename(tmp_path / "books" / "playground.json")
    for name, value in (books | {"HOME": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "intel").mkdir()
    documents = bundle(SimulatedIntel.from_seed(DEVELOPMENT_SEED)).to_json()
    (tmp_path / "intel" / "collateral.json").write_text(documents)
    return tmp_path


def registry_of(made):
    return Registry(Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0), made.registry.address)


@contextmanager
def operating(*options, cwd=None):
    """The command as a process; yields it and a function that waits for a line."""
    process = Command(
        ["operate", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        text=True,
    )
    said = []

    def until(pattern):
        while not any(re.search(pattern, line) for line in said):
            line = process.stderr.readline()
            assert line, said
            said.append(line)
        return said

    try:
        yield process, until
    finally:
        process.kill()
        process.communicate()


def stopped(process):
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


# ── From nothing ──


def test_operate__operator_with_nothing_but_ether__is_registered_and_announced(made, environment):
    keys = keystore_options(environment, "fresh")
    account = Web3.to_checksum_address(
        "0x" + json.loads((environment / "fresh.json").read_text())["address"]
    )
    fund(account, 10 * ETHER)
    options = ["--network", "playground", "--yes", "--poll", "0.2", *keys]
    options += ["--serve", "some machine", "--stake", "2 ether"]
    options += ["--collateral", str(environment / "intel"), "--home", str(environment / "my home")]
    with operating(*options) as (process, until):
        said = until("announced")
        assert any("newer documents of Intel's are needed" in line for line in said)
        assert any("brought" in line for line in said)
        with operating(*options) as (second, _):
            _, err = second.communicate(timeout=60)
            assert second.returncode == 1
            assert f"process {process.pid} operates as {account} already" in err
        assert "stopped" in stopped(process)
    with operating(*options) as (process, until):
        until("retires 0x")  # the enclave of the first process
        os.kill(enclave_of(process), signal.SIGKILL)
        until("the enclave has ended: .*enclave.log says why. Starts another one")
        left = enclave_of(process)
        process.kill()
        process.wait()
        while Path(f"/proc/{left}").exists():
            time.sleep(0.02)
    with operating(*options) as (process, until):
        until("retires 0x")  # the journal is free, and the line goes on
        assert "stopped" in stopped(process)
    registry = registry_of(made)
    assert made.registry.operator(account)[0] == 2 * ETHER
    published = environment / "my home" / "playground" / "operator" / account / "published"
    assert registry.endpoints() == {account: str(published)}
    key = re.search(r"registered (0x\w+) for (29|30) days", "".join(said)).group(1)
    assert registry.registrations(key)


# ── Upkeep ──


@pytest.fixture
def enclave():
    return Enclave.boot(lambda size: word("kept up")[:size])


@pytest.fixture
def upkeep(made, enclave, tmp_path):
    """Of an operator on a node of its own, with documents from a folder."""
    registry = registry_of(made)
    sender = NodeSender(registry.node.web3, accounts[5].address)
    with served(enclave, tmp_path) as url, EnclaveClient(url) as client:
        yield Upkeep(
            client,
            registry,
            Verifier(registry.node, made.verifier.address),
            sender,
            "https://operator.example",
            collateral=lambda: bundle(SimulatedIntel.from_seed(DEVELOPMENT_SEED)),
        )
    rpc("anvil_mine", "0x1")


def sent_by(upkeep, act):
    """Lines that it said, and the number of transactions."""
    count = upkeep.registry.node.web3.eth.get_transaction_count
    before = count(upkeep.sender.address)
    rpc("anvil_mine", "0x3")
    return list(act()), count(upkeep.sender.address) - before


def test_step__again__sends_nothing(upkeep):
    said, sent = sent_by(upkeep, upkeep.step)
    assert sent >= 3  # documents, stake, registration, address
    assert said[-1] == "announced https://operator.example"
    assert sent_by(upkeep, upkeep.step) == ([], 0)


@pytest.mark.parametrize("late", [False, True])
def test_step__registration_that_ends__is_renewed_from_the_margin_on(upkeep, enclave, late):
    list(sent_by(upkeep, upkeep.step))
    named = upkeep.registry.registrations(enclave.identity.signing_key)[-1]
    expiry = upkeep.registry.expiry(enclave.identity.signing_key, named)
    at(expiry - MARGIN - 4 + late)  # three blocks follow, a second each
    rpc("anvil_setBlockTimestampInterval", 1)
    rpc("anvil_mine", "0x1")
    said, sent = sent_by(upkeep, upkeep.step)
    rpc("anvil_removeBlockTimestampInterval")
    assert now() == expiry - MARGIN - 1 + late + sent
    assert sent == late
    renewed = upkeep.registry.expiry(enclave.identity.signing_key, named)
    assert (renewed > expiry + 20 * DAY) == late
    assert any(line.startswith("renewed") for line in said) == late


def test_step__enclave_that_rebooted__is_registered_anew_and_keeps_the_stake(
    made, upkeep, enclave, monkeypatch
):
    sent_by(upkeep, upkeep.step)
    stake = made.registry.operator(accounts[5])[0]
    old = enclave.identity.signing_key
    fresh = Enclave.boot(lambda size: word("after a restart")[:size])
    monkeypatch.setattr(enclave, "__dict__", fresh.__dict__)
    rpc("evm_increaseTime", 3_600)
    said, sent = sent_by(upkeep, upkeep.step)
    assert sent == 1
    assert any(line.startswith(f"retires {old}") for line in said)
    assert made.registry.operator(accounts[5])[0] == stake
    named = upkeep.registry.registrations(fresh.identity.signing_key)[-1]
    assert upkeep.registry.active_one(fresh.identity, named)


def test_step__documents_missing_and_no_source__says_so_and_sends_nothing(upkeep):
    upkeep.collateral = None
    with pytest.raises(QuoteRejected, match="attestation update"):
        sent_by(upkeep, upkeep.step)
    assert upkeep.registry.node.web3.eth.get_transaction_count(accounts[5].address) == 0


def test_step__renewal_that_gains_no_day__is_not_sent(upkeep, enclave, monkeypatch):
    sent_by(upkeep, upkeep.step)
    upkeep.margin = 31 * DAY  # it is always due, and a renewal gains seconds
    said, sent = sent_by(upkeep, upkeep.step)
    assert sent == 0
    assert said == [
        "newer documents of Intel's are needed: they are nearly stale",
        "WARNING: Intel's documents are nearly stale, so a renewal would gain no day",
    ]


# ── Checks ──


def test_check_folder__another_folder_or_none_at_its_address__is_said(tmp_path):
    own, other = ResultsFolder(str(tmp_path / "own")), ResultsFolder(str(tmp_path / "other"))
    assert list(check_folder(own, own)) == []
    (line,) = check_folder(own, other)
    assert line.startswith(f"nobody can read the folder at {other.url}")
    for probe in (tmp_path / "own").iterdir():
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / probe.name).write_text("of somebody else")
    (line,) = check_folder(own, other)
    assert line.startswith(f"{other.url} is another folder than {own.url}")


def test_check_account__without_ether_or_without_its_key__is_said(made):
    market = Market(Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0), made.market.address)
    held = NodeSender(market.node.web3, accounts[5].address)
    assert list(check_account(market, held)) == []
    fund(held.address, 0)
    (line,) = check_account(market, held)
    assert "has 0 ether" in line
    stranger = NodeSender(market.node.web3, "0x" + 39 * "0" + "1")
    fund(stranger.address, ETHER)
    (line,) = check_account(market, stranger)
    assert "the node does not hold the account" in line


def test_check_node__more_confirmations_than_blocks__is_said(made):
    web = Web3(HTTPProvider(web3.provider.endpoint_uri))
    market = Market(Node(web, 0), made.market.address)
    assert list(check_node(market, now())) == []
    height = web.eth.block_number
    assert list(check_node(Market(Node(web, height), made.market.address), now())) == []
    (line,) = check_node(Market(Node(web, height + 1), made.market.address), now())
    assert line.startswith(f"no block has {height + 1} confirmations on this chain")


def test_check_standing__what_keeps_an_enclave_from_signing__is_said(made, upkeep, enclave):
    registry, operator, client = upkeep.registry, accounts[5].address, upkeep.enclave
    key = enclave.identity.signing_key

    def lines(of=operator):
        return list(check_standing(registry, of, client, MARGIN))

    assert lines() == [f"enclave {key} is not registered"]
    sent_by(upkeep, upkeep.step)
    assert lines() == []
    assert lines(accounts[6].address) == [
        f"enclave {key} is registered for {operator}, not for {accounts[6].address}"
    ]
    named = registry.registrations(key)[-1]
    made.registry.revoke_enclave(key, named, {"from": accounts[0]})
    assert lines() == [f"the guardian revoked enclave {key}: restart it, and it gets another key"]
    made.registry.revoke_measurement(named, {"from": accounts[0]})
    made.registry.revoke_platform(registry.registered(key, named).platform, {"from": accounts[0]})
    made.registry.revoke_verifier(made.verifier, {"from": accounts[0]})
    made.registry.request_unstake({"from": operator})
    said = lines()
    assert len(said) == 5
    assert said[0].endswith("has asked for its stake back: its enclaves cannot sign")
    at(registry.expiry(key, named))
    rpc("anvil_mine", "0x1")
    assert lines()[-1] == f"the registration of enclave {key} has expired"


# ── The lines of the page ──


def page_lines() -> list[list[str]]:
    """The commands of docs/OPERATOR.md, with continued lines joined."""
    text = PAGE.read_text().replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in re.findall(r"^    (golden-grain .*)$", text, re.M)]


@pytest.fixture
def published(environment):
    """The folder of the page, at a public address."""
    folder = environment / "www"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_page__every_line__does_what_the_page_says(made, environment, published, capsys):
    """In its order, with this test's paths, addresses and documents."""
    folder, uri = published
    keystore_options(environment, "operator")
    (environment / "operator.password").rename(environment / "password")
    fund(Web3.to_checksum_address(accounts[9].address), 10 * ETHER)
    holder = json.loads((environment / "operator.json").read_text())["address"]
    fund(Web3.to_checksum_address("0x" + holder), 10 * ETHER)
    lines, documents = page_lines(), ["--collateral", str(environment / "intel")]
    assert [line[0] for line in lines] == ["operate", "operate", "stake", "register", "unstake"]
    mine = {
        "mainnet": "playground",
        "operator.json": str(environment / "operator.json"),
        "password": str(environment / "password"),
        "/srv/www/enclave": str(folder),
        "https://operator.example/enclave": uri,
    }
    for number, line in enumerate(lines):
        options = [mine.get(each, each) for each in line]
        if "--from" in options:
            at_from = options.index("--from")
            assert options[at_from + 1] == "intel"
            options[at_from : at_from + 2] = documents
        fresh = Enclave.boot(lambda size, number=number: word(f"of line {number}")[:size])
        with served(fresh, environment, machine=f"machine of line {number}") as url:
            options = [url if option == "http://127.0.0.1:8700" else option for option in options]
            options += [] if "--yes" in options else ["--yes"]
            if line[0] == "operate":
                options += [] if "--collateral" in options else documents
                with operating(*options[1:], "--poll", "0.2", cwd=environment) as (process, until):
                    until("announced")
                    stopped(process)
            else:
                assert main(options) == 0, capsys.readouterr().err
        rpc("evm_increaseTime", 60)
        rpc("anvil_mine", "0x3")
    operator = made.registry.operator(accounts[9])
    assert (operator[0], operator[4]) == (2 * ETHER, 2)  # the machines of --serve and of register
    assert operator[1] > 0  # asked back
    assert made.registry.operator(Web3.to_checksum_address("0x" + holder))[0] == 2 * ETHER
