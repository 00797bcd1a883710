"""A whole market, unattended: `buy`, `sell` and `operate` as processes, whatever happens to them.

What only a process can show is here: kills, nodes that stall, forget and re-organise, stores that
lie, an enclave that reboots, one that is revoked, disputes that are won and lost.
"""

import os
import signal
from contextlib import ExitStack
from io import StringIO

import numpy as np
import pytest
from brownie import PlainToken, accounts, web3
from rich.console import Console
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from offchain.attestation import programs
from offchain.chain.history import REPORTED
from offchain.chain.registry import Registry
from offchain.chain.transactions import NodeSender
from offchain.operator.posting import report_call
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel, sgx_report
from offchain.storage.publications import PublicationFolder, ResultsFolder
from scripts.deploy import deploy
from scripts.lib.acts.disputed import forge
from scripts.lib.acts.operators import DishonestOperator
from scripts.lib.acts.registration import enclave_below
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load
from tests.anvil import rpc
from tests.e2e.commands import enclave_of, keystore_options
from tests.e2e.faults import LYING, SLOW, FaultyNode, FaultyStore, serving
from tests.e2e.town import Town, warp

ETHER = 10**18
OPERATORS = 6
SIMULATED_PROGRAM = programs.program_id(sgx_report(bytes(64)))
TERMS = """prices:
  0.80: 0.5 ether
  1.00: 1 ether
max_awards: 2
budget: 1.5 ether
commit: 1 day
reveal: 6 h
report: 1 day
dispute: 1 day
verdict: 1 day
claim: 1 day"""

MODELS = {
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)), "0.1 ether"),
    "tree": (DecisionTreeClassifier(max_depth=3, random_state=1), "0.1 ether"),
    "greedy": (make_pipeline(StandardScaler(), LogisticRegression(C=0.5)), "0.99 ether"),
    "guess": (LogisticRegression(C=1e-9), "0.1 ether"),
}
"""Models, and the least that their developers want: one more than its score pays."""


@pytest.fixture(autouse=True)
def _isolation():
    """Leaves the chain to the town, which lasts for all tests."""


@pytest.fixture(scope="module")
def town(module_isolation, tmp_path_factory):
    made = deploy(accounts[0], load("development", live=False), Console(file=StringIO()))
    bring_documents(made.verifier.address, accounts[0].address, Console(file=StringIO()))
    folder = tmp_path_factory.mktemp("strangers")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(folder / "town"))
        patched.setenv("HOME", str(folder))
        town = Town(made, web3.provider.endpoint_uri, folder / "town")
        yield town
        town.stop()


@pytest.fixture(scope="module")
def operators(town):
    """Operators with machines of their own, once all of them are known to the registry."""
    operators = [
        town.start(f"operator {n}", ["--account", str(n)], "operate", "--serve", f"machine {n}")
        for n in range(1, OPERATORS + 1)
    ]
    for each in operators:
        town.wait(f"{each.name} at work", lambda each=each: "announced" in each.said, [each])
    return operators


@pytest.fixture(scope="module")
def data():
    """A table for the developers, and a hidden one for a provider."""
    inputs, targets = load_breast_cancer(return_X_y=True)
    return (inputs[:300].astype(np.float32), targets[:300]), (inputs[300:], targets[300:])


def exported(model, data):
    inputs, targets = data
    model.fit(inputs, targets)
    return to_onnx(model, inputs[:1], options={"zipmap": False}).SerializeToString()


def write_table(file, data):
    inputs, targets = data
    head = ",".join([*(f"x{column}" for column in range(inputs.shape[1])), "benign"])
    rows = [
        ",".join([*map(str, row), str(target)]) for row, target in zip(inputs, targets, strict=True)
    ]
    file.write_text("\n".join([head, *rows]))


def open_buyer(town, n, hidden, terms):
    """A provider with a table and a task of its own."""
    write_table(town.folder / "hidden.csv", hidden)
    file = town.folder / f"terms {n}.yaml"
    file.write_text(f"{terms}\nnonce: {n}\n")
    line = ["buy", str(file), "--data", str(town.folder / "hidden.csv"), "--target", "benign"]
    line += ["--metric", "accuracy", "--publish", str(town.folder / f"public {n}")]
    line += ["--out", str(town.folder / f"bought {n}"), "--accept-warnings"]
    return town.start(f"buyer {n}", ["--account", str(6 + n)], *line)


