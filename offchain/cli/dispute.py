"""``golden-grain dispute``: dispute the report of a task, which calls for a panel."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.history import REPORTED
from offchain.chain.refusals import Refused
from offchain.cli import common, session, units
from offchain.cli.entry import history_of
from offchain.developer.state import next_time


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Dispute a report; yield the bond and the time until which a panel may give its verdict.

    Raises:
        Refused: no report can be disputed now, or the user declined.
    """
    here = session.Session.of(arguments)
    task = history_of(here, arguments.task).task
    functions = here.market.contract.functions
    progress = here.market.progress(arguments.task)
    now = next_time(here.market)
    if progress.stage != REPORTED or now >= progress.time_a:
        raise Refused("no report can be disputed now: `golden-grain status` shows the task's stage")
    bond = here.market.dispute_bond(task)
    seats = 2 * task.quorum + 1
    here.confirm(
        [
            f"dispute the report of task 0x{arguments.task.hex()}, as {here.sender.address}",
            f"bond        {units.ETHER.format(bond)}, which pays the {seats} seats of the panel",
            "if upheld   the bond is lost",
            "overturned  each signer's operator is fined, up to the bond in all, and you get it",
            "no verdict  half of the bond is lost, and the report stands",
            f"until       {units.format_time(progress.time_a, now)}",
            "A panel measures the same inventory: no dispute helps a model that is not in it",
        ]
    )
    here.sender.send(functions.dispute_report(task.to_abi()), bond)
    deadline = here.market.progress(arguments.task).time_a
    yield here.result(
        {
            "task": arguments.task,
            "bond": units.ETHER.format(bond),
            "verdict by": units.format_time(deadline, now),
        }
    )
