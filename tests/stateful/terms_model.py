"""The terms of a task that a market takes (`IModelMarket.create_task`)."""

from collections.abc import Sequence

from tests import reasons
from tests.deployment import MIN_TOLERANCE
from tests.sale import DAY, GWEI, HOUR, RosterEntry, Task, panel_size, unpacked

MAX_AMOUNT = 2**128 - 1
MAX_SCORE = 10**6

LOW_ORDER = (
    bytes(32),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7"),
)
"""Two of the X25519 keys that share no secret."""

Condition = tuple[bool, str]


def conditions(task: Task, seat_bond: int, now: int) -> list[Condition]:
    """Everything that must hold, with the reason why it does not."""
    windows = task.dispute_window, task.verdict_window, task.claim_window
    steps = (
        task.reveal_deadline - task.commit_deadline,
        task.report_deadline - task.reveal_deadline,
    )
    return [
        (max(task.budget, task.benchmark_fee) <= MAX_AMOUNT, reasons.BAD_BUDGET),
        (is_curve(task.curve, task.budget), reasons.BAD_CURVE),
        (1 <= task.max_awards <= 8, reasons.BAD_AWARD_COUNT),
        (1 <= task.max_submissions < 2**20, reasons.BAD_SUBMISSION_COUNT),
        (is_gwei(task.commit_bond), reasons.BAD_BOND),
        (is_gwei(task.entry_fee), reasons.BAD_ENTRY_FEE),
        (any(task.benchmark), reasons.BAD_BENCHMARK),
        (any(task.measurement), reasons.BAD_MEASUREMENT),
        (any(task.roster), reasons.BAD_ROSTER),
        (1 <= task.quorum <= 3, reasons.BAD_QUORUM),
        (MIN_TOLERANCE <= task.tolerance <= MAX_SCORE, reasons.BAD_TOLERANCE),
        (
            task.min_stake * task.quorum >= task.bond(seat_bond) and task.min_stake <= MAX_AMOUNT,
            reasons.BAD_STAKE,
        ),
        (task.delivery_key not in LOW_ORDER, reasons.BAD_KEY),
        (now < task.commit_deadline <= now + 30 * DAY, reasons.BAD_DEADLINE),
        (all(6 * HOUR <= step <= 7 * DAY for step in steps), reasons.BAD_DEADLINE),
        (all(DAY <= window <= 7 * DAY for window in windows), reasons.BAD_WINDOW),
    ]


def is_gwei(amount: int) -> bool:
    """Return whether a bond or fee is whole gwei, and few enough of them."""
    return amount % GWEI == 0 and amount // GWEI < 2**48


def is_curve(words: Sequence[int], budget: int) -> bool:
    """Return whether prices rise with their scores, from a first knot on and up to the budget."""
    knots = unpacked(words, 128)
    count = next((n for n, knot in enumerate(knots) if not knot), len(knots))
    scores = [knot >> 108 for knot in knots[:count]]
    prices = [knot % 2**108 for knot in knots[:count]]
    return (
        count > 0
        and not any(knots[count:])
        and scores == sorted(set(scores))
        and prices == sorted(prices)
        and scores[0] >= 1
        and scores[-1] <= MAX_SCORE
        and 0 < prices[-1] <= budget
    )


def is_roster(entries: Sequence[RosterEntry], quorum: int) -> bool:
    """Return whether a roster has room for signers and panel, and names no enclave twice."""
    keys = [int(entry.signing_key, 16) for entry in entries]
    return len(keys) >= quorum + panel_size(quorum) and keys == sorted(set(keys)) and keys[0] > 0
