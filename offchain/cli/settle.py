"""``golden-grain settle``: end a task with a report; what was not claimed goes back."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import common, session


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Settle a task, for anybody; yield the stage that it has then.

    Raises:
        Refused: there is no such task, or no report of it.
        ContractLogicError: awards can still be claimed, or it was settled already.
    """
    here = session.Session.of(arguments)
    history = here.history(arguments.task)
    call = here.market.settle(history)
    here.confirm([f"settle task 0x{arguments.task.hex()} as {here.sender.address}"])
    here.sender.send(call)
    yield here.result({"task": arguments.task, "ending": "settled"})
