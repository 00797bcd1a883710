"""``golden-grain playground``: a market on this machine alone, to try everything on.

It starts anvil, deploys the contracts, starts SIMULATED operators and a provider with a task on
real data, each by the command that people use, and leaves all of them running until Ctrl-C.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import polars
from web3 import HTTPProvider, Web3

from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.refusals import Refused
from offchain.chain.registry import Registry
from offchain.cli import networks
from offchain.cli.processes import PROCESSES, Processes
from offchain.cli.units import format_duration, parse_duration, whole

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("~/.golden-grain/playground")
NETWORK = "playground"
PROVIDER, FREE = 7, range(8, 20)
"""Accounts of the node: the provider's, and those that nobody uses. The deployer has 0, and the
operators have those from 1 on."""
LEAST_OPERATORS = 4
"""One that signs, and a panel of three."""
PATIENCE = 600.0
"""Seconds for each part to come up."""
TERMS = """\
prices:
  0.80: 0.1 ether
  0.90: 0.5 ether
  0.98: 2 ether
commit: 1 hour
reveal: 6 hours
report: 6 hours
dispute: 1 day
verdict: 1 day
claim: 1 day
spares: {spares}
"""
STAKE = "2 ether"
"""Of each operator: as much as the best model of the terms costs."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help="folder of keys, files and logs, emptied at each start (%(default)s)",
    )
    parser.add_argument(
        "--port", type=whole(0, 65_535), default=0, help="port of the chain (a free one)"
    )
    parser.add_argument(
        "--operators",
        type=int,
        default=6,
        choices=range(LEAST_OPERATORS, 7),
        help="operators (%(default)s)",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--stop", action="store_true", help="stop the one that runs, and do no more")
    only.add_argument(
        "--skip",
        type=parse_duration,
        metavar="TIME",
        help="put its clock forward, such as by '6 hours', and do no more",
    )


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Start a playground and keep it until it is told to stop; yield what to type next.

    Raises:
        Refused: one runs already, or none does, or the port is taken.
        RuntimeError: a part does not come up; the message names its log.
    """
    folder = arguments.folder.expanduser().absolute()
    if arguments.skip is not None:
        yield _skip(arguments.skip)
        return
    running = Processes.of(folder)
    if arguments.stop:
        names = ", ".join(each.name for each in running.started) or "nothing ran"
        running.stop()
        yield f"stopped: {names}"
        return
    if running.started:
        raise Refused(f"a playground runs in {folder}: `golden-grain playground --stop` ends it")
    _check_folder(folder)
    port = _free_port(arguments.port)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    shutil.rmtree(folder, ignore_errors=True)
    made = _Playground(Processes(folder), port, stop)
    try:
        yield from made.start(arguments.operators)
        yield from made.keep()
    except _StoppedError:
        pass
    finally:
        made.processes.stop()
        made.book.unlink(missing_ok=True)
    yield "stopped"


class _StoppedError(Exception):
    """The user stops the playground while it comes up."""


class _Playground:
    """The parts of a playground."""

    def __init__(self, processes: Processes, port: int, stop: Event) -> None:
        self.processes, self.port, self.stop = processes, port, stop
        self.url = f"http://127.0.0.1:{port}"
        self.book = networks.address_books() / f"{NETWORK}.json"

    def start(self, operators: int) -> Iterator[str]:
        """Start all parts, each once it has what it needs; yield a line for each."""
        self._chain()
        yield f"chain        {self.url}, chain id 31337"
        self._deploy()
        yield f"contracts    {self.book}"
        for number in range(1, operators + 1):
            self._operator(number)
        node = Node(Web3(HTTPProvider(self.url)), 0)
        market = Market(node, networks.find(NETWORK).addresses["market"])
        registry = Registry(node, market.registry)
        self._wait("operators", lambda: len(registry.endpoints()) == operators)
        yield f"operators    {operators}, SIMULATED, with accounts 1 to {operators} of the node"
        yield f"data         {self._provider(operators)}"
        self._wait("provider", lambda: bool(market.tasks()))
        (task_id,) = market.tasks()
        yield f"task         0x{task_id.hex()}"
        yield from self._hints(task_id)

    def keep(self) -> Iterator[str]:
        """Wait until the user stops it, or the chain ends; yield a line for each part that ends."""
        known = set[str]()
        while not self.stop.wait(1):
            for each in self.processes.ended():
                if each.name not in known:
                    known.add(each.name)
                    yield f"{each.name} has ended: {self.processes.log(each.name)}"
            if "chain" in known:
                return

    def _chain(self) -> None:
        path = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        anvil = shutil.which("anvil", path=path)
        if anvil is None:
            raise Refused("anvil, the local chain, is not installed: run `make setup`")
        options = ["--port", str(self.port), "--hardfork", "osaka", "--accounts", "20"]
        # Blocks come by themselves, so that the chain's clock goes on when nothing is sent.
        options += ["--block-base-fee-per-gas", "0", "--block-time", "5", "--mixed-mining"]
        self._start("chain", [anvil, "--quiet", *options])
        self._wait("chain", Web3(HTTPProvider(self.url)).is_connected)

    def _deploy(self) -> None:
        """Deploy by the script of deployers, to this chain."""
        brownie = Path(sys.executable).with_name("brownie")
        command = [str(brownie), "run", "deploy", NETWORK, str(self.book)]
        variables = {**os.environ, "GOLDEN_GRAIN_CHAIN_PORT": str(self.port)}
        log = self.processes.log("deployment")
        with log.open("ab") as sink:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        try:
            while process.poll() is None:
                if self.stop.wait(0.1):
                    raise _StoppedError
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise RuntimeError(f"the contracts were not deployed: {log} says why")

    def _operator(self, number: int) -> None:
        options = ["--account", str(number), "--serve", f"machine {number}", "--poll", "2"]
        options += ["--stake", STAKE]
        self._command(f"operator {number}", "operate", *options)

    def _provider(self, operators: int) -> Path:
        """Post a task on half of a data set; write the other half for developers."""
        folder = self.processes.folder
        from sklearn.datasets import load_breast_cancer  # slow to import

        data = load_breast_cancer()
        columns = dict(zip(map(str, data.feature_names), data.data.T, strict=True))
        table = polars.DataFrame({**columns, "target": data.target})
        table = table.sample(fraction=1.0, shuffle=True, seed=1)
        half = len(table) // 2
        hidden, train = folder / "provider-data.csv", folder / "train.csv"
        table[:half].write_csv(hidden)
        table[half:].write_csv(train)
        terms = folder / "terms.yaml"
        terms.write_text(TERMS.format(spares=operators - LEAST_OPERATORS))
        about = "is a tumour benign? 30 measures of its cells (Wisconsin breast cancer data)"
        options = [str(terms), "--data", str(hidden), "--target", "target", "--metric", "accuracy"]
        options += ["--description", about, "--sample-size", "200", "--accept-warnings"]
        options += ["--account", str(PROVIDER), "--poll", "2"]
        options += ["--publish", str(folder / "published"), "--out", str(folder / "bought")]
        self._command("provider", "buy", *options)
        return train

    def _command(self, name: str, *words: str) -> None:
        """Start a command of golden-grain that never asks, with a home of its own."""
        home = self.processes.folder / name.replace(" ", "-")
        options = ["--network", NETWORK, "--home", str(home), "--yes"]
        self._start(name, [sys.executable, "-m", "offchain", *words, *options])

    def _start(self, name: str, command: list[str]) -> None:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.processes.start(name, command, variables)

    def _wait(self, what: str, is_there: Callable[[], Any]) -> None:
        """Wait for a part.

        Raises:
            RuntimeError: a process has ended, or it takes too long.
        """
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            if self.stop.wait(0.2):
                raise _StoppedError
            ended = self.processes.ended()
            if ended:
                log = self.processes.log(ended[0].name)
                raise RuntimeError(f"{ended[0].name} did not come up: {log} says why")
            if time.monotonic() > deadline:
                raise RuntimeError(f"no {what} after {PATIENCE:.0f} s: see {self.processes.folder}")

    def _hints(self, task_id: bytes) -> Iterator[str]:
        task = f"0x{task_id.hex()}"
        yield ""
        yield "Everything runs. In another terminal:"
        yield f"  export GOLDEN_GRAIN_NETWORK={NETWORK} GOLDEN_GRAIN_ACCOUNT={FREE[0]}"
        yield "  golden-grain tasks"
        yield f"  golden-grain status {task}"
        yield "  golden-grain page --serve                     # all of it, in a browser"
        yield f"  golden-grain sell model.onnx --task {task} --min-price '0.1 ether'"
        yield "  golden-grain playground --skip '6 hours'    # its clock, not yours"
        yield f"Accounts {FREE[0]} to {FREE[-1]} are yours, with 10,000 ether each. Logs are in"
        yield f"{self.processes.folder}. Ctrl-C stops all of it."


def _skip(seconds: int) -> str:
    """Put the clock of the playground's chain forward; return a line."""
    web3 = Web3(HTTPProvider(networks.find(NETWORK).url))
    for method, values in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
        answer = web3.provider.make_request(method, values)  # type: ignore[arg-type]
        if "error" in answer:
            raise RuntimeError(f"the chain refuses {method}: {answer['error']}")
    return (
        f"{format_duration(seconds)} later: {time.ctime(web3.eth.get_block('latest')['timestamp'])}"
    )


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything else than a playground: it is emptied.

    Raises:
        Refused: it does, or it is no folder.
    """
    own = (FOLDER.expanduser().absolute(), *(each.parent for each in folder.glob(PROCESSES)))
    if folder.exists() and folder not in own and (folder.is_file() or any(folder.iterdir())):
        raise Refused(f"{folder} holds something else than a playground, expected an empty folder")


def _free_port(port: int) -> int:
    """Return a port, once it is free; any for 0.

    Raises:
        Refused: another process has it.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(f"port {port}: {error.strerror}; name another, or no --port") from error
        return int(listener.getsockname()[1])
