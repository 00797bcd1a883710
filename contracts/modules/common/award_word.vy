# pragma version 0.4.3
"""
@title The words of an award and of a payout
@license GNU Affero General Public License v3.0 only
@notice The only file that knows their layout (docs/SPEC.md, "Awards"):

            award  = score << 32 | index of the submission, in 64 bits
            payout = award << 128 | price

        A list of up to eight awards is two words, four awards each, the first lowest, and zero after the last.

        Reports carry awards. The market turns each into a payout; the registry compares awards of two reports.
"""

SCORE_SHIFT: constant(uint256) = 32
MAX_INDEX: constant(uint256) = 2**32 - 1
MAX_AWARD: constant(uint256) = 2**64 - 1
# Bits of an award in a list.
AWARD_BITS: constant(uint256) = 64
AWARD_SHIFT: constant(uint256) = 128
MAX_PRICE: constant(uint256) = 2**128 - 1


@internal
@pure
def _payout_index(_payout: uint256) -> uint256:
    return (_payout >> AWARD_SHIFT) & MAX_INDEX


@internal
@pure
def _payout_price(_payout: uint256) -> uint256:
    return _payout & MAX_PRICE


@internal
@pure
def _payout_score(_payout: uint256) -> uint256:
    return _payout >> (AWARD_SHIFT + SCORE_SHIFT)
