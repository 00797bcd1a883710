"""``golden-grain program``: name the program of a measurement; check that you allow it."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.attestation.programs import PRODUCTION, AllowedProgram, find_allowed, load_allowlist
from offchain.chain.registry import Registry
from offchain.chain.verifier import Verifier
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
        ValueError: see `check`.
    """
    market, measurement = shared.market_of(arguments), arguments.measurement
    registry = Registry(market.node, market.registry)
    verifier = registry.verifier(measurement)
    yield f"verifier {verifier}, root: {root_name(Verifier(market.node, verifier).root_key)}"
    yield registry.in_words(measurement)
    yield f"allowed as: {check(registry, measurement, arguments.allow_list)}"


def check(registry: Registry, measurement: bytes, allow_list: Path) -> AllowedProgram:
    """Return the allowed program of a measurement.

    Raises:
        ValueError: no enclave is registered under the measurement; its program is not on the list;
            or the registry names another commit than the list.
    """
    verifier = registry.verifier(measurement)
    allowed = find_allowed(load_allowlist(allow_list), verifier, measurement)
    if allowed is None:
        raise ValueError(f"program is not on {allow_list}: expected one that you rebuilt")
    described = registry.description(measurement)
    if described is not None and described.source != allowed.source:
        raise ValueError(f"registry says {described}, expected the source of {allowed}")
    return allowed
