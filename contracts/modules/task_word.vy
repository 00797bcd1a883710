# pragma version 0.4.3
"""
@title The one word that holds a task's progress
@license GNU Affero General Public License v3.0 only
@notice The only place that knows the layout (docs/SPEC.md, "Packed words").
@dev Packing trusts its caller: `create_task` bounds every field that a task brings.
"""

from interfaces import IModelMarket

# ── Stages ──

OPEN: constant(uint256) = 1
CLOSED: constant(uint256) = 2
REPORTED: constant(uint256) = 3
DISPUTED: constant(uint256) = 4
FINAL: constant(uint256) = 5
SETTLED: constant(uint256) = 6
VOIDED: constant(uint256) = 7

# ── Limits of the fields ──

MAX_COUNT: constant(uint256) = 2**20 - 1
MAX_GWEI: constant(uint256) = 2**48 - 1
ONE_GWEI: constant(uint256) = 10**9

# ── Layout ──

_STAGE: constant(uint256) = 248
_TIME_A: constant(uint256) = 208
_TIME_B: constant(uint256) = 168
_MAX_SUBMISSIONS: constant(uint256) = 148
_COMMITS: constant(uint256) = 128
_REVEALS: constant(uint256) = 108
_AWARDS: constant(uint256) = 104
_CLAIMED: constant(uint256) = 96
_BOND: constant(uint256) = 48

# Added to the word for one more commit or reveal, or for the claim of award 0; shifted left by i for award i.
ONE_COMMIT: constant(uint256) = 1 << _COMMITS
ONE_REVEAL: constant(uint256) = 1 << _REVEALS
FIRST_CLAIM: constant(uint256) = 1 << _CLAIMED

_MASK_40: constant(uint256) = 2**40 - 1
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_4: constant(uint256) = 2**4 - 1


@internal
@pure
def _pack(_progress: IModelMarket.Progress) -> uint256:
    return (
        (_progress.stage << _STAGE)
        | (_progress.time_a << _TIME_A)
        | (_progress.time_b << _TIME_B)
        | (_progress.max_submissions << _MAX_SUBMISSIONS)
        | (_progress.commits << _COMMITS)
        | (_progress.reveals << _REVEALS)
        | (_progress.awards << _AWARDS)
        | (_progress.claimed << _CLAIMED)
        | (unsafe_div(_progress.commit_bond, ONE_GWEI) << _BOND)
        | unsafe_div(_progress.entry_fee, ONE_GWEI)
    )


@internal
@pure
def _unpack(_word: uint256) -> IModelMarket.Progress:
    return IModelMarket.Progress(
        stage=_word >> _STAGE,
        time_a=(_word >> _TIME_A) & _MASK_40,
        time_b=(_word >> _TIME_B) & _MASK_40,
        max_submissions=(_word >> _MAX_SUBMISSIONS) & MAX_COUNT,
        commits=(_word >> _COMMITS) & MAX_COUNT,
        reveals=(_word >> _REVEALS) & MAX_COUNT,
        awards=(_word >> _AWARDS) & _MASK_4,
        claimed=(_word >> _CLAIMED) & _MASK_8,
        commit_bond=unsafe_mul((_word >> _BOND) & MAX_GWEI, ONE_GWEI),
        entry_fee=unsafe_mul(_word & MAX_GWEI, ONE_GWEI),
    )


@internal
@pure
def _stage_and_times(_word: uint256) -> (uint256, uint256, uint256):
    """
    @dev The three fields that a claim needs, cheaper than all of them.
    @return Stage, time A, time B.
    """
    return _word >> _STAGE, (_word >> _TIME_A) & _MASK_40, (_word >> _TIME_B) & _MASK_40
