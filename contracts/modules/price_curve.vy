# pragma version 0.4.3
"""
@title The price of a score
@license GNU Affero General Public License v3.0 only
@notice One to eight knots `score << 128 | price`, linear between them, zero below the first, flat above the last
        (docs/SPEC.md, "Price").
"""

from contracts.modules import errors

KNOTS: constant(uint256) = 8
MAX_SCORE: constant(uint256) = 1_000_000
MAX_AMOUNT: constant(uint256) = 2**128 - 1


@internal
@pure
def _check(_curve: uint256[8], _budget: uint256):
    """
    @dev Scores rise strictly from at least 1 to at most MAX_SCORE, prices never fall, the top price is above zero and
         within the budget, and nothing follows the last knot.
    """
    score: uint256 = 0
    price: uint256 = 0
    ended: bool = False
    for knot: uint256 in _curve:
        if knot == 0:
            ended = True
            continue
        if ended or knot >> 128 <= score:
            errors._revert(errors.BAD_CURVE)
        if knot & MAX_AMOUNT < price:
            errors._revert(errors.BAD_CURVE)
        score = knot >> 128
        price = knot & MAX_AMOUNT
    if score > MAX_SCORE:
        errors._revert(errors.BAD_CURVE)
    if price == 0 or price > _budget:
        errors._revert(errors.BAD_CURVE)


@internal
@pure
def _price(_curve: uint256[8], _score: uint256) -> uint256:
    """
    @dev The curve has been checked, so nothing under- or overflows: prices are below 2**128, scores at most 10**6.
    """
    low_score: uint256 = 0
    low_price: uint256 = 0
    for knot: uint256 in _curve:
        if knot == 0:
            break
        score: uint256 = knot >> 128
        price: uint256 = knot & MAX_AMOUNT
        if _score < score:
            if low_score == 0:
                return 0
            # Rounded down, in the provider's favour, by less than one unit.
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
    return low_price
