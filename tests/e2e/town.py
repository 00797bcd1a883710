"""A market of strangers: every party is processes of the project's commands, on a chain of its own.

The parties know the address book, and the id of a task; nothing else is handed over. `Town` starts
and ends them, and moves the chain's time once what a deadline waits for has happened.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.progress import TaskProgress
from tests.anvil import at, now, rpc
from tests.e2e.forked import Command, completed

NETWORK = "town"
PATIENCE = 1_200.0
"""Seconds after which a hung test ends. No outcome depends on it."""


@dataclass
class Party:
    """A party: the line of its command, and the process that runs it now."""

    name: str
    line: list[str]
    log: Path
    process: Any = None

    def start(self) -> None:
        """Run the line; what it says is added to its log."""
        with self.log.open("ab") as log:
            self.process = Command(
                self.line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def restart(self) -> None:
        """Kill the process, whatever it is doing, and run the same line again."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        self.start()

    @property
    def said(self) -> str:
        """All that was said on standard error, by every process of the line."""
        return self.log.read_text()

    def end(self) -> tuple[int, str]:
        """The exit code and what was printed, once the process has ended."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out

    def stop(self) -> None:
        """End the process, and those that it started."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()


@dataclass
class Town:
    """All parties of a deployment."""

    made: Any
    url: str
    folder: Path
    market: Market = field(init=False)
    parties: dict[str, Party] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("market", "registry", "verifier", "policy")
        book: dict[str, Any] = {name: getattr(self.made, name).address for name in names}
        book |= {"chain_id": 31337, "block": 0, "rpc": self.url}
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{NETWORK}.json").write_text(json.dumps(book))
        self.market = Market(Node(Web3(HTTPProvider(self.url)), 0), self.made.market.address)

    def command(self, *line: str) -> dict[str, Any]:
        """Run a command to its end; return its result."""
        options = ["--network", NETWORK, "--yes", "--json", "--home", str(self.folder / "anybody")]
        code, out, said = completed([*line, *options], PATIENCE)
        assert code == 0, said
        result: dict[str, Any] = json.loads(out)
        return result

    def start(self, name: str, account: list[str], *line: str) -> Party:
        """A party with the options of an account, in a home of its own."""
        home = self.folder / name
        home.mkdir()
        options = ["--network", NETWORK, "--yes", "--poll", "1", "--home", str(home)]
        party = Party(name, [*line, *options, *account], home / "log")
        party.start()
        self.parties[name] = party
        return party

    def wait(self, what: str, done: Callable[[], bool], alive: Sequence[Party] = ()) -> None:
        """Wait until something has happened; fail at once when a party has died before."""
        start = time.monotonic()
        while not done():
            for party in alive:
                code = party.process.poll()
                assert code is None, f"{party.name} ended with {code}:\n{party.said}"
            if time.monotonic() > start + PATIENCE:
                logs = "\n".join(f"── {each.name}\n{each.said}" for each in self.parties.values())
                raise AssertionError(f"{what} did not happen\n{logs}")
            time.sleep(0.2)

    def task_of(self, buyer: Party) -> bytes:
        """The id of the task that a buyer has created."""

        def created() -> list[bytes]:
            return [each for each in self.market.tasks() if each.hex() in buyer.said]

        self.wait(f"the task of {buyer.name}", lambda: bool(created()), [buyer])
        return created()[-1]

    def progress(self, task_id: bytes) -> TaskProgress:
        """Where a task stands now."""
        return self.market.progress(task_id)

    def address_of(self, name: str) -> str:
        """The account of a keystore that `keystore_options` made."""
        address = json.loads((self.folder / f"{name}.json").read_text())["address"]
        return str(self.market.node.web3.to_checksum_address(address))

    def stop(self) -> None:
        """End every process."""
        for party in reversed(self.parties.values()):
            party.stop()


def warp(to: int) -> None:
    """Let the chain's time pass until then, and mine a block."""
    if to > now():
        at(to)
    rpc("evm_mine")
