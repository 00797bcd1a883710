"""The plan of a task as a provider sees it before it pays, and what of it looks like a mistake."""

from collections.abc import Collection, Iterator

from offchain.cli.units import (
    ETHER,
    Currency,
    format_duration,
    format_score,
    format_time,
)
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.manifest import Manifest
from offchain.protocol.pricing import price
from offchain.protocol.task import Task
from offchain.provider.rosters import RosterCandidate

LARGE_TOLERANCE = 20_000
"""A tolerance above this, in ppm, lets enclaves sign scores that differ visibly."""


def plan(
    task: Task,
    manifest: Manifest,
    seats: Collection[RosterCandidate],
    money: Currency,
    program: str,
    now: int,
) -> Iterator[str]:
    """Yield the plan of a task: what it costs, when it ends, and who can read the models.

    Args:
        task: to be created.
        manifest: of the task.
        seats: the enclaves of its roster, as the registry knows them.
        money: the token of the task.
        program: description of the enclaves' program.
        now: time of the chain, in Unix seconds.
    """
    total = task.budget + task.benchmark_fee
    yield f"Task of {task.provider}"
    yield ""
    rows = manifest.sample_size
    yield f"  models      up to {task.max_awards}, by {manifest.metric} of {rows} rows"
    for score in _shown(task):
        yield f"    {format_score(score)}  {money.format(price(task.curve, score))}"
    yield f"    below {format_score(task.curve[0].score)}  nothing"
    yield f"  escrow      {money.format(total)}: budget {money.format(task.budget)}, and a fee of"
    yield f"              {money.format(task.benchmark_fee)} for operators; the rest comes back"
    bond, fee = ETHER.format(task.commit_bond), ETHER.format(task.entry_fee)
    yield f"  entries     up to {task.max_submissions}, each with {bond} of bond and {fee} of fee"
    yield ""
    for name, time in _times(task):
        yield f"  {name:<11} {format_time(time, now)}"
    yield f"              then up to {format_duration(task.dispute_window)} for a dispute, "
    yield f"              {format_duration(task.verdict_window)} for a verdict, and "
    yield f"              {format_duration(task.claim_window)} for claims"
    yield ""
    yield f"  program     {program}"
    yield f"  roster      {len(seats)} enclaves; {task.quorum} of them sign a report, and "
    yield f"              {2 * task.quorum + 1} others judge a dispute"
    for seat in seats:
        stake = ETHER.format(seat.stake)
        yield f"    {seat.entry.signing_key}  operator {seat.operator}, stake {stake}, "
        yield f"      registered until {format_time(seat.expiry, now)}"
    yield "  Each enclave of the roster can open every model; you open those that you pay for, and"
    yield "  nobody else any. Each of them that gets your test set's key can open your test set."


def _shown(task: Task) -> list[int]:
    """Return scores for the table of prices: the knots, and steps between them."""
    low, high = task.curve[0].score, task.curve[-1].score
    steps = {low + (high - low) * step // 4 for step in range(5)}
    return sorted(steps | {knot.score for knot in task.curve})


def _times(task: Task) -> list[tuple[str, int]]:
    return [
        ("commit by", task.commit_deadline),
        ("reveal by", task.reveal_deadline),
        ("report by", task.report_deadline),
    ]


def doubts(task: Task, seats: Collection[RosterCandidate], money: Currency) -> Iterator[str]:
    """Yield what of a task is allowed, and yet rather a mistake."""
    least = 10 ** max(money.decimals - 4, 0)
    for knot in task.curve:
        if 0 < knot.price < least:
            yield (
                f"the price of score {format_score(knot.score)} is {money.format(knot.price)}, "
                f"less than {money.format(least)}: is its unit right?"
            )
    top = task.curve[-1].price
    if task.budget > task.max_awards * top:
        yield (
            f"{money.format(task.budget - task.max_awards * top)} of the budget can never be "
            f"spent: {task.max_awards} models cost {money.format(task.max_awards * top)} at most"
        )
    if task.benchmark_fee == 0:
        yield "operators get no fee: none of them may measure anything"
    entry = task.entry_fee + task.commit_bond
    if task.token == ZERO_ADDRESS:
        at_risk = task.min_stake * task.quorum
        if at_risk < top:
            yield (
                f"a quorum risks {ETHER.format(at_risk)}, less than the best model costs "
                f"({money.format(top)}): it could sell its signatures"
            )
        if entry >= top:
            yield f"an entry takes {ETHER.format(entry)}, the best one earns {money.format(top)}"
    if task.tolerance > LARGE_TOLERANCE:
        yield (
            f"a tolerance of {format_score(task.tolerance)} lets enclaves sign scores that differ "
            "by as much"
        )
    if len(seats) <= 3 * task.quorum + 1:
        yield "no spare enclave: one operator that stays silent keeps any panel from sitting"