def open_seller(town, name, kind, task_id, shown, *options):
    """A developer with a model of one kind."""
    model, price = MODELS[kind]
    if town.market.history(task_id).task.token != ZERO_ADDRESS:
        price = price.replace("ether", "PLAIN")
    file = town.folder / f"{name}.onnx"
    file.write_bytes(exported(model, shown))
    line = ["sell", str(file), "--task", "0x" + task_id.hex(), "--min-price", price]
    return town.start(name, [*keystore_options(town.folder, name), *options], *line)


def test_market__everybody_unattended_and_killed__pays_and_delivers(town, operators, data):
    shown, hidden = data
    buyers = [open_buyer(town, n, hidden, TERMS) for n in (1, 2)]
    tasks = [town.task_of(each) for each in buyers]
    sellers = [open_seller(town, name, name, tasks[n % 2], shown) for n, name in enumerate(MODELS)]

    def until(what, done):
        for task_id in tasks:
            town.wait(what, lambda: done(town.progress(task_id)))  # noqa: B023 - called here

    def kill(*more):
        for each in (*sellers, *buyers, *more):
            each.restart()

    until("two commits", lambda progress: progress.commits == 2)
    kill()
    terms = [town.market.history(task_id).task for task_id in tasks]
    warp(max(task.commit_deadline for task in terms))
    until("two reveals", lambda progress: progress.reveals == 2)
    kill(operators[0])
    warp(max(task.reveal_deadline for task in terms))
    until("a report", lambda progress: progress.stage == REPORTED)
    kill()
    warp(max(town.progress(task_id).time_a for task_id in tasks))

    ends = {each.name: each.end() for each in (*sellers, *buyers)}
    assert {name: code for name, (code, _) in ends.items()} == dict.fromkeys(ends, 0), ends
    histories = [town.market.history(task_id) for task_id in tasks]
    assert [each.ending for each in histories] == ["TaskSettled", "TaskSettled"]
    sold = [claim.developer for each in histories for claim in each.claims]
    assert sold == [town.address_of(name) for name in ("logistic", "tree")]
    for n in (1, 2):
        assert len(list((town.folder / f"bought {n}").rglob("*.onnx"))) == 1


# ── Whatever goes wrong ──

TOKEN_TERMS = (
    TERMS.replace("ether", "PLAIN")
    + """
token: {token}
quorum: 2
roster: {roster}"""
)
ETHER_TERMS = (
    TERMS
    + """
roster: {roster}"""
)


@pytest.fixture
def liars(town, operators):
    """Three operators whose enclaves sign anything; in a roster, they get the test set first."""
    registry = Registry(town.market.node, town.market.registry)
    measurement = programs.measurement(town.made.verifier.address, SIMULATED_PROGRAM)
    first = min(int(each.signing_key, 16) for each in registry.all_active(measurement))
    made = []
    for seat in range(20, 23):
        intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
        machine, enclave = Machine.simulate(intel, f"machine {seat}"), enclave_below(first)
        liar = DishonestOperator(
            name=str(seat),
            account=accounts[seat],
            made=town.made,
            machine=machine,
            enclave=enclave,
        )
        liar.register(2 * ETHER)
        made.append(liar)
    town.made.registry.announce(str(town.folder / "lies"), {"from": accounts[20]})
    return made


@pytest.fixture
def token(town):
    """A token of 6 decimals, of which the third provider has some."""
    made = accounts[0].deploy(PlainToken, 6)
    made.mint(accounts[9], 10**9, {"from": accounts[0]})
    return made


def index_of(town, task_id, name):
    return town.market.history(task_id).commits.index(town.address_of(name))


