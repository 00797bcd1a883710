"""docs/DEVELOPER.md, line by line: its commands as processes, and the chain around them."""

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars
import pytest
from brownie import accounts
from eth_account import Account
from sklearn.datasets import load_breast_cancer

from offchain.chain.history import CLOSED, DISPUTED, FINAL
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.model_spec import ModelSpec, Output
from offchain.protocol.pricing import Award
from offchain.protocol.results import Result
from tests.anvil import fund, now
from tests.e2e.developers import (
    address_book,
    history_of,
    open_task,
    panel_signatures,
    post,
    wait_until,
)
from tests.e2e.forked import Command, completed
from tests.e2e.hosts import DAY, ETHER, KEY
from tests.e2e.kill_proxy import AFTER, BEFORE, KillProxy, at_words
from tests.offchain.market import make_manifest

PAGE = (Path(__file__).parents[2] / "docs" / "DEVELOPER.md").read_text()
PASSWORD = "no less than a word"  # noqa: S105 - of an account of the local chain
CELLS = ModelSpec((30,), Output.PROBABILITIES, 2)
SECONDS = 300


def commands() -> list[str]:
    """Every command line of the page, each as one line."""
    text = PAGE.replace("\\\n", " ")
    return [" ".join(line.split()) for line in re.findall(r"^    (golden-grain .*)$", text, re.M)]


def lines_of(name: str) -> Iterator[str]:
    return (line for line in commands() if line.split()[1] == name)


class Reader:
    """Somebody who reads the page and types its lines."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.typed = folder, set()

    def arguments(self, line: str, task_id: bytes, *more: str) -> list[str]:
        """A line with what stands for the reader's own put in."""
        self.typed.add(line)
        own = {
            "TASK": "0x" + task_id.hex(),
            "/srv/www/models": str(self.folder / "www"),
            "https://developer.example/models": str(self.folder / "www"),
        }
        own |= {each.name: str(each) for each in self.folder.iterdir() if each.is_file()}
        words = [own.get(word, word) for word in shlex.split(line)[1:]]
        files = {word: sorted(map(str, self.folder.glob(word))) for word in words if "*" in word}
        return [each for word in words for each in files.get(word, [word])] + list(more)

    def run(self, line: str, task_id: bytes, *more: str, ends: int = 0) -> str:
        arguments = self.arguments(line, task_id, *more)
        code, out, said = completed(arguments, SECONDS, cwd=self.folder)
        assert code == ends, out + said
        return out

    @contextmanager
    def start(self, line: str, task_id: bytes, *more: str) -> Iterator[subprocess.Popen]:
        with Command(
            self.arguments(line, task_id, *more),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def eventually(done: Callable[[], bool], *processes: subprocess.Popen) -> None:
    """Wait for what a process does on the chain, as long as it lives."""
    end = time.monotonic() + SECONDS
    while not done():
        for process in processes:
            assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def reader(hosts, tmp_path, monkeypatch):
    books = address_book(hosts, tmp_path / "books", name="playground")
    address_book(hosts, books, name="mainnet")
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(books))
    monkeypatch.setenv("HOME", str(tmp_path))
    (exported,) = re.findall(r"^    export (.*)$", PAGE, re.M)
    for assignment in shlex.split(exported):
        monkeypatch.setenv(*assignment.split("=", 1))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    playground = tmp_path / ".golden-grain" / "playground"
    playground.mkdir(parents=True)
    data = load_breast_cancer()
    columns = dict(zip(map(str, data.feature_names), data.data.T, strict=True))
    table = polars.DataFrame({**columns, "target": data.target})
    table[: len(table) // 2].write_csv(playground / "train.csv")
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, check=True)
    made = Account.create()
    keystore = Account.encrypt(made.key, PASSWORD, kdf="pbkdf2", iterations=2)
    (tmp_path / "developer.json").write_text(json.dumps(keystore))
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    fund(made.address, ETHER)
    return Reader(tmp_path)


def test_page__every_line__does_what_the_page_says(hosts, reader):
    manifest, start = make_manifest(KEY, model=CELLS), now()
    times = {
        "commit_deadline": start + 3 * DAY,
        "reveal_deadline": start + 4 * DAY,
        "report_deadline": start + 6 * DAY,
    }
    unattended, live, by_hand = (open_task(hosts, manifest=manifest, **times) for _ in range(3))
    result, award = [Result(0, 750_000)], Award(0, 750_000)

    (line,) = lines_of("tasks")
    assert "0x" + unattended.task_id.hex() in reader.run(line, b"")
    (line,) = lines_of("check")
    checked = reader.run(line, unattended.task_id)
    assert re.search(r"^score +0\.9\d+ accuracy on your rows\nok$", checked, re.M)

    sell, sell_live = lines_of("sell")
    rpc = hosts.web3.provider.endpoint_uri
    for when in (BEFORE, AFTER):  # killed at its commit, and again
        proxy = KillProxy(at_words([b"eth_sendRawTransaction"], when))
        options = reader.arguments(sell_live, live.task_id, "--rpc", proxy.forward(rpc))
        with proxy.process(*options) as killed:
            said = killed.communicate(timeout=SECONDS)[0]
            assert killed.returncode == -9, said
    with (
        reader.start(sell, unattended.task_id, "--yes") as first,
        reader.start(sell_live, live.task_id) as second,
    ):
        sales, processes = (unattended, live), (first, second)
        for line in list(lines_of("commit")):
            reader.run(line, by_hand.task_id, "--yes")
        eventually(lambda: all(history_of(each).commits for each in sales), *processes)
        for line in lines_of("playground"):
            assert " later: " in reader.run(line, b"")
        wait_until(by_hand.task.commit_deadline)
        (line,) = lines_of("reveal")
        reader.run(line, by_hand.task_id, "--yes")
        eventually(lambda: all(history_of(each).reveals for each in sales), *processes)
        wait_until(by_hand.task.reveal_deadline)
        (line,) = lines_of("close")
        reader.run(line, by_hand.task_id, "--yes")
        eventually(lambda: all(each.stage() == CLOSED for each in sales), *processes)
        for each in sales:
            post(each, result, award, into=Path(hosts.endpoint(0)))
        post(by_hand, [Result(0, None, SubmissionFault.KEYRING)], into=Path(hosts.endpoint(0)))
        (line,) = lines_of("status")
        assert "claims open" in reader.run(line, unattended.task_id)
        (line,) = lines_of("scores")
        assert "0.75" in reader.run(line, unattended.task_id)

        (line,) = lines_of("dispute")
        reader.run(line, by_hand.task_id, "--yes")
        assert by_hand.stage() == DISPUTED
        panel_signatures(by_hand, result, award, folder=reader.folder / "signatures")
        (line,) = lines_of("verdict")
        assert "false" in reader.run(line, by_hand.task_id, "--yes")
        assert by_hand.stage() == FINAL
        (line,) = lines_of("claim")
        assert "0.55 ether" in reader.run(line, by_hand.task_id, "--yes")
        (line,) = lines_of("withdraw")
        assert "of the registry" in reader.run(line, b"", "--yes")

        wait_until(max(hosts.steps.progress(each.abi_task).time_a for each in sales))
        for process in processes:
            said = process.communicate(timeout=SECONDS)[0]
            assert process.returncode == 0, said
            assert "sold    true" in said
            assert "price   0.55 ether" in said
    for sale in (unattended, live, by_hand):
        history = history_of(sale)
        assert (len(history.commits), len(history.claims)) == (1, 1)
    assert history_of(unattended).commits == (accounts[8].address,)
    assert reader.typed == set(commands())
