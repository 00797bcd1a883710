# pragma version 0.4.3
"""
@title From the awards of a report to what each of them pays
@license GNU Affero General Public License v3.0 only
@notice Awards are words `score << 32 | index`, payouts `index << 128 | price` (docs/SPEC.md, "Awards").
"""

from contracts.modules import errors
from contracts.modules import price_curve
from interfaces import Types

_MASK_32: constant(uint256) = 2**32 - 1


@internal
@pure
def _of_awards(_task: Types.Task, _awards: uint256[8], _commits: uint256) -> (uint256[8], uint256):
    """
    @dev Awards come by falling score, ties by rising index, no index twice; every one has a price, and all of them
         fit the budget. What a developer asks at least is checked when it claims.
    @return The payouts, and how many there are.
    """
    payouts: uint256[8] = empty(uint256[8])
    count: uint256 = 0
    last: uint256 = 0
    spent: uint256 = 0
    ended: bool = False
    for award: uint256 in _awards:
        if award == 0:
            ended = True
            continue
        if ended:
            errors._revert(errors.BAD_AWARDS)
        score: uint256 = award >> 32
        index: uint256 = award & _MASK_32
        if score > price_curve.MAX_SCORE or index >= _commits:
            errors._revert(errors.BAD_AWARDS)
        # One number that falls strictly along the awards: the score, then the complement of the index.
        order: uint256 = award ^ _MASK_32
        if count != 0 and order >= last:
            errors._revert(errors.BAD_AWARDS)
        last = order
        for other: uint256 in range(count, bound=8):
            if payouts[other] >> 128 == index:
                errors._revert(errors.BAD_AWARDS)
        price: uint256 = price_curve._price(_task.curve, score)
        if price == 0:
            errors._revert(errors.BAD_AWARDS)
        spent = unsafe_add(spent, price)
        payouts[count] = (index << 128) | price
        count = unsafe_add(count, 1)
    if count > _task.max_awards or spent > _task.budget:
        errors._revert(errors.BAD_AWARDS)
    return payouts, count
