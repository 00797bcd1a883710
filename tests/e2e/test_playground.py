"""A playground comes up, serves other terminals and docs/tour.ipynb, and leaves no process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from web3 import HTTPProvider, Web3

from offchain.cli import networks
from offchain.cli.processes import Processes, _start_of
from tests.e2e.forked import completed
from tests.e2e.hosts import ETHER

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "docs" / "tour.ipynb"
SECONDS = 300
"""For each command, and each cell of the tour."""


class Terminal:
    """Runs golden-grain as in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.books, self.home = folder / "books", folder / "a home for päng"
        own = {"GOLDEN_GRAIN_DEPLOYMENTS": str(self.books), "HOME": str(self.home)}
        self.variables = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
        self.books.mkdir()
        self.home.mkdir()

    def __call__(self, *words: str, code: int = 0) -> str:
        ended, out, said = completed(words, SECONDS, cwd=self.home, env=self.variables)
        assert ended == code, said
        return out if code == 0 else said


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


def group_of(pid: int) -> list[int]:
    """All processes whose group is led by one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


class Playground:
    """A playground with four operators, once it has said what to type."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.folder = terminal, terminal.home / ".golden-grain" / "playground"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "offchain", "playground", "--operators", "4"],
            cwd=terminal.home,
            env=terminal.variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = ""

    def wait(self) -> None:
        while "Ctrl-C stops all of it" not in self.said:
            line = self.process.stdout.readline()
            logs = self.folder.glob("*.log")
            assert line, self.said + "".join(f"{log}: {log.read_text()[-1500:]}" for log in logs)
            self.said += line

    def json(self, *words: str) -> dict:
        return json.loads(self.terminal(*words, "--network", "playground", "--json"))


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """One for all tests of this module, in their order: its start takes half a minute."""
    made = Playground(Terminal(tmp_path_factory.mktemp("playground")))
    try:
        made.wait()
        yield made
    finally:
        Processes.of(made.folder).stop()
        made.process.kill()
        made.process.wait()


@pytest.mark.parametrize("name", ["work", "work/notes.txt"])
def test_playground__folder_of_something_else__is_left_alone(terminal, name):
    notes = terminal.home / "work" / "notes.txt"
    notes.parent.mkdir()
    notes.write_text("mine")
    said = terminal("playground", "--folder", str(terminal.home / name), code=1)
    assert said == (
        f"{terminal.home / name} holds something else than a playground, expected an empty folder\n"
    )
    assert notes.read_text() == "mine"


def test_playground__in_another_terminal__lists_its_task_and_puts_its_clock_forward(playground):
    terminal, network = playground.terminal, ["--network", "playground"]
    known = Processes.of(playground.folder).started
    assert {each.name for each in known} == {
        *("chain", "provider", "operator 1", "operator 2", "operator 3", "operator 4")
    }
    (task,) = playground.json("tasks")["tasks"]
    assert task["task"] in playground.said
    assert (task["metric"], task["documents"]) == ("accuracy", "checked")
    assert "prices     0.800000 0.1 ether" in terminal("tasks", *network)
    status = terminal("status", task["task"], *network)
    assert "developers: commit_model" in status
    assert "golden-grain sell" in status
    assert (playground.folder / "train.csv").is_file()
    assert "playground runs in" in terminal("playground", code=1)
    now = playground.json("status", task["task"])["now"]
    terminal("playground", "--skip", "10 minutes")
    assert playground.json("status", task["task"])["now"] - now >= 600


# ── docs/tour.ipynb, by somebody who has started the playground ──


def text_of(cell: NotebookNode) -> str:
    """Return the text that a cell shows, and its plots as SVG."""
    shown = [each.get("text", "") for each in cell.outputs]
    plots = [each.data.get("image/svg+xml", "") for each in cell.outputs if "data" in each]
    return "".join(shown + plots).replace("\r\n", "\n")


