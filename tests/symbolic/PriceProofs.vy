# pragma version 0.4.3
"""
@title Properties of prices and awards
@license GNU Affero General Public License v3.0 only
@dev Solvers do not divide symbolic numbers of 256 bits. So segments of curves have a length of two to a power here,
     which compiles to the same `DIV` and is proved as a shift. Bounds and monotony multiply two symbolic numbers and
     compare: they are proved for prices of one byte and segments of four scores.
"""

from contracts.modules.common import award_word
from contracts.modules.market import pricing
from tests.symbolic import proofs

LOW: constant(uint256) = 2**18
LONG: constant(uint256) = 2**19
SHORT: constant(uint256) = 2**2
BUDGET: constant(uint256) = 20  # of two awards of 7, not of three
BYTE: constant(uint256) = 255
# Bits of a knot, and the first bit of its score.
KNOT: constant(uint256) = 128
SCORE: constant(uint256) = 108


@internal
@pure
def _price(_low_price: uint256, _price: uint256, _length: uint256, _score: uint256) -> uint256:
    curve: uint256[4] = empty(uint256[4])
    curve[0] = LOW << SCORE | _low_price | ((LOW + _length) << SCORE | _price) << KNOT
    return pricing._price_on(curve, _score)


@internal
@pure
def _is_on_segment(_score: uint256, _length: uint256) -> bool:
    return _score >= LOW and _score < LOW + _length


# ── A price is the rational interpolation, rounded down ──


@internal
@pure
def _exact(_word_1: uint256, _word_2: uint256, _score: uint256, _rounding: uint256):
    low_price: uint256 = _word_1 & (2**SCORE - 1)
    price: uint256 = _word_2 & (2**SCORE - 1)
    if price < low_price or not self._is_on_segment(_score, LONG):
        return
    rise: uint256 = unsafe_sub(self._price(low_price, price, LONG, _score), low_price)
    exact: uint256 = unsafe_mul(unsafe_sub(price, low_price), unsafe_sub(_score, LOW))
    paid: uint256 = unsafe_mul(rise, LONG)
    proofs._prove(paid <= exact and unsafe_sub(exact, paid) < _rounding)


@external
@pure
def check_price_is_exact(_word_1: uint256, _word_2: uint256, _score: uint256):
    self._exact(_word_1, _word_2, _score, LONG)


@external
@pure
def twin_price_is_exact(_word_1: uint256, _word_2: uint256, _score: uint256):
    self._exact(_word_1, _word_2, _score, LONG - 1)


# ── A price lies between those of its two knots ──


@internal
@pure
def _bounded(_word_1: uint256, _word_2: uint256, _score: uint256, _slack: uint256):
    low_price: uint256 = _word_1 & BYTE
    price: uint256 = _word_2 & BYTE
    score: uint256 = LOW | (_score & (SHORT - 1))
    if price < low_price:
        return
    paid: uint256 = self._price(low_price, price, SHORT, score)
    proofs._prove(low_price <= paid and unsafe_add(paid, _slack) <= price)


@external
@pure
def check_price_is_bounded(_word_1: uint256, _word_2: uint256, _score: uint256):
    self._bounded(_word_1, _word_2, _score, 0)


@external
@pure
def twin_price_is_bounded(_word_1: uint256, _word_2: uint256, _score: uint256):
    self._bounded(_word_1, _word_2, _score, 1)


# ── A higher score is not worth less ──


@internal
@pure
def _monotone(_word_1: uint256, _word_2: uint256, _score: uint256, _other: uint256, _above: bool):
    low_price: uint256 = _word_1 & BYTE
    price: uint256 = _word_2 & BYTE
    score: uint256 = LOW | (_score & (SHORT - 1))
    other: uint256 = LOW | (_other & (SHORT - 1))
    if price < low_price or score > other:
        return
    paid: uint256 = self._price(low_price, price, SHORT, score)
    more: uint256 = self._price(low_price, price, SHORT, other)
    proofs._prove(paid < more if _above else paid <= more)


@external
@pure
def check_price_is_monotone(_word_1: uint256, _word_2: uint256, _score: uint256, _other: uint256):
    self._monotone(_word_1, _word_2, _score, _other, False)


@external
@pure
def twin_price_is_monotone(_word_1: uint256, _word_2: uint256, _score: uint256, _other: uint256):
    self._monotone(_word_1, _word_2, _score, _other, True)


