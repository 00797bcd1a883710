"""`tasks`, `status` and `scores` of a sale from its first block to its last, for anybody."""

import json

import pytest
from brownie import accounts, chain, web3

from offchain.chain.result_proofs import ResultProof
from offchain.cli.main import main
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import ModelFault
from offchain.protocol.results import Result, make_results
from offchain.protocol.task import RosterEntry
from offchain.storage.publications import PublicationFolder, TaskDocuments
from tests import deployment
from tests.anvil import at, deploy_market
from tests.deployment import Sale
from tests.offchain.market import make_manifest
from tests.sale import model
from tests.vectors.generate import word

KEY = word("test set")


@pytest.fixture
def market(module_isolation):
    return deploy_market(accounts[0], accounts[1])


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Nothing that one test does is left to the next."""


@pytest.fixture
def sale(market, tmp_path, monkeypatch):
    """A task whose provider publishes in a folder."""
    manifest = make_manifest(KEY)
    made = Sale(market, benchmark=manifest.digest())
    roster = tuple(RosterEntry(*each) for each in made.roster)
    folder = PublicationFolder(str(tmp_path / "provider"))
    folder.put_documents(made.id, TaskDocuments(manifest, roster))
    monkeypatch.setattr(deployment, "TASK_URI", folder.url)
    return made.create()


@pytest.fixture
def command(market, tmp_path, monkeypatch, capsys):
    """Runs a command as a stranger who knows the address book; its output."""
    book = {
        "chain_id": chain.id,
        "block": 0,
        "rpc": web3.provider.endpoint_uri,
        "market": market.market.address,
        "registry": market.registry.address,
        "verifier": market.verifier.address,
        "policy": market.verifier.address,
    }
    (tmp_path / "here.json").write_text(json.dumps(book))
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(tmp_path))

    def run(name, *options, code=0):
        capsys.readouterr()
        home = ["--home", str(tmp_path / "home"), "--network", "here"]
        assert main([name, *options, *home]) == code
        said = capsys.readouterr()
        return said.out if code == 0 else said.err

    run.folder = tmp_path
    return run


def reported(sale, *results, folder):
    """Posts a report of these results, which the first operator publishes and announces."""
    sale.commit(*(model(str(accounts[5 + n]), f"model {n}") for n in range(len(results))))
    sale.reveal(*range(len(results))).close()
    leaves = {index: each.leaf(sale.id, index) for index, each in enumerate(sale.models)}
    found = make_results(sale.id, leaves, KEY, results)
    pairs = [(each.index, each.score) for each in results if each.score]
    report = sale.measured(*sorted(pairs, key=lambda each: -each[1]), results=found.root())
    stands = sale.chain.post(sale.task, report, sale.enclaves)
    folder.mkdir()
    (folder / f"0x{sale.id.hex()}-round-0.json").write_bytes(to_json(found))
    operator = sale.enclaves[0].operator
    sale.chain.registry.announce(str(folder), {"from": operator})
    return stands


def test_tasks__open_one__with_metric_prices_and_deadlines(sale, command):
    said = command("tasks")
    assert f"0x{sale.id.hex()}  open" in said
    assert "accuracy of 20 rows" in said
    assert "parity of a row's number" in said
    assert "ether" in said
    assert "commit by" in said
    assert "(in " in said
    (listed,) = json.loads(command("tasks", "--json"))["tasks"]
    assert listed["task"] == f"0x{sale.id.hex()}"
    assert (listed["metric"], listed["documents"]) == ("accuracy", "checked")
    assert listed["commit_deadline"] == sale.task.commit_deadline
    knots = sale.task.knots()
    assert listed["prices"] == [{"score": each.score, "price": each.price} for each in knots]


def test_tasks__documents_of_another_task__said_and_not_believed(sale, command):
    folder = command.folder / "provider" / f"0x{sale.id.hex()}"
    other = make_manifest(word("another"))
    documents = TaskDocuments(other, tuple(RosterEntry(*each) for each in sale.roster))
    (folder / "documents.json").write_bytes(to_json(documents))
    assert f"metric     unknown: manifest 0x{other.digest().hex()}, expected 0x" in command("tasks")
    (folder / "documents.json").write_text("{}")
    assert "documents are malformed" in command("tasks")
    (folder / "documents.json").unlink()
    assert "metric     unknown: no documents at" in command("tasks")


def test_tasks__at_the_commit_deadline__only_with_all(sale, command):
    at(sale.task.commit_deadline - 1)
    chain.mine()
    assert sale.id.hex() in command("tasks")
    at(sale.task.commit_deadline)
    chain.mine()
    assert command("tasks") == ""
    assert f"0x{sale.id.hex()}  open" in command("tasks", "--all")


def test_status__through_a_sale__names_who_can_act_and_what_was_paid(sale, command):
    def status():
        made = json.loads(command("status", sale.id.hex(), "--json"))
        return made["stage"], [each["call"] for each in made["acts"]]

    assert status() == ("open", ["commit_model"])
    assert "commit by" in command("status", sale.id.hex())
    results = Result(0, 900_000), Result(1, reason=ModelFault.MEMORY)
    stands = reported(sale, *results, folder=command.folder / "operator")
    assert status() == ("reported", ["dispute_report"])
    assert "until" in command("status", sale.id.hex())
    at(sale.time_a)
    chain.mine()
    assert status() == ("reported", ["claim_award"])
    sale.claim(stands, 0)
    assert status() == ("reported", ["settle"])
    assert "golden-grain settle" in command("status", sale.id.hex())
    sale.settle(stands)
    assert status() == ("settled", [])
    paid = json.loads(command("status", sale.id.hex(), "--json"))["paid"]
    price = sale.task.price(900_000)
    assert (paid[0]["what"], paid[0]["amount"]) == ("submission 0", price)
    assert paid[0]["to"] == sale.models[0].developer
    assert sum(each["amount"] for each in paid) == (
        sale.task.budget + sale.task.benchmark_fee + 2 * sale.task.entry_fee
    )
    text = command("status", sale.id.hex())
    assert "nothing is left to do" in text
    assert f"to {sale.models[0].developer}: submission 0" in text


def test_status__of_no_task__is_refused(market, command):
    assert "no task 0x" in command("status", 64 * "1", code=1)


def test_scores__found_through_the_registry__proved_and_told_in_full(sale, command):
    results = Result(0, 900_000), Result(1, reason=ModelFault.MEMORY)
    reported(sale, *results, folder=command.folder / "operator")
    said = command("scores", sale.id.hex())
    assert "0.900000" in said
    assert "memory" in said
    assert "needs more memory" not in said
    assert "needs more memory than the task allows" in command(
        "scores", sale.id.hex(), "--developer", sale.models[1].developer
    )
    made = json.loads(command("scores", sale.id.hex(), "--json"))
    assert made["found_at"] == str(command.folder / "operator")
    assert [each["score"] for each in made["results"]] == [900_000, None]
    assert made["results"][0]["price"] == sale.task.price(900_000)
    proof = command.folder / "proof.json"
    command("scores", sale.id.hex(), "--index", "1", "--proof", str(proof))
    root = bytes.fromhex(made["root"][2:])
    assert from_json(ResultProof, proof.read_bytes()).proves(root)


def test_scores__before_a_report_or_without_its_file__are_refused(sale, command):
    assert "no report is posted" in command("scores", sale.id.hex(), code=1)
    reported(sale, Result(0, 900_000), folder=command.folder / "operator")
    assert "no such submission" in command("scores", sale.id.hex(), "--index", "1", code=1)
    for file in (command.folder / "operator").iterdir():
        file.write_text("{}")
    said = command("scores", sale.id.hex(), code=1)
    assert f"no results of the report: {command.folder / 'operator'}" in said


def test_every_reader__uris_that_are_no_text__of_a_developer_and_an_operator_stop_nobody(
    sale, command
):
    """A string of the chain is any bytes: they are replaced, and the sale goes on."""
    mark, bytes_ = b"a URI in a log", b"\xff\xfe\xed\xa0\x80\0\x1b[2J\r\n\xc3("
    sale.commit(*(model(str(accounts[5 + n]), f"model {n}") for n in range(2)))
    at(sale.task.commit_deadline)
    first, _ = sale.models
    values = list(first.reveal(sale.id, 0))
    values[-1] = mark.decode()
    calls = (
        (accounts[5], sale.chain.market.reveal_model, values),
        (
            accounts.at(sale.enclaves[1].operator, force=True),
            sale.chain.registry.announce,
            [mark.decode()],
        ),
    )
    for account, method, arguments in calls:
        data = bytes.fromhex(method.encode_input(*arguments)[2:])
        assert data.count(mark) == 1
        hostile = data.replace(mark, bytes_.ljust(len(mark), b"\xff"))
        account.transfer(method._address, data="0x" + hostile.hex())
    sale.reveal(1)
    assert "open" in command("status", sale.id.hex())
    assert "open" in command("tasks", "--all")
    page = command.folder / "page.html"
    command("page", "--out", str(page))
    assert "\N{REPLACEMENT CHARACTER}" in page.read_text()
