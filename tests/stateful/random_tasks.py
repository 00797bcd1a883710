"""Random tasks: valid ones, and some with a term at a bound or beyond it."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from tests import sale as parts
from tests.deployment import MIN_TOLERANCE, SEAT_BOND
from tests.sale import (
    DAY,
    GWEI,
    HOUR,
    RosterEntry,
    Task,
)
from tests.stateful.draws import now_and_then, pick, sometimes
from tests.stateful.terms_model import LOW_ORDER
from tests.stateful.world import DEAD, ContractAndModel, World

STEPS = [6 * HOUR, 6 * HOUR, DAY, 7 * DAY]
WINDOWS = [DAY, 3 * DAY, 7 * DAY]
CROWD = 9
"""Submissions of which eight can win: their awards need two words."""
AMOUNTS = st.one_of(st.integers(1, 40), st.integers(1, 10**20))


@st.composite
def terms(draw: Callable[..., Any], world: World) -> dict[str, Any]:
    """Draw a valid task of the world's accounts and enclaves, without its times."""
    count = draw(st.integers(1, 8))
    scores = draw(st.sets(st.integers(1, 10**6), min_size=count, max_size=count))
    prices = sorted(draw(st.lists(AMOUNTS, min_size=count, max_size=count)))
    quorum = draw(st.integers(1, 3))
    least = -(-SEAT_BOND * parts.panel_size(quorum) // quorum)
    return {
        "provider": draw(st.sampled_from(world.providers)),
        "token": draw(st.sampled_from([*world.tokens, str(world.configurable.address)])),
        "budget": prices[-1] * draw(st.sampled_from([1, 2, 3, 8])) + draw(st.integers(0, 9)),
        "benchmark_fee": draw(st.one_of(st.just(0), AMOUNTS)),
        "max_awards": draw(st.sampled_from([1, 2, 3, 8])),
        "quorum": quorum,
        "min_stake": draw(st.sampled_from([least, 2 * least])),
        "max_submissions": draw(st.sampled_from([1, 2, 3, 4, 5, CROWD])),
        "commit_bond": draw(st.sampled_from([0, GWEI, 7 * GWEI, 10**17])),
        "entry_fee": draw(st.sampled_from([0, GWEI, 10**16])),
        "curve": parts.curve(*zip(sorted(scores), prices, strict=True)),
        "tolerance": draw(st.sampled_from([1_000, 50_000])),
        "dispute_window": draw(st.sampled_from(WINDOWS)),
        "verdict_window": draw(st.sampled_from(WINDOWS)),
        "claim_window": draw(st.sampled_from(WINDOWS)),
    }


MOST = 2**128 - 1
BOUNDS: dict[str, Sequence[Any]] = {
    "token": [DEAD],
    "budget": [0, MOST, MOST + 1],
    "benchmark_fee": [MOST, MOST + 1],
    "curve": [parts.curve(), parts.curve((5, 1), (5, 2)), parts.curve((1, 1), (10**6, 1))],
    "max_awards": [0, 1, 8, 9],
    "max_submissions": [0, 1, 2**20 - 1, 2**20],
    "commit_bond": [GWEI + 1, (2**48 - 1) * GWEI, 2**48 * GWEI],
    "entry_fee": [GWEI - 1, (2**48 - 1) * GWEI, 2**48 * GWEI],
    "benchmark": [bytes(32)],
    "measurement": [bytes(32)],
    "roster": [bytes(32)],
    "quorum": [0, 1, 3, 4],
    "tolerance": [MIN_TOLERANCE - 1, MIN_TOLERANCE, 10**6, 10**6 + 1],
    "min_stake": [0, 3 * SEAT_BOND - 1, 3 * SEAT_BOND, MOST, MOST + 1],
    "delivery_key": [*LOW_ORDER, b"\xff" * 32],
    "dispute_window": [DAY - 1, DAY, 7 * DAY, 7 * DAY + 1],
    "verdict_window": [DAY - 1, DAY, 7 * DAY, 7 * DAY + 1],
    "claim_window": [DAY - 1, DAY, 7 * DAY, 7 * DAY + 1],
}
"""Terms at their bounds and beyond."""


def draw_task(
    data: Any, both: ContractAndModel, nonce: int, entries: Sequence[RosterEntry]
) -> Task:
    """A valid task; sometimes one of its terms is at a bound, or beyond it."""
    chain = both.world.chain
    commits = [1, HOUR, HOUR, 12 * HOUR, 12 * HOUR]
    commit, reveal, report = (
        now_and_then(data, data.draw(st.sampled_from(usual)), unusual)
        for usual, unusual in (
            (commits, [0, 30 * DAY, 30 * DAY + 1]),
            (STEPS, [6 * HOUR - 1, 7 * DAY + 1]),
            (STEPS, [6 * HOUR - 1, 7 * DAY + 1]),
        )
    )
    task = parts.task(
        entries=entries,
        measurement=chain.measurement,
        now=chain.now,
        nonce=nonce,
        commit_deadline=chain.now + commit,
        reveal_deadline=chain.now + commit + reveal,
        report_deadline=chain.now + commit + reveal + report,
        **data.draw(terms(both.world)),
    )
    term = sometimes(data, "", sorted(BOUNDS))
    return task._replace(**{term: pick(data, BOUNDS[term])}) if term else task
