"""``golden-grain close``: close a task's reveals, which fixes the seed."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import common, session


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Close the reveals of a task; yield the seed.

    Raises:
        ContractLogicError: it is too early, nothing was revealed, or they are closed already.
    """
    here = session.Session.of(arguments)
    call = here.market.contract.functions.close_reveals(arguments.task)
    here.confirm([f"close the reveals of task 0x{arguments.task.hex()} as {here.sender.address}"])
    here.sender.send(call)
    yield here.result({"seed": here.market.contract.functions.head(arguments.task).call()})