def test_market__everything_goes_wrong__nobody_misses_a_deadline_or_loses_more_than_the_rules_take(
    town, operators, liars, token, data
):
    """A task in a token with a quorum of two, whose report is forged; and one in ether."""
    (shown, hidden), market = data, town.market
    registry = Registry(market.node, market.registry)
    keys = [liar.entry.signing_key for liar in liars]

    def honest_keys():
        active = registry.all_active(liars[0].measurement)
        return [entry.signing_key for entry in active if entry.signing_key not in keys]

    town.wait("all operators", lambda: len(honest_keys()) == OPERATORS, operators)
    honest = honest_keys()
    terms = TOKEN_TERMS.format(token=token.address, roster=[*keys[:2], *honest])
    forged_buyer = open_buyer(town, 3, hidden, terms)
    forged = town.task_of(forged_buyer)

    with ExitStack() as stack:
        # A transaction that the node forgets costs a minute; the rest comes up meanwhile.
        node = FaultyNode(town.url, drops=1)
        rpc_of_skeptic = ["--rpc", stack.enter_context(serving(node))]
        dispute = ["--dispute", "--highest-bond", "0.1 ether"]
        skeptic = open_seller(town, "skeptic", "logistic", forged, shown, *rpc_of_skeptic, *dispute)
        store = FaultyStore(town.folder / "shaky public", LYING)
        public = ["--publish", str(store.folder), "--uri", stack.enter_context(serving(store))]
        shaky = open_seller(town, "shaky", "tree", forged, shown, *public)
        terms = ETHER_TERMS.format(roster=[keys[2], *honest])
        upheld_buyer = open_buyer(town, 4, hidden, terms)
        upheld = town.task_of(upheld_buyer)
        careful = open_seller(town, "careful", "tree", upheld, shown)
        brave = open_seller(town, "brave", "logistic", upheld, shown, "--reveal-anyway")
        alive = [*operators, forged_buyer, upheld_buyer, skeptic, shaky, brave]
        for task_id in (forged, upheld):
            town.wait("commits", lambda: market.progress(task_id).commits == 2, alive)  # noqa: B023
        assert node.dropped == 1

        before = operators[0].said.count("registered 0x")
        os.kill(enclave_of(operators[0].process), signal.SIGKILL)
        revoked = ["revoke-enclave", keys[2], "0x" + liars[0].measurement.hex()]
        town.command("guard", *revoked, "--account", "0")
        node.answers.clear()
        tasks = [market.history(task_id).task for task_id in (forged, upheld)]
        warp(max(task.commit_deadline for task in tasks))
        assert careful.end()[0] == 1
        assert "no longer safe" in careful.said
        town.wait("the lie to be seen", lambda: "others cannot read" in shaky.said, alive)
        store.mode = SLOW
        town.wait("a reveal", lambda: market.progress(upheld).reveals == 1, alive)
        town.wait("a reveal", lambda: market.progress(forged).reveals == 1, alive)
        assert "revealed at" not in skeptic.said
        town.wait("a new key", lambda: "has ended" in operators[0].said, alive)
        town.wait("a new key", lambda: operators[0].said.count("registered 0x") > before, alive)
        node.answers.set()
        town.wait("both reveals", lambda: market.progress(forged).reveals == 2, alive)
        rpc("anvil_reorg", 1, [])
        assert market.progress(forged).reveals + market.progress(upheld).reveals == 2
        town.wait("a reveal again", lambda: market.progress(forged).reveals == 2, alive)
        town.wait("a reveal again", lambda: market.progress(upheld).reveals == 1, alive)

        store.mode = LYING
        warp(max(task.reveal_deadline for task in tasks))
        town.wait("the lie to be seen", lambda: "is not at 'http" in forged_buyer.said, alive)
        store.mode = SLOW
        releases = PublicationFolder(str(town.folder / "public 3"))
        town.wait(
            "the release to the liars",
            lambda: all(releases.release(forged, key) for key in keys[:2]),
            alive,
        )
        roster, best = releases.documents(forged).roster, index_of(town, forged, "shaky")
        posted, results = forge(market, forged, roster, liars[:2], best)
        ResultsFolder(str(town.folder / "lies")).put(posted.report, results)
        sender = NodeSender(market.node.web3, accounts[20].address)
        sender.send(report_call(market, tasks[0], roster, posted))

        town.wait("a report", lambda: market.stage(upheld) == REPORTED, alive)
        town.command("dispute", "0x" + upheld.hex(), "--account", "12")
        verdicts = {}
        for task_id in (forged, upheld):  # claims are open from a verdict on
            town.wait("a verdict", lambda: market.history(task_id).verdict, operators)  # noqa: B023
            verdicts[task_id] = market.history(task_id).verdict.upheld
        assert verdicts == {forged: False, upheld: True}
        ends = {each.name: each.end() for each in (skeptic, shaky, brave)}
        ends |= {each.name: each.end() for each in (forged_buyer, upheld_buyer)}
        assert {name: code for name, (code, _) in ends.items()} == dict.fromkeys(ends, 0), ends
    assert town.made.registry.credits(town.address_of("skeptic")) == 5 * ETHER // 100  # the fines
    assert town.made.registry.credits(accounts[12]) == 0
    for task_id, names in ((forged, ["skeptic", "shaky"]), (upheld, ["brave"])):
        history = market.history(task_id)
        assert history.ending == "TaskSettled"
        sold = {claim.developer for claim in history.claims}
        assert town.address_of(names[0]) in sold
        assert sold <= {town.address_of(name) for name in names}
    paid = sum(claim.price for claim in market.history(forged).claims)
    assert token.balanceOf(town.address_of("skeptic")) > 0
    assert token.balanceOf(accounts[9]) == 10**9 - paid
    assert token.balanceOf(market.contract.address) == 0
