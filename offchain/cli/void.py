"""``golden-grain void``: end a task that got no report; its budget goes back."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import common, session


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Void a task, for anybody; yield how it ended.

    Raises:
        Refused: there is no such task.
        ContractLogicError: it is too early, or there is a report.
    """
    here = session.Session.of(arguments)
    history = here.history(arguments.task)
    call = here.market.contract.functions.void(history.task.to_abi())
    here.confirm([f"void task 0x{arguments.task.hex()} as {here.sender.address}"])
    here.sender.send(call)
    yield here.result({"task": arguments.task, "ending": "voided"})
