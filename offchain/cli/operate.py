"""``golden-grain operate``: an operator's whole part, unattended, until SIGTERM or SIGINT.

It registers the enclave and keeps it registered, announces the folder where it publishes, closes
reveals, measures, co-signs, posts reports, sits on panels and takes what it earned.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Self

from offchain.cli import common, session
from offchain.cli import operator_options as options
from offchain.cli.failures import in_words
from offchain.cli.units import ETHER, parse_duration, positive
from offchain.operator.checks import (
    check_account,
    check_folder,
    check_node,
    check_service,
    check_standing,
)
from offchain.operator.client import EnclaveClient
from offchain.operator.fees import Earnings, Offer
from offchain.operator.operator import Operator
from offchain.operator.upkeep import MARGIN, Upkeep
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.messages import ServiceError
from offchain.simulation.intel import SIMULATED_ROOT_KEY
from offchain.storage.locks import locked
from offchain.storage.publications import ResultsFolder
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources

UPKEEP_SECONDS = 600.0
"""Seconds between two looks at registration, folder, balance and earnings."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_enclave(parser)
    parser.add_argument(
        "--serve",
        metavar="MACHINE",
        help="start a SIMULATED enclave on a machine of this name too: for development",
    )
    parser.add_argument(
        "--publish", help="folder or bucket for what others read (published, in --home)"
    )
    parser.add_argument("--uri", help="public address of that folder")
    parser.add_argument("--store", help="folder that keeps fetched files (artifacts, in --home)")
    parser.add_argument(
        "--mirror", action="append", default=[], help="another store of artifacts to try first"
    )
    parser.add_argument(
        "--dispute",
        action="store_true",
        help="dispute reports that your enclave contradicts: this takes a bond",
    )
    parser.add_argument(
        "--margin",
        type=parse_duration,
        default=MARGIN,
        help="how long before its end to renew the registration (7 days)",
    )
    _add_amount(parser, "take", "0.05 ether", "credit from which it is taken")
    parser.add_argument(
        "--provider",
        type=common.address,
        action="append",
        default=[],
        help="measure for this provider alone; may be repeated (for everybody)",
    )
    _add_amount(parser, "least-fee", None, "least benchmark fee of a task (any, in any token)")
    parser.add_argument(
        "--poll", type=positive, default=12.0, help="seconds between two steps (%(default)s)"
    )
    common.add_fetching(parser)
    session.add(parser)


