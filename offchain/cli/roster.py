"""``golden-grain roster``: propose a roster with spares for a task."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.registry import Registry
from offchain.cli import common as shared
from offchain.protocol.encoding import to_json
from offchain.protocol.task import roster_digest
from offchain.provider.rosters import candidates, propose

FAULTS = shared.FAULTS


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("measurement", type=shared.task_id, help="of the enclave program")
    parser.add_argument("--quorum", required=True, type=int, choices=(1, 2, 3))
    parser.add_argument("--spares", type=int, default=2, help="enclaves more than needed")
    parser.add_argument("--min-stake", type=int, default=1, help="wei of each operator")
    shared.add_market(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Does it. Raises as `propose`."""
    market = shared.market_of(arguments)
    registry = Registry(market.node, market.registry)
    found = list(candidates(registry, arguments.measurement, arguments.min_stake))
    roster = propose(found, arguments.quorum, arguments.spares)
    yield to_json(roster).decode()
    yield f"digest 0x{roster_digest(roster).hex()}"
    yield registry.in_words(arguments.measurement)