def test_tour__from_top_to_bottom__developer_is_paid_what_its_plot_shows(playground, tmp_path):
    tour = nbformat.read(TOUR, as_version=4)
    nbformat.validate(tour)
    code = [cell for cell in tour.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code)  # they are others in each run
    (task,) = playground.json("tasks")["tasks"]
    client = NotebookClient(tour, timeout=SECONDS, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=playground.terminal.variables)
    cells = {cell.id: text_of(cell) for cell in code}
    assert re.search(r"^score +0\.9\d+ accuracy on your rows\nok$", cells["check"], re.M)

    chain = networks.find("playground", folder=playground.terminal.books).url
    web3 = Web3(HTTPProvider(chain))
    results = playground.json("scores", task["task"])["results"]
    assert {each["developer"] for each in results} == set(web3.eth.accounts[8:11])
    (mine,) = (each for each in results if each["developer"] == web3.eth.accounts[8])
    sold = f"{mine['score'] / 1e6:.3f}, {mine['price'] / 1e18} ether"
    assert f"logistic regression: {sold}" in cells["scores"]
    gained = web3.eth.get_balance(web3.eth.accounts[8]) - 10_000 * ETHER
    assert 0 < mine["price"] - gained < ETHER // 1_000  # the gas
    before, committed, revealed, paid = map(float, re.findall(r">([+-]\d\.\d{4})<", cells["paid"]))
    assert before == 0
    assert -0.011 < committed < -0.01  # the bond is away
    assert -0.001 < revealed < 0
    assert paid == round(gained / ETHER, 4)


def test_playground__ctrl_c__leaves_no_process_and_no_file_where_it_was_started(playground):
    terminal, network = playground.terminal, ["--network", "playground"]
    terminal("playground", "--skip", "2 hours")
    assert terminal("tasks", *network) == ""
    known = Processes.of(playground.folder).started
    groups = {pid for each in known for pid in group_of(each.pid)}
    assert len(groups) >= len(known) + 4  # the operators' enclaves
    playground.process.send_signal(signal.SIGINT)
    assert playground.process.wait() == 0
    for each in known:
        assert not each.is_running(), each
        assert group_of(each.pid) == [], each
    assert all(_start_of(pid) is None for pid in groups)
    assert "no deployment on network 'playground'" in terminal("tasks", *network, code=1)
    assert all(each.name.startswith(".") for each in terminal.home.iterdir())


# ── Processes, without a chain ──

SLEEPER = [sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(600)"]
STUBBORN = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, lambda *_: None); "
STUBBORN += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
STUBBORN += "print('at work', flush=True); time.sleep(600)"


def at_work(processes: Processes, *names: str) -> None:
    while not all("at work" in processes.log(name).read_text() for name in names):
        time.sleep(0.02)


def test_stop__every_process__ends_with_what_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr("offchain.cli.processes.PATIENCE", 0.2)
    processes = Processes(tmp_path)
    one = processes.start("one", SLEEPER, os.environ)
    two = processes.start("the other", [sys.executable, "-c", STUBBORN], os.environ)
    at_work(processes, "one", "the other")
    members = group_of(two.pid)
    assert len(members) == 2
    assert processes.ended() == []
    processes.stop()
    assert group_of(one.pid) == group_of(two.pid) == []
    assert not any(_start_of(pid) for pid in members)
    assert Processes.of(tmp_path).started == []


def test_of__after_the_command_was_killed__finds_and_stops_them(tmp_path):
    one = Processes(tmp_path).start("one", SLEEPER, os.environ)
    (found,) = Processes.of(tmp_path).started
    assert found == one
    Processes.of(tmp_path).stop()
    assert not one.is_running()


def test_of__id_given_to_another_process__leaves_that_alone(tmp_path):
    processes = Processes(tmp_path)
    one = processes.start("one", SLEEPER, os.environ)
    try:
        file = tmp_path / "processes.json"
        file.write_text(file.read_text().replace(str(one.start), str(one.start + 1)))
        assert Processes.of(tmp_path).started == []
        Processes.of(tmp_path).stop()
        assert one.is_running()
    finally:
        processes.stop()


def test_ended__process_that_failed__is_named(tmp_path):
    processes = Processes(tmp_path)
    one = processes.start("one", [sys.executable, "-c", "raise SystemExit(3)"], os.environ)
    while one.is_running():
        time.sleep(0.02)
    assert processes.ended() == [one]


def test_playground__port_taken__says_so_and_starts_nothing(tmp_path, terminal):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = terminal("playground", "--folder", str(tmp_path / "new"), "--port", port, code=1)
    assert said == f"port {port}: Address already in use; name another, or no --port\n"
    assert not (tmp_path / "new").exists()


def test_playground__stop_without_one__says_so(tmp_path, terminal):
    folder = str(tmp_path / "nothing")
    assert terminal("playground", "--folder", folder, "--stop") == "stopped: nothing ran\n"
    assert "no deployment on network 'playground'" in terminal(
        "playground", "--skip", "1 hour", code=1
    )