def _add_amount(
    parser: argparse.ArgumentParser, name: str, default: str | None, purpose: str
) -> None:
    """Declare an amount of ether, and beside it amounts of tokens; see `_amounts`."""
    text = purpose if default is None else f"{purpose} ({default})"
    parser.add_argument(f"--{name}", type=ETHER.parse, default=default, help=text)
    parser.add_argument(
        f"--{name}-token",
        nargs=2,
        action="append",
        default=[],
        metavar=("TOKEN", "AMOUNT"),
        help="likewise for a token, such as 0x… '10 USDC'",
    )


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Operate until the process is told to stop.

    Raises:
        Refused: no network, account or public address is named, or the user declined.
        BlockingIOError: another process operates with this account.
    """
    here = session.Session.of(arguments)
    account = here.sender.address
    home = arguments.home.expanduser() / here.network.name / "operator" / account
    stop = Event()
    with ExitStack() as stack:
        stack.enter_context(locked(home / "lock", f"operates as {account}"))
        work = _Work.of(here, home)
        here.confirm(work.plan())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if arguments.serve is not None:
            work.served = stack.enter_context(_ServedEnclave(arguments.serve, home))
            work.enclave.url = work.served.start()
        work.loop(stop)
    yield here.result({"operator": account, "state": "stopped"})


class _Work:
    """The parts of an operator, and the loop that drives them."""

    def __init__(
        self,
        here: session.Session,
        operator: Operator,
        upkeep: Upkeep,
        earnings: Earnings,
        public: ResultsFolder,
    ) -> None:
        self.here, self.operator, self.upkeep = here, operator, upkeep
        self.earnings, self.public = earnings, public
        self.enclave = operator.enclave
        self.served: _ServedEnclave | None = None
        self._shown: set[str] = set()

    @classmethod
    def of(cls, here: session.Session, home: Path) -> "_Work":
        arguments, verifier = here.arguments, here.verifier
        publish = arguments.publish or str(home / "published")
        uri = options.public_uri(here, publish)
        enclave = EnclaveClient(arguments.enclave)
        sources = SubmissionSources(
            keep=Store(arguments.store or str(home / "artifacts")),
            mirrors=tuple(map(Store, arguments.mirror)),
            patience=RetryPolicy(arguments.fetch_seconds, attempts=2, total=arguments.fetch_total),
            local=here.local_uris,
            threads=arguments.threads,
        )
        operator = Operator(
            here.market,
            sources,
            enclave,
            here.sender,
            ResultsFolder(publish),
            Offer(frozenset(arguments.provider), _amounts(here, "least_fee")).accepts,
            arguments.dispute,
        )
        upkeep = Upkeep(
            enclave,
            here.registry,
            verifier,
            here.sender,
            uri,
            arguments.stake,
            options.collateral_of(arguments, verifier),
            arguments.margin,
        )
        least = _amounts(here, "take")
        earnings = Earnings(here.market, here.registry, here.sender, least)
        public = ResultsFolder.of_stranger(uri, local=here.local_uris)
        return cls(here, operator, upkeep, earnings, public)

    def plan(self) -> list[str]:
        """Return what people agree to."""
        here, arguments = self.here, self.here.arguments
        stake = ETHER.format(arguments.stake) if arguments.stake else "what the registry demands"
        bond = " and dispute with a bond what this enclave contradicts" if arguments.dispute else ""
        enclave = self.enclave.url
        if arguments.serve is not None:
            enclave = f"of its own on SIMULATED machine {arguments.serve!r}"
        return [
            f"operate on {here.network.name} as {here.sender.address}, enclave {enclave}",
            f"  stake: {stake}",
            f"  publish in {self.operator.results.url}, which others read at {self.upkeep.uri}",
            f"  register and renew, close reveals, measure, sign, post, sit on panels{bond}",
        ]

    def loop(self, stop: Event) -> None:
        """Work until told to stop."""
        self._wait_for_enclave(stop)
        due, previous, known = 0.0, set[str](), None
        while not stop.is_set():
            lines = []
            if self.served is not None and self.served.has_ended():
                self._say(f"the enclave has ended: {self.served.log} says why. Starts another one")
                self.enclave.url = self.served.start()
            identity = self._identity()
            if time.monotonic() >= due or identity != known:
                due, known = time.monotonic() + UPKEEP_SECONDS, identity
                self._keep_up()
            for line in self.operator.step():
                lines.append(line)
                if line not in previous:
                    self._say(line)
            previous = set(lines)
            stop.wait(self._pause())

    def _pause(self) -> float:
        """Return the seconds to the next step: fewer when a reveal deadline is near."""
        poll: float = self.here.arguments.poll
        deadlines = self.operator.deadlines.values()
        try:
            now = self.here.now()
        except Exception:  # the node is down: the next step says so
            return poll
        ahead = [each - now for each in deadlines if each > now]
        return max(0.05, min([poll, *ahead]))

    def _wait_for_enclave(self, stop: Event) -> None:
        while not stop.is_set():
            if self._identity() is not None:
                self._say("at work")
                return
            self._once(f"waits for the enclave at {self.enclave.url}")
            stop.wait(min(2.0, self.here.arguments.poll))

    def _identity(self) -> str | None:
        try:
            return self.enclave.identity().signing_key
        except ServiceError:
            return None

    def _keep_up(self) -> None:
        """Register, announce and take earnings; say what does not work."""
        here, simulated = self.here, self.upkeep.verifier.root_key == SIMULATED_ROOT_KEY
        parts: tuple[Callable[[], Iterator[str]], ...] = (
            lambda: check_node(here.market, time.time()),
            lambda: check_account(here.market, here.sender),
            lambda: check_service(self.enclave, simulated=simulated),
            self._transactions,
            lambda: check_folder(self.operator.results, self.public),
            lambda: check_standing(
                here.registry, here.sender.address, self.enclave, self.upkeep.margin
            ),
        )
        shown = set[str]()
        for part in parts:
            try:
                for line in part():
                    shown.add(line)
                    self._once(line)
            except Exception as error:
                line = f"WARNING: {in_words(error)}"
                shown.add(line)
                self._once(line)
        self._shown &= shown

    def _transactions(self) -> Iterator[str]:
        """Register, announce and take earnings, unless this would replace what is pending."""
        if self.operator.can_send():
            yield from self.upkeep.step()
            yield from self.earnings.step()

    def _once(self, line: str) -> None:
        """Say a line unless the last look had the same."""
        if line not in self._shown:
            self._shown.add(line)
            self._say(line)

    def _say(self, line: str) -> None:
        self.here.say(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {common.on_one_line(line)}")


def _amounts(here: session.Session, name: str) -> dict[str, int]:
    """Return the amounts that `_add_amount` declared under a name, in units by token."""
    given = vars(here.arguments)
    named = [(common.address(token), amount) for token, amount in given[f"{name}_token"]]
    amounts = {token: here.currency(token).parse(amount) for token, amount in named}
    return amounts if given[name] is None else {ZERO_ADDRESS: given[name], **amounts}


class _ServedEnclave:
    """A SIMULATED enclave in a process that ends with this one, however this one ends."""

    def __init__(self, machine: str, home: Path) -> None:
        """Name the machine and the folder of its files; start nothing."""
        self.log = home / "enclave.log"
        files = ["--artifacts", str(home / "enclave"), "--journal", str(home / "signatures.jsonl")]
        self._line = ["serve", "--machine", machine, "--parent", str(os.getpid()), *files]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def start(self) -> str:
        """Start the process, and return the URL of the enclave, which has new keys.

        Raises:
            RuntimeError: it does not start; the message names its log.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "offchain", *self._line], stdout=subprocess.PIPE, stderr=log
            )
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise RuntimeError(f"the enclave did not start: {self.log} says why")
        return str(json.loads(line)["url"])

    def has_ended(self) -> bool:
        """Return True once the process has ended by itself."""
        return self._process is not None and self._process.poll() is not None
