"""Arguments of a deployment, and the objects made from them."""

import argparse

from offchain.chain.node import Node
from offchain.chain.verifier import Verifier
from offchain.cli import common as shared


def add_deployment(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Declare the verifier of a deployment, and a node."""
    parser.add_argument(
        "--verifier", required=required, type=shared.address, help="address of the verifier"
    )
    parser.add_argument("--rpc", required=required, help="URL of your own node")
    parser.add_argument(
        "--first-block", type=int, default=0, help="block to read logs from (%(default)s)"
    )


def verifier_of(arguments: argparse.Namespace) -> Verifier:
    """Return the verifier that the arguments name.

    Raises:
        ValueError: one of the arguments is missing, or there is no contract at its address.
    """
    if arguments.rpc is None or arguments.verifier is None:
        raise ValueError("a deployment is named by both --verifier and --rpc")
    arguments.confirmations = 0
    verifier = Verifier(shared.node_of(arguments), arguments.verifier)
    if not verifier.node.web3.eth.get_code(verifier.contract.address):
        raise ValueError(f"no contract at {arguments.verifier}, expected a verifier of this chain")
    return verifier


def now(node: Node) -> int:
    """Return the time of the latest block."""
    return int(node.web3.eth.get_block("latest")["timestamp"])
