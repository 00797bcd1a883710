"""The session of a command: network, account, plan and question, and its results.

Talk goes to standard error with `Session.say`; what a command yields is its result and goes to
standard output, as JSON with ``--json``.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from offchain.attestation.programs import DEVELOPMENT, PRODUCTION
from offchain.chain.accounts import ask, read_password, unlock
from offchain.chain.history import History
from offchain.chain.index import IndexedNode
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.refusals import Refused
from offchain.chain.registry import Registry
from offchain.chain.tokens import currency_of
from offchain.chain.transactions import FeePolicy, KeySender, NodeSender, Sender
from offchain.chain.verifier import Verifier
from offchain.cli import networks
from offchain.cli.units import Currency, positive, whole
from offchain.storage.private_folder import PrivateFolder

LOCAL_CHAIN = 31337
"""Chain id of anvil, whose blocks are final at once."""
FINAL = 64
"""Blocks after which a block counts on other chains: two epochs of Ethereum."""


def add(parser: argparse.ArgumentParser, *, account: bool = True) -> None:
    """Declare the arguments that a session is made from.

    Args:
        account: also those of the account that sends transactions.
    """
    parser.add_argument(
        "--network",
        default=os.environ.get("GOLDEN_GRAIN_NETWORK"),
        help="network of deployments/<network>.json (GOLDEN_GRAIN_NETWORK)",
    )
    parser.add_argument("--rpc", help="URL of your own node (that of the network)")
    parser.add_argument(
        "--confirmations",
        type=whole(0),
        help=f"blocks that must follow a block before it counts ({FINAL}; 0 on a local chain)",
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(os.environ.get("GOLDEN_GRAIN_HOME", "~/.golden-grain")),
        help="folder of your keys and entries, to back up (GOLDEN_GRAIN_HOME, ~/.golden-grain)",
    )
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument(
        "--local-uris",
        action="store_true",
        help="follow URIs that point into this machine: for local chains only, and on there",
    )
    if account:
        parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
        parser.add_argument(
            "--account",
            default=os.environ.get("GOLDEN_GRAIN_ACCOUNT"),
            help="account of Brownie, key file, or address or number of an account of the node "
            "(GOLDEN_GRAIN_ACCOUNT)",
        )
        parser.add_argument(
            "--password-file",
            type=Path,
            help="file with the account's password that only you may read (asked on the terminal)",
        )
        parser.add_argument(
            "--max-fee",
            type=positive,
            default=500.0,
            help="highest fee for each unit of gas, in gwei (%(default)s)",
        )


def add_allow_list(parser: argparse.ArgumentParser) -> None:
    """Declare the list of programs that the user trusts."""
    parser.add_argument(
        "--allow-list",
        type=Path,
        help="list of programs that you rebuilt (that of this checkout in deployments/programs)",
    )


@dataclass(frozen=True)
class Session:
    """A command's view of its network and account. Nothing is asked of a node before it is used.

    Args:
        arguments: those of `add`.
        network: the deployment.
    """

    arguments: argparse.Namespace
    network: networks.Network

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Session":
        """Make a session from a command's arguments.

        Raises:
            Refused: no network is named.
            ValueError: see `networks.find`.
        """
        if arguments.network is None:
            raise Refused("no network, expected --network NAME or GOLDEN_GRAIN_NETWORK")
        return cls(arguments, networks.find(arguments.network, arguments.rpc))

    # ── Chain ──

    @cached_property
    def node(self) -> Node:
        """The node, once its chain is the deployment's.

        Raises:
            Refused: the node has another chain.
            OSError: the node does not answer.
        """
        web3 = Web3(HTTPProvider(self.network.url))
        found = web3.eth.chain_id
        if found != self.network.chain_id:
            raise Refused(
                f"node {self.network.url} has chain {found}, expected {self.network.chain_id} of "
                f"network {self.network.name!r}: name its node with --rpc"
            )
        confirmations = self.arguments.confirmations
        if confirmations is None:
            confirmations = 0 if self.is_local else FINAL
        node = Node(web3, confirmations, self.network.first_block)
        return IndexedNode.of(node, self.files / "events.sqlite")

    @property
    def is_local(self) -> bool:
        """True on a chain that only this machine has."""
        return self.network.chain_id == LOCAL_CHAIN

    @property
    def local_uris(self) -> bool:
        """True when URIs may point into this machine."""
        return self.is_local or bool(self.arguments.local_uris)

    @cached_property
    def market(self) -> Market:
        """The market. Raises as `_address`."""
        return Market(self.node, self._address("market"))

    @cached_property
    def registry(self) -> Registry:
        """The market's registry."""
        return Registry(self.node, self.market.registry)

    @cached_property
    def verifier(self) -> Verifier:
        """The verifier of the deployment. Raises as `_address`."""
        return Verifier(self.node, self._address("verifier"))

    def _address(self, contract: str) -> str:
        """Return the address of a contract.

        Raises:
            Refused: there is none at its address: the local chain was started anew.
        """
        address = self.network.addresses[contract]
        if not self.node.web3.eth.get_code(self.node.web3.to_checksum_address(address)):
            raise Refused(
                f"no contract at {address}, expected the {contract} of network "
                f"{self.network.name!r}: was its chain started anew?"
            )
        return address

    @cached_property
    def sender(self) -> Sender:
        """The account that sends transactions.

        Raises:
            Refused: no account is named, or neither Brownie nor the node has it.
            ValueError, OSError: see `unlock` and `read_password`.
        """
        name, web3 = self.arguments.account, self.node.web3
        if name is None:
            raise Refused("no account, expected --account NAME or GOLDEN_GRAIN_ACCOUNT")
        fees = FeePolicy(most=int(self.arguments.max_fee * 10**9))
        brownie = Path.home() / ".brownie" / "accounts" / f"{name}.json"
        for keystore in (Path(name), brownie):
            if keystore.is_file():
                return KeySender(web3, unlock(keystore, self._password), fees)
        held = list(web3.eth.accounts)
        if name.isdecimal() and int(name) < len(held):
            return NodeSender(web3, held[int(name)], fees)
        for address in held:
            if address.lower() == name.lower():
                return NodeSender(web3, address, fees)
        raise Refused(
            f"no account {name!r}, expected one of `brownie accounts list`, a key file, or one of "
            f"the node's {len(held)} accounts"
        )

    def _password(self, prompt: str) -> str:
        file = self.arguments.password_file
        return ask(prompt) if file is None else read_password(file)

    def now(self) -> int:
        """Return the time of the latest block, in Unix seconds."""
        return self.node.now()

    def history(self, task_id: bytes) -> History:
        """Return a task's history.

        Raises:
            Refused: no confirmed block has the task.
        """
        history = self.market.history(task_id)
        if history is None:
            raise Refused(
                f"no task 0x{task_id.hex()} on network {self.network.name!r} with "
                f"{self.node.confirmations} confirmations: check its id and the network"
            )
        return history

    def currency(self, token: str) -> Currency:
        """Return the name and decimals of a token. Errors: see `currency_of`."""
        return Currency(token, *currency_of(self.node.web3, token))

    # ── Files ──

    @property
    def allow_list(self) -> Path:
        """The list that `add_allow_list` names; without one, SIMULATED programs on local chains."""
        chosen: Path | None = self.arguments.allow_list
        return chosen or (DEVELOPMENT if self.is_local else PRODUCTION)

    @property
    def files(self) -> Path:
        """The folder of this network on this machine."""
        home: Path = self.arguments.home
        return home.expanduser() / self.network.name

    def private(self, task_id: bytes) -> PrivateFolder:
        """Return this machine's private folder of a task on this network."""
        return PrivateFolder(self.files / f"0x{task_id.hex()}")

    # ── Terminal ──

    def say(self, *lines: str) -> None:
        """Print lines for people on standard error."""
        for line in lines:
            print(line, file=sys.stderr, flush=True)

    def confirm(self, plan: Iterable[str]) -> None:
        """Print what is about to be done, and go on only when the user agrees.

        Raises:
            Refused: the user declined, or there is no terminal to ask on.
        """
        self.say(*plan)
        if self.arguments.yes:
            return
        if not sys.stdin.isatty():
            raise Refused("no terminal to ask on, expected --yes; nothing was sent")
        print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("declined; nothing was sent")

    def result(self, values: dict[str, Any]) -> str:
        """Return a result as the text to yield: JSON with ``--json``, else a line for each."""
        if self.arguments.json:
            return json.dumps({key: _plain(value) for key, value in values.items()})
        width = max(map(len, values), default=0)
        return "\n".join(f"{key:<{width}}  {_text(value)}" for key, value in values.items())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _text(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)
