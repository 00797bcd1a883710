# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The state of every task, and what the market cannot change
@license GNU Affero General Public License v3.0 only
@notice Two words a task, one a submission. Everything else comes as calldata, checked against these.
"""

from snekmate.utils import eip712_domain_separator as eip712

from contracts.modules import errors
from contracts.modules import price_curve
from contracts.modules import sale_hash
from contracts.modules import task_word
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket
from interfaces import Types

uses: eip712

# ── Immutables ──

REGISTRY: immutable(IEnclaveRegistry)
SEAT_BOND: immutable(uint256)
MIN_TOLERANCE: immutable(uint256)

# ── Storage ──

# task id -> the packed progress (task_word.vy)
progress_word: HashMap[bytes32, uint256]
# task id -> the digest of the task's current stage (docs/SPEC.md, "Hashes")
head: public(HashMap[bytes32, bytes32])
# task id -> index -> hash of the commitment, then leaf, then zero once its share is claimed
submissions: public(HashMap[bytes32, HashMap[uint256, bytes32]])


@deploy
def __init__(_registry: IEnclaveRegistry, _seat_bond: uint256, _min_tolerance: uint256):
    if not _registry.address.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    if _seat_bond == 0 or _seat_bond >= 2**64:
        errors._revert(errors.BAD_BOND)
    if _min_tolerance == 0 or _min_tolerance > price_curve.MAX_SCORE:
        errors._revert(errors.BAD_TOLERANCE)
    REGISTRY = _registry
    SEAT_BOND = _seat_bond
    MIN_TOLERANCE = _min_tolerance


# ── Views ──


@external
@view
def registry() -> address:
    return REGISTRY.address


@external
@view
def seat_bond() -> uint256:
    return SEAT_BOND


@external
@view
def min_tolerance() -> uint256:
    return MIN_TOLERANCE


@external
@view
def progress(_task_id: bytes32) -> IModelMarket.Progress:
    return task_word._unpack(self.progress_word[_task_id])


@external
@view
def task_id(_task: Types.Task) -> bytes32:
    return self._task_id(_task)


@external
@view
def report_digest(_report: Types.Report) -> bytes32:
    return self._report_digest(_report)


@external
@pure
def price(_curve: uint256[8], _score: uint256) -> uint256:
    price_curve._check(_curve, price_curve.MAX_AMOUNT)
    return price_curve._price(_curve, _score)


# ── Internal ──


@internal
@view
def _progress_in(_task_id: bytes32, _stage: uint256) -> IModelMarket.Progress:
    progress: IModelMarket.Progress = task_word._unpack(self.progress_word[_task_id])
    if progress.stage != _stage:
        errors._revert(errors.WRONG_STAGE)
    return progress


@internal
@pure
def _is_reported(_stage: uint256) -> bool:
    return _stage == task_word.REPORTED or _stage == task_word.FINAL


@internal
@view
def _task_id(_task: Types.Task) -> bytes32:
    return eip712._hash_typed_data_v4(sale_hash._task(_task))


@internal
@view
def _report_digest(_report: Types.Report) -> bytes32:
    return eip712._hash_typed_data_v4(sale_hash._report(_report))


@internal
@pure
def _pot(_progress: IModelMarket.Progress) -> uint256:
    """
    @dev Ether of a task that is not its developers' any more: entry fees, and bonds of what was never revealed.
    """
    return (
        _progress.commits * _progress.entry_fee
        + (_progress.commits - _progress.reveals) * _progress.commit_bond
    )
