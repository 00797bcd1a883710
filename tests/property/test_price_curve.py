"""The price of a score: monotone, bounded, and the same in Vyper, in Python and by the book."""

# Holds I-5.

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol import pricing
from offchain.protocol.pricing import Knot, check_curve
from tests import reasons
from tests.inprocess import refuses
from tests.sale import curve, packed, unpacked

MAX = 10**6
TOP = 2**108 - 1
SCORES = st.integers(0, MAX)
AMOUNTS = st.one_of(st.integers(0, 9), st.integers(0, TOP), st.integers(TOP - 9, TOP))
Knots = list[tuple[int, int]]


@st.composite
def curves(draw) -> Knots:
    """Knots of a valid curve."""
    scores = sorted(draw(st.sets(st.integers(1, MAX), min_size=1, max_size=8)))
    prices = draw(st.lists(AMOUNTS, min_size=len(scores), max_size=len(scores)))
    prices = sorted(prices)
    prices[-1] = max(prices[-1], 1)
    return list(zip(scores, prices, strict=True))


def by_the_book(knots: Knots, score: int) -> Fraction:
    """The exact price before it is rounded down (docs/SPEC.md, "Price")."""
    if score < knots[0][0]:
        return Fraction(0)
    for (low, low_price), (high, high_price) in pairwise(knots):
        if low <= score < high:
            share = Fraction(score - low, high - low)
            return low_price + (high_price - low_price) * share
    return Fraction(knots[-1][1])


@given(knots=curves(), score=SCORES)
def test_price__any_curve_and_score__rounded_down_by_less_than_a_unit(chain, knots, score):
    price, exact = chain.market.price(curve(*knots), score), by_the_book(knots, score)
    assert price <= exact < price + 1
    assert price == pricing.price([Knot(*knot) for knot in knots], score)


@given(knots=curves(), scores=st.tuples(SCORES, SCORES))
def test_price__higher_score__no_lower_price_and_never_above_the_top(chain, knots, scores):
    low, high = (chain.market.price(curve(*knots), score) for score in sorted(scores))
    assert 0 <= low <= high <= knots[-1][1]


# Holds S-5.
@given(knots=curves())
def test_price__at_the_knots__theirs(chain, knots):
    words = curve(*knots)
    for score, price in knots:
        assert chain.market.price(words, score) == price
    assert chain.market.price(words, knots[0][0] - 1) == 0
    assert chain.market.price(words, 2**256 - 1) == knots[-1][1]


# Holds S-4.
@given(knots=curves(), data=st.data())
def test_price__not_a_curve__refused(chain, knots, data):
    words, top = unpacked(curve(*knots), 128), knots[-1][1]
    last = len(knots) - 1
    place = data.draw(st.integers(0, last))
    score, price = knots[place]
    faults = {
        "no knot": [0] * 8,
        "worth nothing": [score << 108, *[0] * 7],
        "score of zero": [price or 1, *words[1:]],
        "score too high": [*words[:last], (MAX + 1) << 108 | top, *words[last + 1 :]],
        "scores do not rise": [*words[: last + 1], words[last], *words[last + 2 :]][:8],
        "prices fall": [
            *words[: last + 1],
            (knots[-1][0] + 1) << 108 | top - 1,
            *words[last + 2 :],
        ],
        "something after the last": [*words[: last + 1], 0, words[last] + 1, *[0] * 8][:8],
    }
    if last >= 6:  # no room behind the last knot
        faults = {name: faults[name] for name in list(faults)[:4]}
    fault = data.draw(st.sampled_from(sorted(faults)))
    with refuses(reasons.BAD_CURVE):
        chain.market.price(packed(faults[fault], 128), score)


@given(knots=curves(), over=st.integers(1, 10))
def test_check_curve__top_above_the_budget__refused(knots, over):
    made = [Knot(*knot) for knot in knots]
    check_curve(made, knots[-1][1])
    with pytest.raises(ValueError, match="top price"):
        check_curve(made, knots[-1][1] - over)
