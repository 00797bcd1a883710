"""The stage of all acts: contracts, a console, and the turns in which the parties act."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from brownie import accounts
from brownie import web3 as brownie_web3
from rich.console import Console
from rich.markup import escape
from web3 import HTTPProvider, Web3

from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.transactions import NodeSender
from offchain.chain.verifier import Verifier
from offchain.cli.units import ETHER
from scripts.deploy import Deployment, deploy
from scripts.lib.acts import exhibits
from scripts.lib.acts.operators import DishonestOperator, HonestOperator
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load

NATIVE = ETHER.address
QUORUM = 2
TURNS = 400
"""Most turns that the parties get for anything."""


class Party(Protocol):
    """Somebody who acts unattended: what a command of `golden-grain` runs."""

    @property
    def name(self) -> str:
        """The name on the console."""

    def step(self) -> Iterator[str]:
        """Do what is due; yield lines about it."""


@dataclass
class Stage:
    """Contracts, operators and console of all acts.

    Args:
        folder: of all files.
        free: accounts that nobody uses yet.
    """

    console: Console
    made: Deployment
    folder: Path
    data: exhibits.Data
    node: Node
    free: list[Any]
    dishonest: list[DishonestOperator] = field(default_factory=list)
    honest: list[HonestOperator] = field(default_factory=list)
    _said: set[tuple[str, str]] = field(default_factory=set)

    @property
    def market(self) -> Market:
        """The market, as every party sees it on its own node."""
        return Market(self.node, self.made.market.address)

    @property
    def registry(self) -> Registry:
        """The market's registry."""
        return Registry(self.node, self.made.registry.address)

    @property
    def verifier(self) -> Verifier:
        """The verifier of the deployment."""
        return Verifier(self.node, self.made.verifier.address)

    def sender(self, account: Any) -> NodeSender:
        """Return an account of the local chain as the commands take it."""
        return NodeSender(self.node.web3, account.address)

    def begin(self, title: str) -> None:
        """Begin an act."""
        self._said.clear()
        self.console.rule(title)

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False)

    def tell(self, name: str, line: str) -> None:
        """Print what somebody says, with short paths."""
        short = line.replace(f"{self.folder}/", "")
        self.say(f"  [cyan]{name}[/cyan]  {escape(short)}")

    def turn(self, *parties: Party) -> None:
        """Let each party take a step; print every line that it has not said in this act."""
        for party in parties:
            for line in party.step():
                if (party.name, line) not in self._said:
                    self._said.add((party.name, line))
                    self.tell(party.name, line)

    def play(self, parties: Sequence[Party], until: Callable[[], bool]) -> None:
        """Let parties act in turn until something has happened.

        Raises:
            RuntimeError: it does not happen.
        """
        for _ in range(TURNS):
            self.turn(*parties)
            if until():
                return
            time.sleep(0.05)  # the enclaves measure meanwhile
        raise RuntimeError(f"nothing comes of it after {TURNS} turns")


def ether(wei: int) -> str:
    """Return wei as text for people."""
    return f"{wei / 10**18:.4f} ether"


def set_up(console: Console, folder: Path) -> Stage:
    """Deploy the contracts, with Intel's (SIMULATED) documents, and take the data."""
    console.rule("The stage: contracts on a local chain")
    made = deploy(accounts[0], load("development", live=False), console)
    bring_documents(made.verifier.address, accounts[0].address, console)
    node = Node(Web3(HTTPProvider(brownie_web3.provider.endpoint_uri)), 0)
    return Stage(console, made, folder, exhibits.digits(), node, free=list(accounts[10:30]))
