"""create_task: every field of a task at its limits and beyond them, and deadlines to the second."""

import pytest

from tests.deployment import MIN_TOLERANCE, SEAT_BOND
from tests.inprocess import deploy, refuses
from tests.reasons import (
    BAD_AWARD_COUNT,
    BAD_BENCHMARK,
    BAD_BOND,
    BAD_BUDGET,
    BAD_CURVE,
    BAD_DEADLINE,
    BAD_ENTRY_FEE,
    BAD_KEY,
    BAD_MEASUREMENT,
    BAD_QUORUM,
    BAD_ROSTER,
    BAD_STAKE,
    BAD_SUBMISSION_COUNT,
    BAD_TOLERANCE,
    BAD_WINDOW,
)
from tests.sale import DAY, ETHER, GWEI, HOUR, OPEN, TASK_URI, curve

LOW_ORDER = bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7")
"""Of order 8, with the bit set that RFC 7748 ignores."""


@pytest.fixture(scope="module")
def token():
    """Nobody has any: a task in it that is not refused for its terms fails for the money."""
    return deploy("testing/PlainToken", 18)


def refused(chain, task, reason):
    with refuses(reason):
        chain.market.create_task(task, TASK_URI, sender=task.provider)


# ── Every field at its limits ──

EIGHT_KNOTS = curve(*((score, score) for score in (1, 2, 3, 4, 5, 6, 7, 1_000_000)))

