# pragma version 0.4.3
"""
@title From the awards of a report to what each of them pays
@license GNU Affero General Public License v3.0 only
@notice Awards are words `score << 32 | index`, payouts `award << 128 | price` (docs/SPEC.md, "Awards").
"""

from contracts.modules import errors
from contracts.modules import price_curve
from interfaces import Types

_MASK_32: constant(uint256) = 2**32 - 1


@internal
@pure
def _of_awards(_task: Types.Task, _awards: uint256[8], _commits: uint256) -> DynArray[uint256, 8]:
    """
    @dev Awards come by falling score, ties by rising index, no index twice; every one has a price, and all of them
         fit the budget. What a developer asks at least is checked when it claims.
    """
    payouts: DynArray[uint256, 8] = []
    last: uint256 = max_value(uint256)
    spent: uint256 = 0
    ended: bool = False
    for award: uint256 in _awards:
        if award == 0:
            ended = True
            continue
        score: uint256 = award >> 32
        index: uint256 = award & _MASK_32
        # One number that falls strictly along the awards: the score, then the complement of the index.
        order: uint256 = award ^ _MASK_32
        if ended or score > price_curve.MAX_SCORE or index >= _commits or order >= last:
            errors._revert(errors.BAD_AWARDS)
        last = order
        for other: uint256 in payouts:
            if self._index(other) == index:
                errors._revert(errors.BAD_AWARDS)
        price: uint256 = price_curve._price(_task.curve, score)
        if price == 0:
            errors._revert(errors.BAD_AWARDS)
        spent = unsafe_add(spent, price)
        payouts.append((award << 128) | price)
    if len(payouts) > _task.max_awards or spent > _task.budget:
        errors._revert(errors.BAD_AWARDS)
    return payouts


@internal
@pure
def _index(_payout: uint256) -> uint256:
    return (_payout >> 128) & _MASK_32


@internal
@pure
def _price(_payout: uint256) -> uint256:
    return _payout & price_curve.MAX_AMOUNT
