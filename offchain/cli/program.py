"""``golden-grain program``: name the program of a measurement; check that you allow it."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.verifier import Verifier
from offchain.chain.vetting import check_program
from offchain.cli import session
from offchain.cli.common import task_id
from offchain.simulation.intel import root_name


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("measurement", type=task_id, help="measurement in a task")
    session.add_allow_list(parser)
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Check a measurement's program against the registry and the allow-list.

    Raises:
        ValueError: no enclave is registered under the measurement.
        Refused: see `check_program`.
    """
    here = session.Session.of(arguments)
    registry, measurement = here.registry, arguments.measurement
    verifier = registry.verifier(measurement)
    here.say(registry.in_words(measurement))
    allowed = check_program(registry, measurement, here.allow_list)
    root = root_name(Verifier(here.node, verifier).root_key)
    yield here.result({"verifier": verifier, "root": root, "allowed as": str(allowed)})
