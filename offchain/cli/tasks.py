"""``golden-grain tasks``: the tasks that take entries now, with metric, prices and deadlines."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import session
from offchain.cli.common import on_one_line
from offchain.cli.session import Session
from offchain.cli.units import ETHER, format_score, format_time
from offchain.observer.listing import Listed, tasks


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--all", action="store_true", help="also tasks that take no entries now")
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """List tasks; yield a paragraph for each, or one JSON document."""
    here = Session.of(arguments)
    found = tasks(here.market, everything=arguments.all, local_uris=here.local_uris)
    if arguments.json:
        yield here.result({"tasks": [_values(here, each) for each in found]})
        return
    if not found:
        here.say(f"no {'' if arguments.all else 'open '}task on network {here.network.name!r}")
    for each in found:
        yield "\n".join(_lines(here, each))


def _values(here: Session, listed: Listed) -> dict[str, object]:
    task, progress, documents = listed.history.task, listed.progress, listed.documents
    money = here.currency(task.token)
    return {
        "task": listed.task_id,
        "stage": progress.stage.name.lower(),
        "provider": task.provider,
        "uri": listed.history.uri,
        "metric": documents and documents.manifest.metric,
        "description": documents and documents.manifest.description,
        "documents": listed.fault or "checked",
        "token": task.token,
        "symbol": money.symbol,
        "decimals": money.decimals,
        "budget": task.budget,
        "prices": [{"score": knot.score, "price": knot.price} for knot in task.curve],
        "max_awards": task.max_awards,
        "entries": progress.commits,
        "max_entries": progress.max_submissions,
        "commit_bond": task.commit_bond,
        "entry_fee": task.entry_fee,
        "commit_deadline": task.commit_deadline,
        "reveal_deadline": task.reveal_deadline,
        "report_deadline": task.report_deadline,
    }


def _lines(here: Session, listed: Listed) -> Iterator[str]:
    task, progress = listed.history.task, listed.progress
    money, now = here.currency(task.token), here.now()
    yield f"0x{listed.task_id.hex()}  {progress.stage.name.lower()}"
    if listed.documents is None:
        yield f"  metric     unknown: {on_one_line(listed.fault)}"
    else:
        manifest = listed.documents.manifest
        yield f"  metric     {manifest.metric} of {manifest.sample_size} rows"
        if manifest.description:
            yield f"  about      {on_one_line(manifest.description)[:300]}"
    prices = (f"{format_score(each.score)} {money.format(each.price)}" for each in task.curve)
    yield f"  prices     {', '.join(prices)}; up to {task.max_awards} models"
    bond, fee = ETHER.format(task.commit_bond), ETHER.format(task.entry_fee)
    yield (
        f"  entries    {progress.commits} of {progress.max_submissions}, each with a bond of "
        f"{bond} and a fee of {fee}"
    )
    for name in ("commit", "reveal", "report"):
        yield f"  {name} by  {format_time(getattr(task, f'{name}_deadline'), now)}"
