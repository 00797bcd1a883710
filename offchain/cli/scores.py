"""``golden-grain scores``: the results of a task, each proved against the report on the chain."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.chain.refusals import Refused
from offchain.chain.result_proofs import ResultProof
from offchain.cli import common, session
from offchain.cli.session import Session
from offchain.cli.units import Currency, format_score, whole
from offchain.developer.reasons import IN_FULL
from offchain.observer.scores import Row, find_results, rows
from offchain.protocol.encoding import to_json
from offchain.storage.files import write_bytes


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    parser.add_argument("--index", type=whole(0), help="a submission, with the reason in full")
    parser.add_argument(
        "--developer", type=common.address, help="account whose submissions are shown in full"
    )
    parser.add_argument(
        "--operator", action="append", default=[], help="folder or URL of an operator to ask too"
    )
    parser.add_argument("--proof", type=Path, help="file for the proof of --index")
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Find the results, check each Merkle proof; yield a table, or one JSON document.

    Raises:
        Refused: there is no such task, or no submission has that index.
        ValueError: there is no report, or what an operator published is not its results.
        FileNotFoundError: no operator has the results; the message says what each answered.
    """
    here = Session.of(arguments)
    history = here.history(arguments.task)
    report = history.standing(arguments.task)
    uris = [*arguments.operator, *dict.fromkeys(here.registry.endpoints().values())]
    place, results = find_results(report, uris, local_uris=here.local_uris)
    prices = history.record(here.market.domain).prices
    every = list(rows(history, arguments.task, report, results, prices))
    shown = [each for each in every if _is_asked_for(arguments, each)]
    if not shown:
        raise Refused("no such submission was revealed")
    if arguments.proof is not None:
        _write_proof(arguments, shown)
    here.say(
        f"{len(every)} results, each with a valid Merkle proof against the report's root "
        f"0x{report.results.hex()}; found at {common.on_one_line(place)}"
    )
    if arguments.json:
        yield here.result(
            {
                "task": arguments.task,
                "round": report.round,
                "root": report.results,
                "found_at": place,
                "results": [_values(each) for each in shown],
            }
        )
        return
    money = here.currency(history.task.token)
    in_full = arguments.index is not None or arguments.developer is not None
    for each in shown:
        yield from _lines(each, money, in_full=in_full)


def _is_asked_for(arguments: argparse.Namespace, row: Row) -> bool:
    return arguments.index in (None, row.index) and arguments.developer in (None, row.developer)


def _write_proof(arguments: argparse.Namespace, shown: list[Row]) -> None:
    if len(shown) != 1:
        raise Refused(f"--proof of {len(shown)} submissions, expected --index of one")
    proof: ResultProof = shown[0].proof
    write_bytes(arguments.proof, to_json(proof))


def _values(row: Row) -> dict[str, object]:
    return {
        "index": row.index,
        "developer": row.developer,
        "score": row.score,
        "reason": row.reason and str(row.reason),
        "in_full": row.reason and IN_FULL[row.reason],
        "price": row.price,
        "proved": True,
    }


def _lines(row: Row, money: Currency, *, in_full: bool) -> Iterator[str]:
    result = row.reason if row.score is None else format_score(row.score)
    bought = "" if row.price is None else f"  bought for {money.format(row.price)}"
    yield f"{row.index:>6}  {row.developer}  {result:<18}{bought}"
    if in_full and row.reason is not None:
        yield f"        {IN_FULL[row.reason]}"
