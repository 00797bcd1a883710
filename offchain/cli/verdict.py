"""``golden-grain verdict``: post the verdict that the enclaves of a panel signed."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.chain.history import DISPUTED
from offchain.chain.refusals import Refused
from offchain.cli import common, session
from offchain.cli.entry import documents_of, history_of
from offchain.developer.verdicts import Verdict, resolve_call
from offchain.protocol.encoding import from_json
from offchain.protocol.messages import Signed


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    parser.add_argument(
        "signature",
        type=Path,
        nargs="*",
        help="file of each seat's signature, as operators publish; none to end a dispute that got "
        "no verdict in time",
    )
    parser.add_argument(
        "--folder", help="where the provider publishes (the URI that the task names)"
    )
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Post a verdict, or end a dispute without one; yield whether the report is upheld.

    Raises:
        Refused: the task is not in dispute, or the signatures do not make a verdict.
        ValueError, OSError: a file is malformed or cannot be read.
    """
    here = session.Session.of(arguments)
    history = history_of(here, arguments.task)
    if history.stage != DISPUTED:
        raise Refused("the task is not in dispute: `golden-grain status` shows its stage")
    if not arguments.signature:
        here.confirm([f"end the dispute without a verdict, as {here.sender.address}"])
        here.sender.send(here.market.expire_dispute(history))
        yield here.result({"task": arguments.task, "upheld": None})
        return
    documents = documents_of(here, history, arguments.task, arguments.folder)
    signed = [from_json(Signed, file.read_bytes()) for file in arguments.signature]
    verdict = Verdict.of(signed, history, here.market.domain)
    said = "upholds the report" if verdict.upholds else "overturns the report"
    here.confirm([f"post a verdict that {said}, as {here.sender.address}"])
    here.sender.send(resolve_call(here.market, history, documents.roster, verdict))
    yield here.result({"task": arguments.task, "upheld": verdict.upholds})
