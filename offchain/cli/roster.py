"""``golden-grain roster``: propose a roster with spares for a task."""

import argparse
import sys
from collections.abc import Callable, Iterator

from offchain.chain.registry import Registry
from offchain.cli import common as shared
from offchain.protocol.encoding import to_json
from offchain.protocol.task import roster_digest
from offchain.provider.rosters import candidates, propose


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("measurement", type=shared.task_id, help="measurement of the program")
    parser.add_argument(
        "--quorum", required=True, type=int, choices=(1, 2, 3), help="quorum of the task"
    )
    parser.add_argument(
        "--spares", type=int, default=2, help="enclaves beyond those needed (%(default)s)"
    )
    parser.add_argument(
        "--min-stake", type=int, default=1, help="lowest stake of an operator, in wei (%(default)s)"
    )
    shared.add_market(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Propose a roster; yield it as JSON, and say its digest and its program on standard error.

    Errors: see `propose`.
    """
    market = shared.market_of(arguments)
    registry = Registry(market.node, market.registry)
    found = list(candidates(registry, arguments.measurement, arguments.min_stake))
    roster = propose(found, arguments.quorum, arguments.spares)
    print(f"digest 0x{roster_digest(roster).hex()}", file=sys.stderr)
    print(registry.in_words(arguments.measurement), file=sys.stderr)
    yield to_json(roster).decode()
