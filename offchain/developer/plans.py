"""The plan that a developer sees before it commits: money, deadlines, and who can open the model."""

from collections.abc import Iterator

from offchain.chain.roster_review import BLOCKING, Finding, Review
from offchain.developer.state import Words
from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.pricing import price
from offchain.protocol.task import Task

REFUSED = BLOCKING | {
    Finding.INACTIVE,
    Finding.POOR,
    Finding.SAME_OPERATOR,
    Finding.SAME_PLATFORM,
}
"""Findings of a roster with which a developer does not commit."""


def faults(review: Review) -> list[str]:
    """Return what is wrong with a roster, one line each; none if a developer may commit."""
    found = [
        f"enclave {seat.entry.signing_key} of operator {seat.operator}: {finding.value}"
        for seat, findings in review.seats
        for finding in sorted(findings & REFUSED, key=lambda each: each.name)
    ]
    return found + [f"roster: {finding.value}" for finding in review.whole & REFUSED]


def least_score(task: Task, min_price: int) -> int | None:
    """Return the least score (ppm) whose price is positive and at least ``min_price``, or None."""
    wanted = max(1, min_price)
    if price(task.curve, MAX_SCORE) < wanted:
        return None
    low, high = 0, MAX_SCORE
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if price(task.curve, middle) >= wanted else (middle + 1, high)
    return low


def plan(
    task: Task,
    manifest: Manifest,
    review: Review,
    program: str,
    min_price: int,
    own_score: int | None,
    words: Words,
    now: int,
) -> Iterator[str]:
    """Yield the plan of a commit.

    Args:
        task: its terms.
        manifest: of the task.
        review: of its roster.
        program: the enclaves' program, in words.
        min_price: units of the token.
        own_score: of the model on the developer's own rows, ppm, or None.
        words: for people.
        now: Unix seconds.

    Raises:
        ValueError: no score sells at this min price.
    """
    least = least_score(task, min_price)
    top = task.curve[-1].price
    if least is None:
        raise ValueError(
            f"min price {words.amount(min_price)}, expected at most {words.amount(top)}, which is "
            "the price of the best score"
        )
    yield (
        f"pays now    {words.ether(task.commit_bond + task.entry_fee)}: a bond of "
        f"{words.ether(task.commit_bond)}, back at the reveal, and an entry fee of "
        f"{words.ether(task.entry_fee)}"
    )
    yield f"metric      {manifest.metric} on {manifest.sample_size:,} hidden samples"
    if manifest.confidence:
        yield f"            prices follow a lower bound at {manifest.confidence / MAX_SCORE:.0%}"
    for knot in task.curve:
        yield f"price       {knot.score / MAX_SCORE:.6f}  {words.amount(knot.price)}"
    yield f"sells from  {least / MAX_SCORE:.6f}, at least {words.amount(max(1, min_price))}"
    if own_score is not None:
        worth = words.amount(price(task.curve, own_score))
        yield f"your score  {own_score / MAX_SCORE:.6f} on your rows would be worth {worth}"
    rule = "the best" if manifest.selection is Selection.TOP else "a team of the best"
    yield f"buys        {rule}, at most {task.max_awards}, for {words.amount(task.budget)} in all"
    for name, time in deadlines(task):
        yield f"{name:<11} {words.time(time, now)}"
    yield f"program     {program}"
    for seat, findings in review.seats:
        noted = "".join(f"; {each.value}" for each in sorted(findings, key=lambda one: one.name))
        yield f"opens it    {seat.entry.signing_key} of operator {seat.operator}{noted}"
    for finding in sorted(review.whole, key=lambda each: each.name):
        yield f"note        {finding.value}"
    yield (
        f"note        {review.to_decide} of {len(review.voters)} operators together decide what "
        "is bought; each enclave above can open the model once it is revealed"
    )


def deadlines(task: Task) -> list[tuple[str, int]]:
    """Return the names and times (Unix seconds) of a developer's deadlines, in their order.

    Claims open at the latest after the dispute window of a report that came at its deadline.
    """
    return [
        ("commit by", task.commit_deadline),
        ("reveal by", task.reveal_deadline),
        ("report by", task.report_deadline),
        ("claims at", task.report_deadline + task.dispute_window),
    ]
