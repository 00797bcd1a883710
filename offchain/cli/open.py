"""``golden-grain open``: open the models of a task that you bought, and measure them again."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import common, purchases, session


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    purchases.add(parser)
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Open every model that was claimed, check its digest, and measure it; yield the report.

    Raises:
        Refused: the task is unknown here, or on this chain.
        OSError: a file cannot be written.
    """
    here = session.Session.of(arguments)
    purchase = purchases.Purchase.of(here, arguments.task, arguments)
    yield from purchase.deliver(here.history(arguments.task))
