"""Prices and awards; the contracts' tests use the same vectors."""

# Holds S-6.

import json
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.pricing import Award, Candidate, Knot, check_curve, price, walk, words
from tests.vectors.generate import GOLDEN

VECTORS = json.loads(GOLDEN.read_text())
LINE = (Knot(800_000, 100), Knot(1_000_000, 300))


def knots(packed: list[str]) -> tuple[Knot, ...]:
    halves = (int(each) >> at & 2**128 - 1 for each in packed for at in (0, 128))
    return tuple(Knot(each >> 108, each % 2**108) for each in halves if each)


@st.composite
def curves(draw: Any) -> tuple[Knot, ...]:
    count = draw(st.integers(1, 8))
    scores = draw(st.lists(st.integers(1, MAX_SCORE), min_size=count, max_size=count, unique=True))
    amount = st.integers(0, 2**108 - 1)
    prices = draw(st.lists(amount, min_size=count, max_size=count))
    return tuple(map(Knot, sorted(scores), sorted(prices)))


@pytest.mark.parametrize("vector", VECTORS["prices"])
def test_price__golden_vectors__agrees(vector: dict[str, Any]) -> None:
    curve = knots(vector["curve_words"])
    for score, expected in vector["prices"].items():
        assert price(curve, int(score)) == int(expected)


@pytest.mark.parametrize("vector", VECTORS["walks"], ids=lambda vector: vector["case"])
def test_walk__golden_vectors__agrees(vector: dict[str, Any]) -> None:
    candidates = [
        Candidate(int(each["index"]), int(each["score"]), int(each["min_price"]))
        for each in vector["candidates"]
    ]
    awards = walk(
        knots(vector["curve_words"]), int(vector["budget"]), vector["max_awards"], candidates
    )
    expected = [Award(int(each["index"]), int(each["score"])) for each in vector["awards"]]
    assert list(awards) == expected


@given(curves(), st.integers(0, MAX_SCORE))
def test_price__any_curve__is_the_line_between_knots_rounded_down(
    curve: tuple[Knot, ...], score: int
) -> None:
    if score < curve[0].score:
        exact = Fraction(0)
    else:
        exact = Fraction(curve[-1].price)
        for low, high in pairwise(curve):
            if low.score <= score < high.score:
                slope = Fraction(high.price - low.price, high.score - low.score)
                exact = low.price + slope * (score - low.score)
    assert 0 <= exact - price(curve, score) < 1


@given(curves(), st.integers(0, MAX_SCORE), st.integers(0, MAX_SCORE))
def test_price__higher_score__is_never_lower(curve: tuple[Knot, ...], one: int, other: int) -> None:
    assert price(curve, min(one, other)) <= price(curve, max(one, other))


@pytest.mark.parametrize(
    ("curve", "budget", "reason"),
    [
        ((), 300, "curve of 0 knots, expected 1 to 8"),
        (tuple(Knot(i, i) for i in range(1, 10)), 300, "curve of 9 knots, expected 1 to 8"),
        ((Knot(0, 1),), 300, "first knot at score 0, expected at least 1"),
        ((Knot(0, 1), Knot(5, 2)), 300, "first knot at score 0, expected at least 1"),
        ((Knot(5, 1), Knot(5, 2)), 300, "knot at score 5, expected more than 5"),
        ((Knot(5, 2), Knot(6, 1)), 300, "knot with price 1, expected at least 2"),
        ((Knot(5, 0),), 300, "top price 0, expected 1 to the budget 300"),
        (LINE, 299, "top price 300, expected 1 to the budget 299"),
    ],
)
def test_check_curve__one_that_the_market_refuses__raises(
    curve: tuple[Knot, ...], budget: int, reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        check_curve(curve, budget)


@pytest.mark.parametrize("curve", [LINE, (Knot(1, 0), Knot(2, 300), Knot(3, 300))])
def test_check_curve__top_price_of_the_whole_budget__passes(curve: tuple[Knot, ...]) -> None:
    check_curve(curve, 300)


def test_words__nine_awards__raises() -> None:
    with pytest.raises(ValueError, match=r"^9 entries, expected at most 8$"):
        words([Award(i, 1) for i in range(9)], 64)


# Holds S-6.
@pytest.mark.parametrize(
    ("candidates", "budget", "awards"),
    [
        (
            [(0, 9, 10), (1, 5, 5), (2, 4, 0)],
            9,
            [(1, 5), (2, 4)],
        ),  # 0 does not sell, and is skipped
        ([(0, 9, 0), (1, 5, 0), (2, 1, 0)], 10, [(0, 9)]),  # 1 does not fit, and ends the walk
        ([(0, 9, 10), (1, 9, 0), (2, 8, 0), (3, 7, 0)], 99, [(1, 9), (2, 8)]),
        ([(2, 9, 0), (1, 9, 0), (0, 9, 0)], 99, [(0, 9), (1, 9)]),
        ([*((n, 9, 10) for n in range(99)), (99, 1, 0)], 99, [(99, 1)]),  # the last alone sells
    ],
)
def test_walk__at_most_two_awards__skips_what_does_not_sell_and_ends_at_the_budget(
    candidates: list[tuple[int, int, int]], budget: int, awards: list[tuple[int, int]]
) -> None:
    curve, offered = (Knot(1, 1), Knot(9, 9)), [Candidate(*each) for each in candidates]
    assert walk(curve, budget, 2, offered) == tuple(Award(*each) for each in awards)
