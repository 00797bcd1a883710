"""Arguments that several commands share, and the objects made from them."""

import argparse
import re
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address
from web3 import HTTPProvider, Web3

from offchain.chain.accounts import ask, read_password, unlock
from offchain.chain.node import Node
from offchain.chain.transactions import FeePolicy, KeySender, NodeSender, Sender
from offchain.cli.units import Malformed


def task_id(text: str) -> bytes:
    """Parse 32 bytes in hex. Raises as `hex_bytes`."""
    return hex_bytes(text, 32)


def hex_bytes(text: str, size: int) -> bytes:
    """Parse bytes in hex, with 0x or without.

    Raises:
        Malformed: the text is not ``size`` bytes in hex.
    """
    digits = text.removeprefix("0x")
    if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * size}}}", digits):
        raise Malformed(f"{text!r}, expected 0x and {2 * size} hex digits")
    return bytes.fromhex(digits)


def address(text: str) -> str:
    """Parse an address; return it with its checksum.

    Raises:
        Malformed: the text is not an address.
    """
    if not is_address(text):
        raise Malformed(f"{text!r}, expected an address, 0x and 40 hex digits")
    return str(to_checksum_address(text))


def on_one_line(text: str) -> str:
    """Replace unprintable characters by spaces, so that untrusted text cannot forge a line."""
    return "".join(character if character.isprintable() else " " for character in text)


def add_fetching(parser: argparse.ArgumentParser) -> None:
    """Declare how long strangers' stores are waited for."""
    parser.add_argument(
        "--fetch-seconds", type=float, default=20.0, help="seconds for each answer (%(default)s)"
    )
    parser.add_argument(
        "--fetch-total",
        type=float,
        default=900.0,
        help="seconds for each file, with all attempts (%(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, default=8, help="submissions fetched at a time (%(default)s)"
    )


def add_account(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Declare the arguments of the account that sends transactions."""
    account = parser.add_mutually_exclusive_group(required=required)
    account.add_argument("--keystore", type=Path, help="key file, as geth writes it")
    account.add_argument("--node-account", type=address, help="account of the node")
    parser.add_argument(
        "--password-file",
        type=Path,
        help="file with the keystore's password that only you may read (asked on the terminal)",
    )
    parser.add_argument(
        "--max-fee",
        type=float,
        default=500.0,
        help="highest fee for each unit of gas, in gwei (%(default)s)",
    )


def sender_of(arguments: argparse.Namespace) -> Sender:
    """Return the account that the arguments name, without a request to the node.

    Raises:
        ValueError, OSError: see `unlock` and `read_password`.
    """
    web3 = node_of(arguments).web3
    fees = FeePolicy(most=int(arguments.max_fee * 10**9))
    if arguments.keystore is None:
        return NodeSender(web3, arguments.node_account, fees)
    file = arguments.password_file
    password = ask if file is None else lambda _: read_password(file)
    return KeySender(web3, unlock(arguments.keystore, password), fees)


def node_of(arguments: argparse.Namespace) -> Node:
    """Return the node that the arguments name."""
    web3 = Web3(HTTPProvider(arguments.rpc))
    return Node(web3, arguments.confirmations, arguments.first_block)