# ── A checked curve: scores rise, prices never fall, none is above the budget ──


@internal
@pure
def _knot(_curve: uint256[4], _i: uint256) -> uint256:
    return (_curve[_i // 2] >> (KNOT * (_i % 2))) & (2**KNOT - 1)


@internal
@pure
def _ordered(_curve: uint256[4], _budget: uint256, _bound: uint256):
    pricing._check_curve(_curve, _budget)
    for i: uint256 in range(7):
        knot: uint256 = self._knot(_curve, i)
        next: uint256 = self._knot(_curve, i + 1)
        if next != 0:
            proofs._prove(knot >> SCORE < next >> SCORE)
            proofs._prove(next >> SCORE <= _bound)
            price: uint256 = next & (2**SCORE - 1)
            proofs._prove(knot & (2**SCORE - 1) <= price and price <= _budget)


@external
@pure
def check_curve_is_ordered(_curve: uint256[4], _budget: uint256):
    self._ordered(_curve, _budget, pricing.MAX_SCORE)


@external
@pure
def twin_curve_is_ordered(_curve: uint256[4], _budget: uint256):
    self._ordered(_curve, _budget, pricing.MAX_SCORE - 1)


# ── Nothing below the first knot ──


@internal
@pure
def _nothing_below(_curve: uint256[4], _budget: uint256, _score: uint256, _from: uint256):
    pricing._check_curve(_curve, _budget)
    if _score < unsafe_add(self._knot(_curve, 0) >> SCORE, _from):
        proofs._prove(pricing._price_on(_curve, _score) == 0)


@external
@pure
def check_price_below_first_knot_is_zero(_curve: uint256[4], _budget: uint256, _score: uint256):
    self._nothing_below(_curve, _budget, _score, 0)


@external
@pure
def twin_price_below_first_knot_is_zero(_curve: uint256[4], _budget: uint256, _score: uint256):
    self._nothing_below(_curve, _budget, _score, 1)


# ── Awards: within budget and number, in order, each submission once ──


@internal
@pure
def _awards(_awards: uint256, _commits: uint256, _max_awards: uint256) -> DynArray[uint256, 8]:
    """
    @dev The payouts of up to three awards on a curve that pays 7 from a score of 500,000 on.
    """
    curve: uint256[4] = empty(uint256[4])
    curve[0] = 500_000 << SCORE | 7
    few: uint256 = _awards & (2**(3 * award_word.AWARD_BITS) - 1)
    return pricing._payouts_of(curve, _max_awards, BUDGET, [few, 0], _commits)


@internal
@pure
def _within_budget(_words: uint256, _commits: uint256, _max_awards: uint256, _budget: uint256):
    spent: uint256 = 0
    payouts: DynArray[uint256, 8] = self._awards(_words, _commits, _max_awards)
    for payout: uint256 in payouts:
        spent += award_word._payout_price(payout)
        proofs._prove(award_word._payout_index(payout) < _commits)
    proofs._prove(spent <= _budget and len(payouts) <= _max_awards)


@external
@pure
def check_awards_within_budget(_words: uint256, _commits: uint256, _max_awards: uint256):
    self._within_budget(_words, _commits, _max_awards, BUDGET)


@external
@pure
def twin_awards_within_budget(_words: uint256, _commits: uint256, _max_awards: uint256):
    self._within_budget(_words, _commits, _max_awards, 13)


@internal
@pure
def _in_order(_words: uint256, _commits: uint256, _max_awards: uint256, _rising: bool):
    payouts: DynArray[uint256, 8] = self._awards(_words, _commits, _max_awards)
    if len(payouts) < 2:
        return
    for i: uint256 in range(2):
        if i + 1 < len(payouts):
            score: uint256 = payouts[i] >> 160
            other: uint256 = payouts[i + 1] >> 160
            index: uint256 = award_word._payout_index(payouts[i])
            after: uint256 = award_word._payout_index(payouts[i + 1])
            proofs._prove(score > other or (score == other and index < after))
            proofs._prove(index != after)
            if _rising:
                proofs._prove(index < after)


@external
@pure
def check_awards_in_order(_words: uint256, _commits: uint256, _max_awards: uint256):
    self._in_order(_words, _commits, _max_awards, False)


@external
@pure
def twin_awards_in_order(_words: uint256, _commits: uint256, _max_awards: uint256):
    self._in_order(_words, _commits, _max_awards, True)
