"""``golden-grain watch``: follow a market with an operator's enclave until SIGTERM or SIGINT."""

import argparse
import signal
from collections.abc import Callable, Iterator
from threading import Event

from offchain.cli import common as shared
from offchain.operator.client import EnclaveClient
from offchain.operator.operator import Operator
from offchain.storage.publications import PublicationFolder, ResultsFolder

PEER_SECONDS = 30.0
"""Deadline of each answer of another operator's enclave."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--enclave", required=True, help="URL of the operator's own service")
    parser.add_argument(
        "--peer", action="append", default=[], help="URL of a co-signer's port for peers"
    )
    parser.add_argument(
        "--folder", required=True, help="folder or URL where the provider publishes"
    )
    parser.add_argument("--results", required=True, help="local folder for own results files")
    shared.add_account(parser)
    parser.add_argument(
        "--dispute",
        action="store_true",
        help="dispute reports that the enclave contradicts, and post the panel's verdict",
    )
    parser.add_argument(
        "--poll", type=float, default=12.0, help="seconds between two steps (%(default)s)"
    )
    shared.add_market(parser)
    shared.add_sources(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Follow the market; yield a line about each action, unless the last step had the same."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    operator, previous = _operator(arguments), frozenset[str]()
    yield f"watching with {operator.enclave.identity().signing_key}"
    while not stop.is_set():
        lines = []
        for line in map(shared.on_one_line, operator.step()):
            lines.append(line)
            if line not in previous:
                yield line
        previous = frozenset(lines)
        stop.wait(arguments.poll)
    yield "stopped"


def _operator(arguments: argparse.Namespace) -> Operator:
    sender = shared.sender_of(arguments)
    return Operator(
        market=shared.market_of(arguments),
        folder=PublicationFolder(arguments.folder),
        sources=shared.sources_of(arguments),
        enclave=EnclaveClient(arguments.enclave),
        peers=tuple(EnclaveClient(url, PEER_SECONDS) for url in arguments.peer),
        sender=sender,
        results=ResultsFolder(arguments.results),
        disputes=arguments.dispute,
    )
