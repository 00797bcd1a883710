"""``golden-grain share``: credit developers with their shares of a voided task."""

import argparse
from collections.abc import Callable, Iterator

from web3.exceptions import ContractLogicError

from offchain.chain.history import History
from offchain.chain.refusals import Refused, reason_of
from offchain.cli import common, session
from offchain.cli.units import whole
from offchain.protocol import hashes
from offchain.protocol.transcript import Reveal


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    parser.add_argument(
        "--index",
        action="append",
        default=[],
        type=whole(0),
        help="index of a submission (all of them that were revealed)",
    )
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Credit the shares, whoever they belong to; yield the indices of those that were credited.

    Raises:
        Refused: there is no such task, or nobody revealed at an index.
        ContractLogicError: the task is not voided.
    """
    here = session.Session.of(arguments)
    history = here.history(arguments.task)
    chosen = chosen_of(history, arguments.index)
    here.confirm(
        f"credit {each.developer} with the share of submission {each.index}" for each in chosen
    )
    credited = []
    for reveal in chosen:
        call = here.market.contract.functions.claim_share(
            history.task.to_abi(),
            reveal.index,
            reveal.developer,
            reveal.submission.envelope_digest,
            reveal.submission.min_price,
            payload_of(reveal),
        )
        try:
            here.sender.send(call)
            credited.append(reveal.index)
        except ContractLogicError as error:
            if reason_of(error) != "wrong submission":
                raise
            here.say(f"submission {reveal.index}: its share was claimed before")
    yield here.result({"task": arguments.task, "credited": credited})


def chosen_of(history: History, indices: list[int]) -> list[Reveal]:
    """Return the reveals with these indices, or all of them.

    Raises:
        Refused: nobody revealed at an index, or nobody at all.
    """
    by_index = {each.index: each for each in history.reveals}
    unknown = [index for index in indices if index not in by_index]
    if not by_index:
        raise Refused("nobody revealed a submission in this task: there are no shares")
    if unknown:
        raise Refused(f"submissions {unknown} were not revealed, expected one of {[*by_index]}")
    return [by_index[index] for index in indices or by_index]


def payload_of(reveal: Reveal) -> bytes:
    """Return the payload (bytes32) of a submission."""
    submission = reveal.submission
    return hashes.payload(
        submission.model_digest, submission.artifact_digest, reveal.keyring_digest
    )
