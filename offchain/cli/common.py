"""Arguments and values that several commands share."""

import argparse
from pathlib import Path

from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

from offchain.chain.accounts import ask, read_password, unlock
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.transactions import FeePolicy, KeySender, NodeSender, Sender
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources

FAULTS = (Web3Exception,)
"""What a node answers instead of what it was asked for."""


def task_id(text: str) -> bytes:
    """bytes32 from hex digits.

    Raises:
        ValueError: not 32 bytes in hex.
    """
    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != 32:
        raise ValueError(f"{text!r}, expected 32 bytes in hex")
    return value


def address(text: str) -> str:
    """A checksummed address.

    Raises:
        ValueError: not an address.
    """
    return str(to_checksum_address(text))


def on_one_line(said: str) -> str:
    """What is said of strangers' files and servers, without what could pass for another line."""
    return "".join(character if character.isprintable() else " " for character in said)


def add_node(parser: argparse.ArgumentParser) -> None:
    """Of a node and how far it is believed."""
    parser.add_argument("--rpc", required=True, help="URL of your own node")
    parser.add_argument(
        "--confirmations", type=int, default=64, help="blocks until one counts (%(default)s)"
    )
    parser.add_argument("--first-block", type=int, default=0, help="where to read logs from")


def add_market(parser: argparse.ArgumentParser) -> None:
    """Of a market on a node."""
    parser.add_argument("--market", required=True, type=address)
    add_node(parser)


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Of where submissions are looked for."""
    parser.add_argument("--store", required=True, help="folder or URL that keeps what is fetched")
    parser.add_argument("--mirror", action="append", default=[], help="another store to ask")
    parser.add_argument("--fetch-seconds", type=float, default=20.0, help="for each answer")
    parser.add_argument(
        "--fetch-total", type=float, default=900.0, help="seconds for each file, all in all"
    )
    parser.add_argument("--threads", type=int, default=8, help="submissions fetched at a time")
    parser.add_argument(
        "--local-uris",
        action="store_true",
        help="let developers' uris point into this machine: for development only",
    )


def add_account(parser: argparse.ArgumentParser) -> None:
    """Of the account that sends."""
    account = parser.add_mutually_exclusive_group(required=True)
    account.add_argument("--keystore", type=Path, help="key file, such as geth makes")
    account.add_argument("--node-account", type=address, help="account of the node")
    parser.add_argument(
        "--password-file",
        type=Path,
        help="the keystore's password, in a file that nobody else may read; else it is asked for",
    )
    parser.add_argument(
        "--max-fee", type=float, default=500.0, help="gwei that a gas may cost (%(default)s)"
    )


def sender_of(arguments: argparse.Namespace) -> Sender:
    """The account that the arguments name; asks no node. Raises as `unlock` and `read_password`."""
    web3 = node_of(arguments).web3
    terms = FeePolicy(most=int(arguments.max_fee * 10**9))
    if arguments.keystore is None:
        return NodeSender(web3, arguments.node_account, terms)
    file = arguments.password_file
    password = ask if file is None else lambda _: read_password(file)
    return KeySender(web3, unlock(arguments.keystore, password), terms)


def node_of(arguments: argparse.Namespace) -> Node:
    """The node that the arguments name."""
    web3 = Web3(HTTPProvider(arguments.rpc))
    return Node(web3, arguments.confirmations, arguments.first_block)


def market_of(arguments: argparse.Namespace) -> Market:
    """The market that the arguments name.

    Raises:
        ValueError: there is no contract.
    """
    market = Market(node_of(arguments), arguments.market)
    if not market.node.web3.eth.get_code(market.contract.address):
        raise ValueError(f"no contract at {arguments.market}, expected a market of this chain")
    return market


def sources_of(arguments: argparse.Namespace) -> SubmissionSources:
    """Where the arguments say to look for submissions."""
    return SubmissionSources(
        keep=Store(arguments.store),
        mirrors=tuple(Store(url) for url in arguments.mirror),
        patience=RetryPolicy(arguments.fetch_seconds, attempts=2, total=arguments.fetch_total),
        local=arguments.local_uris,
        threads=arguments.threads,
    )
