"""``golden-grain program``: name the program of a measurement; check that you allow it."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.attestation.programs import PRODUCTION
from offchain.chain.registry import Registry
from offchain.chain.verifier import Verifier
from offchain.chain.vetting import check_program
from offchain.cli import common as shared
from offchain.simulation.intel import root_name


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("measurement", type=shared.task_id, help="measurement in a task")
    parser.add_argument(
        "--allow-list",
        type=Path,
        default=PRODUCTION,
        help="list of programs that you rebuilt (%(default)s)",
    )
    shared.add_market(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Check a measurement's program against the registry and the allow-list.

    Raises:
        ValueError: no enclave is registered under the measurement.
        Refused: see `check_program`.
    """
    market, measurement = shared.market_of(arguments), arguments.measurement
    registry = Registry(market.node, market.registry)
    verifier = registry.verifier(measurement)
    yield f"verifier {verifier}, root: {root_name(Verifier(market.node, verifier).root_key)}"
    yield registry.in_words(measurement)
    yield f"allowed as: {check_program(registry, measurement, arguments.allow_list)}"
