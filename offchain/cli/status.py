"""``golden-grain status``: a task's stage, who can do what with it now, and what it paid."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict

from offchain.chain.progress import Stage, TaskProgress
from offchain.cli import common, session
from offchain.cli.session import Session
from offchain.cli.units import format_time
from offchain.observer.status import Act, Payment, acts, payments

TIMES = {
    Stage.REPORTED: ("claims open", "claims close"),
    Stage.FINAL: ("claims open", "claims close"),
    Stage.DISPUTED: ("verdict until", "reported"),
}
"""The meaning of a task's two times, where they are not those of its terms."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=common.task_id, help="id of the task")
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Say what state a task is in; yield lines, or one JSON document.

    Raises:
        Refused: there is no such task.
    """
    here = Session.of(arguments)
    history, now = here.history(arguments.task), here.now()
    progress = here.market.progress(arguments.task)
    can, paid = acts(history, progress, now), payments(here.market, arguments.task, history)
    times = _times(progress, history.task)
    if arguments.json:
        yield here.result(
            {
                "task": arguments.task,
                "stage": progress.stage.name.lower(),
                "now": now,
                "entries": progress.commits,
                "revealed": progress.reveals,
                "awards": progress.awards,
                "unclaimed": progress.unclaimed,
                "times": times,
                "acts": [asdict(each) | {"command": each.line(arguments.task)} for each in can],
                "paid": [asdict(each) for each in paid],
            }
        )
        return
    yield f"task     0x{arguments.task.hex()}"
    yield f"stage    {progress.stage.name.lower()}, {_counts(progress)}"
    for name, time in times.items():
        yield f"  {name:<13} {format_time(time, now)}"
    yield from can_now(arguments.task, progress.stage, can, now)
    yield from _paid(here, paid)


def _counts(progress: TaskProgress) -> str:
    text = f"{progress.commits} of {progress.max_submissions} entries, {progress.reveals} revealed"
    if progress.awards:
        claimed = progress.awards - len(progress.unclaimed)
        text += f", {progress.awards} awards of which {claimed} are claimed"
    return text


def _times(progress: TaskProgress, task: object) -> dict[str, int]:
    names = TIMES.get(progress.stage)
    if names is not None:
        return dict(zip(names, (progress.time_a, progress.time_b), strict=True))
    if progress.stage in (Stage.SETTLED, Stage.VOIDED):
        return {}
    kinds = ("commit", "reveal", "report")
    return {f"{kind} by": getattr(task, f"{kind}_deadline") for kind in kinds}


def can_now(task_id: bytes, stage: Stage, can: list[Act], now: int) -> Iterator[str]:
    """Yield who can do what with a task now, with the command for it."""
    if not can and stage in (Stage.SETTLED, Stage.VOIDED):
        yield "now      nothing is left to do with it but to withdraw what was credited"
    elif not can:
        yield "now      nobody can do anything: the next time above is waited for"
    for each in can:
        until = "" if each.until is None else f", until {format_time(each.until, now)}"
        yield f"now      {each.who}: {each.call} {each.why}{until}"
        yield f"         {each.line(task_id)}"


def _paid(here: Session, paid: list[Payment]) -> Iterator[str]:
    for each in paid:
        yield f"paid     {here.currency(each.token).format(each.amount)} to {each.to}: {each.what}"
