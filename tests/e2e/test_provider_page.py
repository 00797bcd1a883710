"""Every line of docs/PROVIDER.md, in its order, with this test's paths, accounts and network."""

import json
import re
import shlex
from pathlib import Path
from threading import Event

import pytest
import yaml
from brownie import accounts

from offchain.cli import buy, purchases
from offchain.cli.main import main
from tests.anvil import at, fund, now
from tests.e2e.commands import keystore_options
from tests.e2e.hosts import ETHER, mine
from tests.e2e.providers import NETWORK, Provider
from tests.offchain.market import TARGETS, run
from tests.sale import VOIDED

PAGE = Path(__file__).parents[2] / "docs" / "PROVIDER.md"
TEXT = PAGE.read_text().replace("\\\n", " ")
LINES = [shlex.split(line)[1:] for line in re.findall(r"^    (golden-grain .*)$", TEXT, re.M)]


@pytest.fixture
def page(hosts, tmp_path, monkeypatch):
    """The files that the page names, in the folder where its lines are typed."""
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(tmp_path))
    monkeypatch.setenv("GOLDEN_GRAIN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(purchases, "run_model", lambda *a, run_limits, **k: run(*a, **k))
    monkeypatch.chdir(tmp_path)
    made = Provider(hosts, tmp_path)
    rows = "\n".join(f"{n % 40},{TARGETS[n % 40]}" for n in range(400))
    (tmp_path / "data.csv").write_text(f"row,bought\n{rows}\n")
    prices = re.search(r"^    prices:\n(?:      .*\n)+", TEXT, re.M).group()
    assert list(yaml.safe_load(prices)["prices"]) == [0.70, 0.95]
    (tmp_path / "terms.yaml").write_text(prices.replace("\n    ", "\n").removeprefix("    "))
    fund(accounts[8].address, 1_000 * ETHER)
    return made


def typed(page, line, **changes: str) -> list[str]:
    """A line with this test's network."""
    mine = {"playground": NETWORK, "mainnet": NETWORK, **changes}
    return [mine.get(each, each) for each in line]


def newest(page) -> bytes:
    return page.hosts.market(0).tasks()[-1]


def test_page__lines__are_those_that_are_run():
    assert [line[0] for line in LINES] == [
        *("buy", "buy", "manifest", "create", "buy", "release", "settle", "open", "void", "share")
    ]


def ended(page, line, capsys):
    """Type a line of `buy` in a task whose reveal deadline is over: nobody came."""
    assert main([*line, "--yes", "--poll", "0.05"]) == 0, capsys.readouterr().err
    report = json.loads((page.folder / "bought" / "report.json").read_text())
    assert report["ending"] == "TaskVoided"
    assert page.hosts.market(0).stage(newest(page)) == VOIDED


@pytest.fixture
def quick_days(monkeypatch):
    """Let a day pass whenever `buy` waits."""

    class Days(Event):
        def wait(self, timeout=None):
            at(now() + 86_400)
            mine(1)
            return self.is_set()

    monkeypatch.setattr(buy, "Event", Days)


def test_page__buy__on_a_local_chain(page, quick_days, capsys):
    ended(page, typed(page, LINES[0]), capsys)


def test_page__buy__with_a_key_file_and_a_public_folder(page, quick_days, capsys):
    keystore_options(page.folder, "provider")
    (page.folder / "provider.password").rename(page.folder / "password")
    holder = json.loads((page.folder / "provider.json").read_text())["address"]
    fund("0x" + holder, 100 * ETHER)
    folder = page.folder / "www"
    places = {"/srv/www/models": str(folder), "https://provider.example/models": str(folder)}
    ended(page, typed(page, LINES[1], **places), capsys)


def test_page__step_by_step__from_the_manifest_to_a_voided_task(page, quick_days, capsys):
    _, _, manifest, create, resume, release, settle, opening, void, share = LINES
    assert main(typed(page, manifest)) == 0
    assert main([*typed(page, create), "--yes"]) == 0
    task_id = newest(page)
    task = page.hosts.market(0).history(task_id).task
    names = {"TASK": f"0x{task_id.hex()}"}

    def said(line, *more, code):
        assert main([*typed(page, line, **names), *more]) == code
        return capsys.readouterr().err

    capsys.readouterr()
    assert "reveals of task" in said(release, "--once", code=1)
    assert "no report is posted" in said(settle, "--yes", code=1)
    assert "nothing was bought" in said(opening, code=0)
    assert "the contract refuses: too early" in said(void, "--yes", code=1)
    assert "nobody revealed a submission" in said(share, "--yes", code=1)
    at(task.reveal_deadline)
    mine(1)
    said(void, "--yes", code=0)
    ended(page, typed(page, resume, **names), capsys)
