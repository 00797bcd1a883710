"""Models whose runs the kernel or the clock ends on real processes: nobody else loses a sale."""

import time
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from offchain.chain.history import REPORTED
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.protocol.errors import RunStopped
from offchain.protocol.release import MAX_INVENTORIES
from offchain.provider.key_release import signer_of
from tests.anvil import rpc
from tests.e2e.hosts import QUORUM, close_sale, mine, open_sale, run_hosts
from tests.offchain.enclave.models import onnx_files
from tests.offchain.market import TOOLS, model, run

LOOPS = replace(onnx_files.LIMITS, operations=10**6, extra_ops=("Loop",))
ROWS = np.ones((10, onnx_files.FEATURES), np.float32)
SLOW, LARGE = onnx_files.endless(), onnx_files.doubling_loop(40)


class Machines:
    """The runs of each seat: tables as elsewhere, ONNX files in a real process of their own."""

    def __init__(self):
        self.runs = Counter()
        self.starved = {}
        """Submissions that a host lets run out of time, by seat."""

    def run(self, seat, content, *rest, submission, **options):
        self.runs[seat, submission] += 1
        if submission in self.starved.get(seat, ()):
            raise RunStopped(submission, "deadline passed")
        if content.startswith(b"{"):
            return run(content, *rest, submission=submission, **options)
        limits = RunLimits(wall_seconds=1.5)
        return run_model(content, ROWS, onnx_files.VALUES, LOOPS, limits, submission)


MACHINES = Machines()


@pytest.fixture(scope="module")
def hosts(module_isolation, tmp_path_factory):
    def tools_of(seat):
        return replace(TOOLS, run=partial(MACHINES.run, seat))

    rpc("anvil_setBlockTimestampInterval", 1)
    with run_hosts(tmp_path_factory.mktemp("hosts"), tools_of) as made:
        yield made
    rpc("anvil_removeBlockTimestampInterval")


@pytest.fixture
def machines():
    MACHINES.runs.clear()
    MACHINES.starved.clear()
    return MACHINES


def closed_sale(hosts, models):
    sale = open_sale(hosts, models)
    close_sale(sale)
    mine()
    return sale


def until_reported(sale, limit=200):
    """Let provider and operators act in turn; return what the provider says."""
    operators, said = [sale.operator(seat, turn=1) for seat in range(len(sale.hosts.clients))], []
    for _ in range(limit):
        said += sale.provider().next_release(sale.task_id)
        for operator in operators:
            list(operator.step())
            while operator.enclave.health().measuring:
                time.sleep(0.01)
        if sale.stage() == REPORTED:
            mine()
            return said
        mine(1)
    raise AssertionError(said)


def posted_of(sale):
    market = sale.hosts.market()
    history = market.history(sale.task_id)
    transcript = market.transcript(history, sale.documents.roster)
    return market.posted(history, transcript).report, transcript


def test_next_release__models_that_kernel_and_clock_stop__are_left_out_and_nothing_measured_again(
    hosts, machines
):
    """Two poisoned models, one of them twice, among honest ones; nobody passes an option."""
    sale = closed_sale(hosts, [model([0, 1]), SLOW, LARGE, SLOW, model(range(4, 10))])
    said = until_reported(sale)
    assert "inventory of 5 out of 5 submissions" in said
    assert said.count("next inventory of 2 submissions") == 1
    assert [each.indices for each in sale.published.inventories(sale.task_id)] == [
        (0, 1, 2, 3, 4),
        (0, 4),
    ]
    report, transcript = posted_of(sale)
    assert report.inventory == transcript.inventory_digest((0, 4))
    assert {award.index for award in report.awards} <= {0, 4}
    assert report.awards
    # A quorum, then another in its place: no seat ran anything twice, nor the copy at all.
    asked = 2 * QUORUM
    assert machines.runs == Counter(
        {(seat, index): 1 for seat in range(asked) for index in (0, 1, 2, 4)}
    )
    for seat in range(asked):
        notice = sale.results(seat).notice(sale.task_id)
        assert notice.stopped == (1, 2, 3)
        assert signer_of(notice, transcript) == sale.documents.roster[seat].signing_key


def test_next_release__hosts_that_starve_a_model__cannot_shut_its_developer_out(hosts, machines):
    machines.starved.update({seat: {1} for seat in range(QUORUM)})  # as many as sign a report
    sale = closed_sale(hosts, [model(range(20)), model(), model(range(4, 30))])
    until_reported(sale)
    (inventory,) = sale.published.inventories(sale.task_id)
    report, transcript = posted_of(sale)
    assert report.inventory == transcript.inventory_digest(inventory.indices)
    assert 1 in inventory.indices
    assert 1 in {award.index for award in report.awards}


def step_once(operator):
    """Let an operator's enclave measure what is released to it, and publish what stopped it."""
    for _ in range(4):
        list(operator.step())
        while operator.enclave.health().measuring:
            time.sleep(0.01)


def test_next_release__everything_stops__says_that_only_void_is_left(hosts, machines):
    machines.starved.update({seat: {0, 1} for seat in range(3 * QUORUM + 1)})
    sale = closed_sale(hosts, [model([0]), model([1])])
    for seats in (QUORUM, 2 * QUORUM):
        assert not any("void" in each for each in sale.provider().next_release(sale.task_id))
        for seat in range(seats):
            step_once(sale.operator(seat))
    for _ in range(2):
        (said,) = [each for each in sale.provider().next_release(sale.task_id) if "void" in each]
        assert said.startswith("warning: all submissions stop, and no next inventory is allowed")
    assert [each.indices for each in sale.published.inventories(sale.task_id)] == [(0, 1)]


def test_next_release__inventories_used_up__says_so_and_leaves_nothing_more_out(hosts, machines):
    sale = closed_sale(hosts, [model([i]) for i in range(MAX_INVENTORIES + 1)])
    provider, task_id = sale.provider(), sale.task_id
    list(provider.release(task_id))
    for index in range(1, MAX_INVENTORIES):
        list(provider.release(task_id, without=[index]))
    machines.starved.update({seat: {MAX_INVENTORIES} for seat in range(QUORUM + 1)})
    third = sale.documents.roster[QUORUM].signing_key
    list(provider.release(task_id, [third]))
    for seat in range(QUORUM + 1):
        step_once(sale.operator(seat))
    said = "\n".join(provider.next_release(task_id))
    assert f"warning: submissions [{MAX_INVENTORIES}] stop, and no next inventory" in said
    assert sale.published.inventory(task_id).indices == (0, MAX_INVENTORIES)


def test_release__panel_after_a_smaller_inventory__gets_the_one_of_the_report(hosts, machines):
    """Operators that were not stopped may post on the inventory before the newest."""
    sale = closed_sale(hosts, [model([0, 1]), model([2])])
    list(sale.provider().release(sale.task_id))
    operators = [sale.operator(0), sale.operator(1)]
    for operator in operators:
        list(operator.step())
        while operator.enclave.health().measuring:
            time.sleep(0.01)
    keys = [entry.signing_key for entry in sale.documents.roster]
    list(sale.provider().release(sale.task_id, [keys[3]], without=[1]))
    for _ in range(60):
        if sale.stage() == REPORTED:
            break
        for operator in operators:
            list(operator.step())
        mine(1)
    mine()
    report, transcript = posted_of(sale)
    assert report.inventory == transcript.inventory_digest((0, 1))
    list(sale.provider().release(sale.task_id, [keys[2]]))
    assert sale.published.release(sale.task_id, keys[2]).inventory == (0, 1)
    assert list(sale.provider().next_release(sale.task_id)) == []
