# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The state of every task
@license GNU Affero General Public License v3.0 only
@notice Two words for a task and one for a submission. Everything else comes as calldata and is checked against these.
@dev This is the only file that knows the layout of the progress word (docs/SPEC.md, "Packed words"). The word has two
     fields for times. What they hold depends on the stage, so other modules read and write them by name:

     | stage           | time A                            | time B                              |
     |-----------------|-----------------------------------|-------------------------------------|
     | open, closed    | commit deadline: _commit_deadline | reveal deadline: _reveal_deadline   |
     | reported, final | claims open: _claims_open         | claims close: _claim_times          |
     | disputed        | _verdict_deadline                 | time of the report: _reported_at    |
     | settled, voided | left from the stage before        | left from the stage before          |

     Packing trusts its caller: task_terms.vy bounds every field that a task brings.
"""

from contracts.modules.common import errors
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

# ── Layout of the progress word ──

_STAGE: constant(uint256) = 248
_TIME_A: constant(uint256) = 208
_TIME_B: constant(uint256) = 168
_MAX_SUBMISSIONS: constant(uint256) = 148
_COMMITS: constant(uint256) = 128
_REVEALS: constant(uint256) = 108
_AWARDS: constant(uint256) = 104
_CLAIMED: constant(uint256) = 96
_BOND: constant(uint256) = 48

# Added to the word for one more commit or reveal. FIRST_CLAIM is the bit of award 0; that of award i is i bits higher.
ONE_COMMIT: constant(uint256) = 1 << _COMMITS
ONE_REVEAL: constant(uint256) = 1 << _REVEALS
FIRST_CLAIM: constant(uint256) = 1 << _CLAIMED

_MASK_40: constant(uint256) = 2**40 - 1
_MASK_8: constant(uint256) = 2**8 - 1
_MASK_4: constant(uint256) = 2**4 - 1
_BELOW_STAGE: constant(uint256) = 2**_STAGE - 1
_BELOW_TIMES: constant(uint256) = 2**_TIME_B - 1

# ── Storage ──

# task id -> the progress word, zero when there is no such task
progress_words: HashMap[bytes32, uint256]
# task id -> the digest of the task's current stage (docs/SPEC.md, "Hashes")
heads: HashMap[bytes32, bytes32]
# task id -> index -> hash of the commitment; after its reveal the leaf; zero once its share is claimed
submission_words: HashMap[bytes32, HashMap[uint256, bytes32]]


# ── Views ──


@external
@view
def progress(_task_id: bytes32) -> IModelMarket.Progress:
    """
    @dev See `IModelMarket.progress`.
    """
    return self._unpack(self.progress_words[_task_id])


@external
@view
def head(_task_id: bytes32) -> bytes32:
    """
    @dev See `IModelMarket.head`.
    """
    return self.heads[_task_id]


@external
@view
def submissions(_task_id: bytes32, _index: uint256) -> bytes32:
    """
    @dev See `IModelMarket.submissions`.
    """
    return self.submission_words[_task_id][_index]


# ── The whole word ──


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


# ── Stage ──


@internal
@view
def _word_in_stage(_task_id: bytes32, _stage: uint256) -> uint256:
    """
    @dev Return the progress word of a task. Reverts unless the task is in this stage.
    """
    word: uint256 = self.progress_words[_task_id]
    if word >> _STAGE != _stage:
        errors._revert(errors.WRONG_STAGE)
    return word


@internal
@pure
def _is_open_or_closed(_word: uint256) -> bool:
    stage: uint256 = _word >> _STAGE
    return stage == OPEN or stage == CLOSED


# ── Times ──


@internal
@pure
def _commit_deadline(_word: uint256) -> uint256:
    return (_word >> _TIME_A) & _MASK_40


@internal
@pure
def _reveal_deadline(_word: uint256) -> uint256:
    return (_word >> _TIME_B) & _MASK_40


@internal
@pure
def _claims_open(_word: uint256) -> uint256:
    return (_word >> _TIME_A) & _MASK_40


@internal
@pure
def _verdict_deadline(_word: uint256) -> uint256:
    return (_word >> _TIME_A) & _MASK_40


@internal
@pure
def _reported_at(_word: uint256) -> uint256:
    return (_word >> _TIME_B) & _MASK_40


@internal
@pure
def _claim_times(_word: uint256) -> (uint256, uint256):
    """
    @dev Reverts unless a report of the task stands.
    @return When claims open, and when they close.
    """
    stage: uint256 = _word >> _STAGE
    if stage != REPORTED and stage != FINAL:
        errors._revert(errors.WRONG_STAGE)
    return (_word >> _TIME_A) & _MASK_40, (_word >> _TIME_B) & _MASK_40


# ── Counts and amounts ──


@internal
@pure
def _max_submissions(_word: uint256) -> uint256:
    return (_word >> _MAX_SUBMISSIONS) & MAX_COUNT


@internal
@pure
def _commits(_word: uint256) -> uint256:
    return (_word >> _COMMITS) & MAX_COUNT


@internal
@pure
def _reveals(_word: uint256) -> uint256:
    return (_word >> _REVEALS) & MAX_COUNT


@internal
@pure
def _claimed(_word: uint256) -> uint256:
    """
    @dev Bit i is set once award i is claimed.
    """
    return (_word >> _CLAIMED) & _MASK_8


@internal
@pure
def _is_all_claimed(_word: uint256) -> bool:
    return (_word >> _CLAIMED) & _MASK_8 == (1 << ((_word >> _AWARDS) & _MASK_4)) - 1


@internal
@pure
def _commit_bond(_word: uint256) -> uint256:
    return unsafe_mul((_word >> _BOND) & MAX_GWEI, ONE_GWEI)


@internal
@pure
def _entry_fee(_word: uint256) -> uint256:
    return unsafe_mul(_word & MAX_GWEI, ONE_GWEI)


# ── Changes ──


@internal
@pure
def _with_stage(_word: uint256, _stage: uint256) -> uint256:
    return (_word & _BELOW_STAGE) | (_stage << _STAGE)


@internal
@pure
def _with_report(
    _word: uint256, _stage: uint256, _claims_from: uint256, _claims_until: uint256, _awards: uint256
) -> uint256:
    """
    @dev The word of a task whose report stands, for now (REPORTED) or for good (FINAL).
    """
    return (
        (_word & (_BELOW_TIMES ^ (_MASK_4 << _AWARDS)))
        | (_stage << _STAGE)
        | (_claims_from << _TIME_A)
        | (_claims_until << _TIME_B)
        | (_awards << _AWARDS)
    )


@internal
@pure
def _with_dispute(_word: uint256, _decided_before: uint256, _report_time: uint256) -> uint256:
    return (
        (_word & _BELOW_TIMES)
        | (DISPUTED << _STAGE)
        | (_decided_before << _TIME_A)
        | (_report_time << _TIME_B)
    )
