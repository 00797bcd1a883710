"""The month of a large market: every call counted once, and each assumption with its effect."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple

from offchain.chain.node import abi
from offchain.protocol.eip712 import Domain
from scripts.lib.gas_report import SNAPSHOT, read
from scripts.lib.replay import FORKS
from scripts.scaling import DATA_WORDS, LOG_TOPICS, Assumptions, limits, main, sale_gas, simulate
from tests import sale as parts

ONE = Assumptions(tasks=1, submissions=1)
ROWS = read(SNAPSHOT)["rows"]
ENDS = (
    "create_task, 2 knots",
    "commit_model, 2nd",
    "reveal_model, first",
    "close_reveals",
    "post_report, 1 signature, roster of 4, 1 award",
    "claim_award, of 1",
    "settle, 1 signer",
)


@pytest.mark.parametrize("fork", FORKS)
def test_simulate__one_task_of_one_model__is_one_of_each_call(fork):
    assert simulate(ROWS, ONE).gas[fork] == sum(ROWS[name][fork] for name in ENDS)


@pytest.mark.parametrize("fork", FORKS)
def test_simulate__one_more_model__adds_a_commit_and_a_later_reveal(fork):
    one, two = (simulate(ROWS, replace(ONE, submissions=n)) for n in (1, 2))
    added = ROWS["commit_model, 2nd"][fork] + ROWS["reveal_model, later"][fork]
    assert two.gas[fork] - one.gas[fork] == added
    assert two.new_words - one.new_words == 1
    assert two.log_bytes - one.log_bytes == 32 * 15 + (20 + 32 * 3) + (20 + 32 * 2)


def test_data_words__of_each_function__are_what_the_abi_encodes():
    enclaves = [parts.enclave(f"enclave {n}", "0x" + 40 * "4") for n in range(4)]
    entries, domain = parts.roster(enclaves), Domain(1, "0x" + 40 * "1")
    task = parts.task("0x" + 40 * "2", entries, parts.word("measurement"), 0)
    model = replace(parts.model("0x" + 40 * "3", "model"), uri=parts.TASK_URI)
    report = parts.report(task.id(domain), bytes(32), (0, 900_000))
    stands = parts.posted(domain, task, report, enclaves[:1])
    signed = parts.cosign(report.digest(domain), enclaves[:1])
    arguments = {
        "create_task": (task, parts.TASK_URI),
        "commit_model": (bytes(32), bytes(32)),
        "reveal_model": model.reveal(bytes(32), 0),
        "close_reveals": (bytes(32),),
        "post_report": parts.post(task, entries, report, signed),
        "claim_award": stands.claim(0, model),
        "settle": stands.settle(),
    }
    types = {
        entry["name"]: [collapse_if_tuple(each) for each in entry["inputs"]]
        for entry in abi("IModelMarket")
        if entry["type"] == "function"
    }
    assert {
        name: len(encode(types[name], each)) // 32 for name, each in arguments.items()
    } == DATA_WORDS


EVENTS = {
    "create_task": ("TaskCreated",),
    "commit_model": ("ModelCommitted",),
    "reveal_model": ("ModelRevealed",),
    "close_reveals": ("RevealsClosed",),
    "post_report": ("ReportPosted",),
    "claim_award": ("AwardClaimed",),
    "settle": ("TaskSettled", "Credited", "Credited"),
}


def test_log_topics__of_each_event__are_those_of_the_abi():
    topics = {
        entry["name"]: 1 + sum(each["indexed"] for each in entry["inputs"])
        for entry in abi("IModelMarket")
        if entry["type"] == "event"
    }
    found = {name: tuple(topics[each] for each in of) for name, of in EVENTS.items()}
    assert found == LOG_TOPICS


@pytest.mark.parametrize("name", [each.resource for each in limits(simulate(ROWS, ONE), ONE)])
def test_limits__at_the_market_that_reaches_one__use_all_of_it(name):
    assumed = Assumptions()
    (limit,) = (each for each in limits(simulate(ROWS, assumed), assumed) if each.resource == name)
    full = replace(assumed, tasks=limit.tasks(assumed))
    (there,) = (each for each in limits(simulate(ROWS, full), full) if each.resource == name)
    assert there.used <= there.most
    assert there.used == pytest.approx(there.most, rel=1e-4)


def test_limits__of_a_market__come_by_rising_market():
    assumed = Assumptions()
    tasks = [limit.tasks(assumed) for limit in limits(simulate(ROWS, assumed), assumed)]
    assert tasks == sorted(tasks)
    assert len(tasks) == 10


def test_simulate__tasks__are_a_factor():
    one, many = (simulate(ROWS, Assumptions(tasks=n)) for n in (1, 1_000))
    assert many.gas == {fork: 1_000 * gas for fork, gas in one.gas.items()}
    for name in ("data_bytes", "log_bytes", "new_words", "x25519", "artifact_bytes"):
        assert getattr(many, name) == 1_000 * getattr(one, name)


def test_main__options__replace_the_assumptions(capsys):
    month = main(["--tasks", "1", "--submissions", "1"])
    assert month == simulate(ROWS, ONE)
    assert "A month, execution" in capsys.readouterr().out


@pytest.mark.parametrize("fork", FORKS)
def test_sale_gas__several_awards__are_counted_as_calls_of_eight(fork):
    one, two = (sale_gas(ROWS, 5, awards)[fork] for awards in (1, 2))
    report = "post_report, 1 signature, roster of 4, "
    added = ROWS[report + "8 awards"][fork] - ROWS[report + "1 award"][fork]
    added += 2 * ROWS["claim_award, of 8"][fork] - ROWS["claim_award, of 1"][fork]
    assert two - one == added
