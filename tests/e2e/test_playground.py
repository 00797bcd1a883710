"""A playground comes up, serves a second terminal, and leaves no process behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from offchain.cli.processes import Processes, _start_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def terminal(tmp_path):
    """Runs golden-grain as in another terminal, which shares nothing but the address book."""
    variables = {**os.environ, "GOLDEN_GRAIN_DEPLOYMENTS": str(tmp_path / "books")}
    (tmp_path / "books").mkdir()

    def run(*words, code=0):
        command = [sys.executable, "-m", "offchain", *words]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    run.variables = variables
    return run


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


def started(folder: Path, terminal, *options: str):
    """Starts a playground; returns it once it has said what to type."""
    process = subprocess.Popen(
        [sys.executable, "-m", "offchain", "playground", "--folder", str(folder), *options],
        cwd=ROOT,
        env=terminal.variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = ""
    while "Ctrl-C stops all of it" not in said:
        line = process.stdout.readline()
        assert line, said + "".join(
            f"{log}: {log.read_text()[-1500:]}" for log in folder.glob("*.log")
        )
        said += line
    return process, said


def test_playground__until_ctrl_c__lists_its_task_elsewhere_and_leaves_no_process(
    tmp_path, terminal
):
    folder = tmp_path / "a folder for päng"
    process, said = started(folder, terminal, "--operators", "4")
    try:
        known = Processes.of(folder).started
        assert {each.name for each in known} == {
            *("chain", "provider", "operator 1", "operator 2", "operator 3", "operator 4")
        }
        network = ["--network", "playground", "--home", str(tmp_path / "home")]
        (task,) = json.loads(terminal("tasks", *network, "--json"))["tasks"]
        assert task["task"] in said
        assert (task["metric"], task["documents"]) == ("accuracy", "checked")
        assert "prices     0.800000 0.1 ether" in terminal("tasks", *network)
        status = terminal("status", task["task"], *network)
        assert "developers: commit_model" in status
        assert "golden-grain sell" in status
        assert (folder / "train.csv").is_file()
        assert (folder / "published").is_dir()
        assert "playground runs in" in terminal("playground", "--folder", str(folder), code=1)
        now = json.loads(terminal("status", task["task"], *network, "--json"))["now"]
        terminal("playground", "--skip", "2 hours")
        later = json.loads(terminal("status", task["task"], *network, "--json"))["now"]
        assert later - now >= 7_200
        assert terminal("tasks", *network) == ""
        groups = {pid for each in known for pid in group_of(each.pid)}
        assert len(groups) >= len(known) + 4  # the operators' enclaves
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        for each in known:
            assert not each.is_running(), each
            assert group_of(each.pid) == [], each
        assert all(_start_of(pid) is None for pid in groups)
        assert "no deployment on network 'playground'" in terminal("tasks", *network, code=1)
    finally:
        Processes.of(folder).stop()
        process.kill()
        process.wait()


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
