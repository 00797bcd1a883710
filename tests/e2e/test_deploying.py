"""docs/DEPLOYING.md from top to bottom, each of its commands as it stands there.

The rehearsal runs in a copy of the scripts, so that it writes no settings and no address book of
this checkout.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from scripts.lib.settings import CONSENT

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "DEPLOYING.md"
PASSWORD = "two in the morning"  # noqa: S105 - of an account of the local chain
GUARDIAN = 3
"""Account of the node that accepts the ownership."""


def commands() -> list[str]:
    """The commands of the page up to those of the guardian, which tests/e2e/test_guard.py runs."""
    page = PAGE.read_text().partition("## What the guardian does")[0]
    found = re.findall(r"^ {4,}((?:\.venv/bin|node_modules/\.bin|curl)\S*.*)$", page, re.MULTILINE)
    assert len(found) == len(set(found))
    return found


@pytest.fixture
def checkout(tmp_path):
    """A copy of what a deployment needs, compiled already."""
    path = tmp_path / "checkout"
    path.mkdir()
    for name in ("contracts", "interfaces", "scripts", "build"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("brownie_hooks.py", "brownie_source_maps.py", "brownie-config.yaml"):
        shutil.copy(ROOT / name, path / name)
    for name in (".venv", "node_modules", "offchain"):
        (path / name).symlink_to(ROOT / name)
    (path / "deployments").mkdir()
    shutil.copytree(ROOT / "deployments" / "programs", path / "deployments" / "programs")
    return path


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def terminal(checkout, port, tmp_path):
    """Runs a command of the page, on another port; what it printed."""
    home = tmp_path / "home"
    home.mkdir()
    variables = {
        **os.environ,
        "HOME": str(home),
        "GOLDEN_GRAIN_DEPLOYMENTS": str(checkout / "deployments"),
        "PYTHONPATH": str(checkout),
    }
    done = []

    def start(command):
        done.append(command)
        words = shlex.split(command.replace("8545", str(port)))
        return subprocess.Popen(
            words,
            cwd=checkout,
            env=variables,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(command, said="", code=0, **names):
        line = command
        for name, value in names.items():
            assert name in line
            line = line.replace(name, value)
        process = start(line)
        done[-1] = command
        output, _ = process.communicate(said)
        assert process.returncode == code, output
        return re.sub(r"\x1b\[[0-9;]*m", "", output)

    run.start, run.done, run.home = start, done, home
    return run


def test_page__from_top_to_bottom__deploys_and_hands_over(checkout, port, terminal):
    local, console, playground, anvil, *rest = commands()
    add, account, fund, preflight, deploy, guard, tasks, accept, verify, post = rest

    # On a local chain
    assert "written:" in terminal(local)
    book = json.loads((checkout / "deployments" / "development.json").read_text())
    said = terminal(console, "made = run('deploy')\nprint('market', made.market.address)\nquit()\n")
    assert re.search(r"market 0x[0-9a-fA-F]{40}", said)
    terminal.done.append(playground)  # tests/e2e/test_playground.py runs it
    help_text = terminal(f"{playground} --help")
    terminal.done.pop()
    assert "golden-grain playground" in help_text

    # A rehearsal
    chain = terminal.start(anvil)
    try:
        node = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
        while not node.is_connected():
            assert chain.poll() is None
            time.sleep(0.05)
        assert "rehearsal" in terminal(add)
        made = terminal(account, f"{PASSWORD}\n")
        address = re.search(r"0x[0-9a-fA-F]{40}", made)[0]
        assert "error" not in terminal(fund, ADDRESS=address)
        said = terminal(preflight, ACCOUNT=address)
        assert "P256VERIFY (EIP-7951) │ yes" in said
        assert "prevrandao (EIP-4399) │ unknown" in said
        settings = json.loads((checkout / "scripts" / "config" / "development.json").read_text())
        settings |= {"owner": node.eth.accounts[GUARDIAN], "untrusted_root": CONSENT}
        file = checkout / "scripts" / "config" / "rehearsal.json"
        file.write_text(json.dumps({**settings, "chain_id": 1}))
        assert "has chain 31337, expected 1 as the settings say" in terminal(deploy, code=1)
        file.write_text(json.dumps({**settings, "chain_id": 31337}))
        answers = f"deployer\n{PASSWORD}\n"
        said = terminal(deploy, f"{answers}rehersal\n", code=1)
        assert "typed 'rehersal', expected 'rehearsal': nothing was deployed" in said
        assert "written:" in terminal(deploy, f"{answers}rehearsal\n")
        again = terminal(deploy, code=1)
        assert "names a deployment already" in again
        assert "Enter" not in again
        book = json.loads((checkout / "deployments" / "rehearsal.json").read_text())
        assert book["deployer"] == address
        assert node.eth.get_code(book["market"], book["block"]) == b""
        assert node.eth.get_code(book["policy"], book["block"]) != b""
        assert address in terminal(guard)
        assert "no open task" in terminal(tasks)
        terminal(f"{accept} --yes", OWNER=str(GUARDIAN))
        terminal.done[-1] = accept
        assert node.eth.accounts[GUARDIAN] in terminal(guard)
        assert "DIFFERS" not in terminal(verify)
        said = terminal(post, EVALUATION="absent.json", code=1)
        assert "absent.json" in said
    finally:
        os.killpg(chain.pid, signal.SIGKILL)  # npm's anvil starts the real one
        chain.wait()
    assert set(commands()) <= set(terminal.done)


def test_deploy__network_that_brownie_has_not__exits_1(terminal):
    assert "rehearsl" in terminal(".venv/bin/brownie run deploy --network rehearsl", code=1)
