# pragma version 0.4.3
"""
@title Pricing: what a score is worth, and what the awards of a report pay
@license GNU Affero General Public License v3.0 only
@notice A price curve has one to eight knots `score << 108 | price`, two in a word (docs/SPEC.md, "Packed words"). The
        price is linear between two knots, zero below the first and constant above the last.
"""

from contracts.modules.common import award_word
from contracts.modules.common import errors
from interfaces import Types

MAX_SCORE: constant(uint256) = 1_000_000
# Greatest amount of a task. No price is above it, so each price fits the word of its payout.
MAX_AMOUNT: constant(uint256) = award_word.MAX_PRICE

# ── Layout of a word of the curve ──

_KNOT_BITS: constant(uint256) = 128
_MAX_KNOT: constant(uint256) = 2**_KNOT_BITS - 1
_SCORE_SHIFT: constant(uint256) = 108
_MAX_KNOT_PRICE: constant(uint256) = 2**_SCORE_SHIFT - 1


# ── Views ──


@external
@pure
def price(_curve: uint256[4], _score: uint256) -> uint256:
    """
    @dev See `IModelMarket.price`.
    """
    self._check_curve(_curve, MAX_AMOUNT)
    return self._price_on(_curve, _score)


# ── Internal ──


@internal
@pure
def _check_curve(_curve: uint256[4], _budget: uint256):
    """
    @dev Reverts unless the knots are a curve: scores rise strictly from at least 1 to at most MAX_SCORE, prices never
         fall, the last price is above zero and within the budget, and only zeros follow the last knot.
    """
    score: uint256 = 0
    price: uint256 = 0
    ended: bool = False
    for word: uint256 in _curve:
        knots: uint256 = word
        if ended and knots != 0:
            errors._revert(errors.BAD_CURVE)
        for _: uint256 in range(2):
            if knots == 0:
                ended = True
                break
            knot: uint256 = knots & _MAX_KNOT
            # A knot of zero before another knot fails here too.
            if knot >> _SCORE_SHIFT <= score or knot & _MAX_KNOT_PRICE < price:
                errors._revert(errors.BAD_CURVE)
            score = knot >> _SCORE_SHIFT
            price = knot & _MAX_KNOT_PRICE
            knots >>= _KNOT_BITS
    if score > MAX_SCORE or price == 0 or price > _budget:
        errors._revert(errors.BAD_CURVE)


@internal
@pure
def _price_on(_curve: uint256[4], _score: uint256) -> uint256:
    """
    @dev The curve must have been checked. Then prices are below 2**108 and scores at most 10**6, so nothing under- or
         overflows.
    """
    low_score: uint256 = 0
    low_price: uint256 = 0
    for word: uint256 in _curve:
        knots: uint256 = word
        for _: uint256 in range(2):
            if knots == 0:
                return low_price
            score: uint256 = (knots & _MAX_KNOT) >> _SCORE_SHIFT
            price: uint256 = knots & _MAX_KNOT_PRICE
            if _score < score:
                if low_score == 0:
                    return 0
                # Rounded down in the provider's favour, by less than one unit.
                return unsafe_add(
                    low_price,
                    unsafe_div(
                        unsafe_mul(
                            unsafe_sub(price, low_price),
                            unsafe_sub(_score, low_score),
                        ),
                        unsafe_sub(score, low_score),
                    ),
                )
            low_score = score
            low_price = price
            knots >>= _KNOT_BITS
    return low_price


@internal
@pure
def _payouts_of(
    _curve: uint256[4],
    _max_awards: uint256,
    _budget: uint256,
    _awards: uint256[2],
    _commit_count: uint256,
) -> DynArray[uint256, 8]:
    """
    @dev The payouts of a report's awards. Awards must come by falling score, and by rising index where scores are
         equal. No index may occur twice, every award must have a price above zero, and all prices together must fit
         the budget. A developer's minimum price is checked when it claims.
    """
    # A second word follows four awards only.
    if _awards[1] != 0 and _awards[0] >> (3 * award_word.AWARD_BITS) == 0:
        errors._revert(errors.BAD_AWARDS)
    payouts: DynArray[uint256, 8] = []
    last: uint256 = max_value(uint256)
    spent: uint256 = 0
    for word: uint256 in _awards:
        awards: uint256 = word
        for _: uint256 in range(4):
            if awards == 0:
                break
            award: uint256 = awards & award_word.MAX_AWARD
            score: uint256 = award >> award_word.SCORE_SHIFT
            index: uint256 = award & award_word.MAX_INDEX
            # The score, then the complement of the index, as one number, which must fall strictly from award to award.
            order: uint256 = award ^ award_word.MAX_INDEX
            if score > MAX_SCORE or index >= _commit_count or order >= last:
                errors._revert(errors.BAD_AWARDS)
            last = order
            for other: uint256 in payouts:
                if (other >> award_word.AWARD_SHIFT) & award_word.MAX_INDEX == index:
                    errors._revert(errors.BAD_AWARDS)
            price: uint256 = self._price_on(_curve, score)
            # An award of zero before another award has no price.
            if price == 0:
                errors._revert(errors.BAD_AWARDS)
            spent = unsafe_add(spent, price)
            payouts.append((award << award_word.AWARD_SHIFT) | price)
            awards >>= award_word.AWARD_BITS
    if len(payouts) > _max_awards or spent > _budget:
        errors._revert(errors.BAD_AWARDS)
    return payouts
