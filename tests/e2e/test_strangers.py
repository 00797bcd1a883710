"""A whole market, unattended: `buy`, `sell` and `operate` as processes that get killed at will."""

from io import StringIO

import numpy as np
import pytest
from brownie import accounts, web3
from rich.console import Console
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from offchain.chain.history import REPORTED
from scripts.deploy import deploy
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load
from tests.e2e.commands import keystore_options
from tests.e2e.town import Town, warp

OPERATORS = 6
TERMS = """
prices:
  0.80: 0.5 ether
  1.00: 1 ether
max_awards: 2
budget: 1.5 ether
commit: 1 day
reveal: 6 h
report: 1 day
dispute: 1 day
verdict: 1 day
claim: 1 day
nonce: {nonce}
"""

MODELS = {
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)), "0.1 ether"),
    "tree": (DecisionTreeClassifier(max_depth=3, random_state=1), "0.1 ether"),
    "greedy": (make_pipeline(StandardScaler(), LogisticRegression(C=0.5)), "0.99 ether"),
    "guess": (LogisticRegression(C=1e-9), "0.1 ether"),
}
"""Models, and the least that their developers want: one more than its score pays."""


@pytest.fixture
def town(fn_isolation, tmp_path, monkeypatch):
    made = deploy(accounts[0], load("development", live=False), Console(file=StringIO()))
    bring_documents(made.verifier.address, accounts[0].address, Console(file=StringIO()))
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(tmp_path / "town"))
    monkeypatch.setenv("HOME", str(tmp_path))
    town = Town(made, web3.provider.endpoint_uri, tmp_path / "town")
    yield town
    town.stop()


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


def open_operators(town):
    """Operators with machines of their own, once all of them are known to the registry."""
    operators = [
        town.start(f"operator {n}", ["--account", str(n)], "operate", "--serve", f"machine {n}")
        for n in range(1, OPERATORS + 1)
    ]
    for each in operators:
        town.wait(f"{each.name} at work", lambda each=each: "announced" in each.said, [each])
    return operators


def open_buyers(town, hidden):
    """Two providers, each with the same table and a task of its own."""
    write_table(town.folder / "hidden.csv", hidden)
    for n in (1, 2):
        terms = town.folder / f"terms {n}.yaml"
        terms.write_text(TERMS.format(nonce=n))
        line = ["buy", str(terms), "--data", str(town.folder / "hidden.csv"), "--target", "benign"]
        line += ["--metric", "accuracy", "--publish", str(town.folder / f"public {n}")]
        line += ["--out", str(town.folder / f"bought {n}")]
        yield town.start(f"buyer {n}", ["--account", str(6 + n)], *line)


def open_sellers(town, tasks, shown):
    """A developer for each model; the tasks take turns."""
    for n, (name, (model, price)) in enumerate(MODELS.items()):
        file = town.folder / f"{name}.onnx"
        file.write_bytes(exported(model, shown))
        line = ["sell", str(file), "--task", "0x" + tasks[n % 2].hex(), "--min-price", price]
        yield town.start(name, keystore_options(town.folder, name), *line)


def test_market__everybody_unattended_and_killed__pays_and_delivers(town, data):
    shown, hidden = data
    operators, buyers = open_operators(town), list(open_buyers(town, hidden))
    tasks = [town.task_of(each) for each in buyers]
    sellers = list(open_sellers(town, tasks, shown))

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