ACCEPTED = {
    "benchmark_fee: none": {"benchmark_fee": 0},
    "max_awards: least": {"max_awards": 1},
    "max_awards: most": {"max_awards": 8},
    "quorum: least": {"quorum": 1},
    "quorum: most": {"quorum": 3},
    "tolerance: least": {"tolerance": MIN_TOLERANCE},
    "tolerance: most": {"tolerance": 1_000_000},
    "min_stake: the bond of one signer": {"quorum": 1, "min_stake": 3 * SEAT_BOND},
    "min_stake: a third of the bond": {"quorum": 3, "min_stake": -(-7 * SEAT_BOND // 3)},
    "min_stake: most": {"min_stake": 2**128 - 1},
    "max_submissions: least": {"max_submissions": 1},
    "max_submissions: most": {"max_submissions": 2**20 - 1},
    "commit_bond: none": {"commit_bond": 0},
    "commit_bond: most": {"commit_bond": (2**48 - 1) * GWEI},
    "entry_fee: none": {"entry_fee": 0},
    "entry_fee: most": {"entry_fee": (2**48 - 1) * GWEI},
    "windows: shortest": {"dispute_window": DAY, "verdict_window": DAY, "claim_window": DAY},
    "windows: longest": {
        "dispute_window": 7 * DAY,
        "verdict_window": 7 * DAY,
        "claim_window": 7 * DAY,
    },
    "curve: one knot at the first score": {"curve": curve((1, 1))},
    "curve: one knot at the last score": {"curve": curve((1_000_000, 1))},
    "curve: eight knots": {"curve": EIGHT_KNOTS},
    "curve: flat": {"curve": curve((1, 5), (2, 5))},
    "curve: from nothing": {"curve": curve((1, 0), (2, 1))},
    "curve: up to the budget": {"curve": curve((1, 10 * ETHER))},
    "delivery_key: any of high order": {"delivery_key": b"\xff" * 32},
}


@pytest.mark.parametrize("terms", ACCEPTED.values(), ids=ACCEPTED)
def test_create_task__field_at_its_limit__is_accepted(chain, terms):
    task = chain.task(**terms)
    chain.create(task)
    assert chain.progress(task).stage == OPEN


REFUSED = {
    "budget: one too large": ({"budget": 2**128}, BAD_BUDGET),
    "benchmark_fee: one too large": ({"benchmark_fee": 2**128}, BAD_BUDGET),
    "max_awards: none": ({"max_awards": 0}, BAD_AWARD_COUNT),
    "max_awards: one too many": ({"max_awards": 9}, BAD_AWARD_COUNT),
    "max_awards: all bits": ({"max_awards": 2**256 - 1}, BAD_AWARD_COUNT),
    "max_submissions: none": ({"max_submissions": 0}, BAD_SUBMISSION_COUNT),
    "max_submissions: one too many": ({"max_submissions": 2**20}, BAD_SUBMISSION_COUNT),
    "commit_bond: not whole gwei": ({"commit_bond": GWEI + 1}, BAD_BOND),
    "commit_bond: one gwei too large": ({"commit_bond": 2**48 * GWEI}, BAD_BOND),
    "entry_fee: not whole gwei": ({"entry_fee": GWEI - 1}, BAD_ENTRY_FEE),
    "entry_fee: one gwei too large": ({"entry_fee": 2**48 * GWEI}, BAD_ENTRY_FEE),
    "benchmark: none": ({"benchmark": bytes(32)}, BAD_BENCHMARK),
    "measurement: none": ({"measurement": bytes(32)}, BAD_MEASUREMENT),
    "roster: none": ({"roster": bytes(32)}, BAD_ROSTER),
    "quorum: none": ({"quorum": 0}, BAD_QUORUM),
    "quorum: one too many": ({"quorum": 4}, BAD_QUORUM),
    "quorum: all bits": ({"quorum": 2**256 - 1}, BAD_QUORUM),
    "tolerance: one too small": ({"tolerance": MIN_TOLERANCE - 1}, BAD_TOLERANCE),
    "tolerance: one too large": ({"tolerance": 1_000_001}, BAD_TOLERANCE),
    "min_stake: one wei below one signer's fine": ({"min_stake": 3 * SEAT_BOND - 1}, BAD_STAKE),
    "min_stake: one wei below a third of the bond": (
        {"quorum": 3, "min_stake": 7 * SEAT_BOND // 3},
        BAD_STAKE,
    ),
    "min_stake: one too large": ({"min_stake": 2**128}, BAD_STAKE),
    "min_stake: so large that it would wrap": ({"quorum": 3, "min_stake": 2**255}, BAD_STAKE),
    "delivery_key: none": ({"delivery_key": bytes(32)}, BAD_KEY),
    "delivery_key: low order": ({"delivery_key": LOW_ORDER}, BAD_KEY),
    "dispute_window: one second too short": ({"dispute_window": DAY - 1}, BAD_WINDOW),
    "dispute_window: one second too long": ({"dispute_window": 7 * DAY + 1}, BAD_WINDOW),
    "verdict_window: one second too short": ({"verdict_window": DAY - 1}, BAD_WINDOW),
    "verdict_window: one second too long": ({"verdict_window": 7 * DAY + 1}, BAD_WINDOW),
    "claim_window: one second too short": ({"claim_window": DAY - 1}, BAD_WINDOW),
    "claim_window: one second too long": ({"claim_window": 7 * DAY + 1}, BAD_WINDOW),
    "curve: empty": ({"curve": curve()}, BAD_CURVE),
    "curve: a score of zero": ({"curve": curve((0, 1), (1, 2))}, BAD_CURVE),
    "curve: a score twice": ({"curve": curve((5, 1), (5, 2))}, BAD_CURVE),
    "curve: falling scores": ({"curve": curve((5, 1), (4, 2))}, BAD_CURVE),
    "curve: falling prices": ({"curve": curve((5, 2), (6, 1))}, BAD_CURVE),
    "curve: prices that fall between words": (
        {"curve": curve((5, 1), (6, 3), (7, 2))},
        BAD_CURVE,
    ),
    "curve: a score too large": ({"curve": curve((5, 1), (1_000_001, 2))}, BAD_CURVE),
    "curve: a score of all bits": ({"curve": curve((2**20 - 1, 1))}, BAD_CURVE),
    "curve: a gap": ({"curve": (*curve((5, 1))[:1], 0, *curve((6, 2))[:2])}, BAD_CURVE),
    "curve: a gap in a word": ({"curve": (*curve((1, 1), (2, 1), (0, 0), (6, 2)),)}, BAD_CURVE),
    "curve: only after a gap": ({"curve": (0, *curve((6, 2))[:3])}, BAD_CURVE),
    "curve: only in the last half": ({"curve": (0, 0, 0, curve((0, 0), (6, 2))[0])}, BAD_CURVE),
    "curve: a knot alone in a high half": (
        {"curve": (curve((1, 1))[0], curve((0, 0), (6, 2))[0], 0, 0)},
        BAD_CURVE,
    ),
    "curve: worth nothing": ({"curve": curve((1, 0), (2, 0))}, BAD_CURVE),
    "curve: one above the budget": ({"curve": curve((1, 10 * ETHER + 1))}, BAD_CURVE),
    "curve: its end above the budget": (
        {"curve": curve((1, 1), (2, 10 * ETHER + 1))},
        BAD_CURVE,
    ),
    "curve: its end above the budget, in another word": (
        {"curve": curve((1, 1), (2, 2), (3, 10 * ETHER + 1))},
        BAD_CURVE,
    ),
}


# Holds S-11.
@pytest.mark.parametrize(("terms", "reason"), REFUSED.values(), ids=REFUSED)
def test_create_task__field_beyond_its_limit__is_refused(chain, token, terms, reason):
    refused(chain, chain.task(token=token.address, **terms), reason)


# ── Deadlines, to the second ──


def dated(chain, commit=DAY, reveal=DAY, report=DAY):
    """A task whose deadlines follow now and one another by so many seconds."""
    start = chain.now
    return chain.task(
        commit_deadline=start + commit,
        reveal_deadline=start + commit + reveal,
        report_deadline=start + commit + reveal + report,
    )


@pytest.mark.parametrize(
    "steps",
    [
        {"commit": 1},
        {"commit": 30 * DAY},
        {"reveal": 6 * HOUR},
        {"reveal": 7 * DAY},
        {"report": 6 * HOUR},
        {"report": 7 * DAY},
    ],
    ids=str,
)
def test_create_task__deadline_at_its_limit__is_accepted(chain, steps):
    task = dated(chain, **steps)
    chain.create(task)
    assert chain.progress(task).stage == OPEN


# Holds S-12.
@pytest.mark.parametrize(
    "steps",
    [
        {"commit": 0},
        {"commit": -1},
        {"commit": 30 * DAY + 1},
        {"reveal": 6 * HOUR - 1},
        {"reveal": 7 * DAY + 1},
        {"report": 6 * HOUR - 1},
        {"report": 7 * DAY + 1},
        {"reveal": -DAY},
        {"report": -DAY},
    ],
    ids=str,
)
def test_create_task__deadline_beyond_its_limit__is_refused(chain, token, steps):
    refused(chain, dated(chain, **steps)._replace(token=token.address), BAD_DEADLINE)


def test_create_task__deadlines_that_would_wrap__revert(chain, token):
    far = 2**256 - 1
    task = chain.task(token=token.address, reveal_deadline=far, report_deadline=far)
    refused(chain, task, BAD_DEADLINE)
