"""Awards that the market accepts, and their prices: as specified, and as enclaves choose them."""

# Holds I-5.

from collections.abc import Sequence

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.packing import payout_words
from offchain.protocol import pricing
from offchain.protocol.pricing import Candidate, walk
from tests import reasons
from tests import sale as parts
from tests.inprocess import deployer, refuses
from tests.sale import Task, payouts_of
from tests.stateful.task_state import acceptable

BENCH = """
from contracts.modules.market import pricing
from interfaces import Types

@external
@pure
def payouts_of(_task: Types.Task, _awards: uint256[2], _commits: uint256) -> DynArray[uint256, 8]:
    return pricing._payouts_of(
        _task.curve, _task.max_awards, _task.budget, _awards, _commits
    )
"""

NOBODY = "0x" + "11" * 20
SCORES = st.one_of(st.integers(0, 10**6), st.sampled_from([499_999, 500_000, 500_001, 10**6]))


@pytest.fixture(scope="module")
def harness():
    deployer("contracts/ModelMarket.vy")  # sets the search paths
    return boa.loads(BENCH)


@st.composite
def tasks(draw) -> Task:
    """Tasks of two knots whose budget does not always last."""
    low, top = sorted(draw(st.tuples(st.integers(0, 40), st.integers(1, 40))))
    terms = {
        "curve": parts.curve((500_000, low), (1_000_000, top)),
        "budget": top * draw(st.integers(1, 4)) + draw(st.integers(0, 9)),
        "max_awards": draw(st.integers(1, 8)),
    }
    return parts.task(NOBODY, [], bytes(32), 0, **terms)


@st.composite
def lists(draw) -> Sequence[tuple[int, int]]:
    """Pairs of index and score, mostly in the order of a report."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 9), SCORES), max_size=8))
    if draw(st.integers(0, 3)):
        pairs = sorted(dict(pairs).items(), key=lambda pair: (-pair[1], pair[0]))
    return pairs


@given(task=tasks(), pairs=lists(), commits=st.integers(1, 10))
def test_payouts_of__any_list__accepted_and_paid_as_specified(harness, task, pairs, commits):
    words = parts.awards(*pairs)
    if acceptable(task, words, commits):
        assert harness.payouts_of(task, words, commits) == payouts_of(task, words)
    else:
        with refuses(reasons.BAD_AWARDS):
            harness.payouts_of(task, words, commits)


# Holds I-5.
@pytest.mark.parametrize("missing", [0, 1])
def test_payouts_of__prices_together__up_to_the_budget(harness, missing):
    scores = [(0, 900_000), (1, 800_000), (2, 800_000)]
    terms = {"curve": parts.curve((500_000, 10), (1_000_000, 20)), "max_awards": 3}
    words, dear = parts.awards(*scores), parts.task(NOBODY, [], bytes(32), 0, **terms)
    prices = sum(dear.price(score) for _, score in scores)
    task = dear._replace(budget=prices - missing)
    if missing:
        with refuses(reasons.BAD_AWARDS):
            harness.payouts_of(task, words, 3)
    else:
        assert harness.payouts_of(task, words, 3) == payouts_of(task, words)


# Holds S-7.
@pytest.mark.parametrize(
    "fifth",
    [(8, 900_001), (5, 900_000), (6, 800_000), (9 + 2**20, 800_000)],
    ids=["better", "tie out of order", "index of the first", "index above 20 bits"],
)
def test_payouts_of__fifth_award_at_fault__refused(harness, fifth):
    """The second word of awards goes on where the first one ends."""
    terms = {"curve": parts.curve((500_000, 10)), "budget": 80, "max_awards": 8}
    task = parts.task(NOBODY, [], bytes(32), 0, **terms)
    first = [(index, 900_000) for index in (6, 7, 10, 11)]
    right = parts.awards(*first, (8, 800_000))
    assert harness.payouts_of(task, right, 12) == payouts_of(task, right)
    with refuses(reasons.BAD_AWARDS):
        harness.payouts_of(task, parts.awards(*first, fifth), 12)


@given(task=tasks(), words=st.lists(st.integers(0, 2**256 - 1), min_size=2, max_size=2))
def test_payouts_of__any_words__never_more_than_the_budget(harness, task, words):
    if not acceptable(task, words, 2**20):
        with refuses(reasons.BAD_AWARDS):
            harness.payouts_of(task, words, 2**20)
    else:
        paid = sum(payout % 2**128 for payout in harness.payouts_of(task, words, 2**20))
        assert paid <= task.budget


@given(
    task=tasks(),
    entries=st.lists(st.tuples(SCORES, st.integers(0, 45)), min_size=1, max_size=12),
)
def test_walk__any_candidates__what_enclaves_choose_the_market_pays(harness, task, entries):
    """To the wei, above every reserve price, and with nobody left out who had to be in."""
    candidates = [Candidate(n, score, floor) for n, (score, floor) in enumerate(entries)]
    knots = task.knots()
    chosen = walk(knots, task.budget, task.max_awards, candidates)
    words = tuple(pricing.words(chosen, 64))
    payouts = harness.payouts_of(task, words, len(entries))
    assert payouts == payout_words(knots, chosen)
    floors = [entries[award.index][1] for award in chosen]
    assert all(payout % 2**128 >= floor for payout, floor in zip(payouts, floors, strict=True))
    left = task.budget - sum(payout % 2**128 for payout in payouts)
    taken = {award.index for award in chosen}
    waiting = [each for each in candidates if each.index not in taken]
    selling = [each for each in waiting if task.price(each.score) >= max(each.min_price, 1)]
    for each in selling:
        fits = len(chosen) < task.max_awards and task.price(each.score) <= left
        better = any(other.score > each.score for other in selling if other is not each)
        assert not fits or better
