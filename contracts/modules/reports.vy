# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Reports
@license GNU Affero General Public License v3.0 only
@notice post_report, and what any report must satisfy, a panel's too.
"""

from contracts.modules import errors
from contracts.modules import payouts as payout_list
from contracts.modules import sale_hash
from contracts.modules import task_book
from contracts.modules import task_terms
from contracts.modules import task_word
from interfaces import IModelMarket
from interfaces import Types

uses: task_book

# ── Report ──


@external
def post_report(
    _task: Types.Task,
    _roster: DynArray[Types.RosterEntry, 16],
    _report: Types.Report,
    _cosignatures: DynArray[Types.Cosignature, 3],
) -> bytes32:
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.CLOSED)
    if block.timestamp >= _task.report_deadline:
        errors._revert(errors.TOO_LATE)
    if _report.task_id != task_id:
        errors._revert(errors.WRONG_TASK)
    if _report.round != 0:
        errors._revert(errors.WRONG_ROUND)
    if _report.seed != task_book.head[task_id]:
        errors._revert(errors.WRONG_SEED)
    if len(_cosignatures) != _task.quorum:
        errors._revert(errors.WRONG_QUORUM)
    digest: bytes32 = task_book._report_digest(_report)
    signers: DynArray[Types.Signer, 7] = self._signers(_task, _roster, digest, _cosignatures, [])
    payouts: DynArray[uint256, 8] = payout_list._of_awards(_task, _report.awards, progress.commits)
    progress.awards = len(payouts)
    progress.stage = task_word.REPORTED
    # Times are bounded by task_terms.vy.
    progress.time_a = unsafe_add(block.timestamp, _task.dispute_window)
    progress.time_b = unsafe_add(progress.time_a, _task.claim_window)
    task_book.progress_word[task_id] = task_word._pack(progress)
    task_book.head[task_id] = sale_hash._after_report(
        _task.token, payouts, sale_hash._signed(digest, signers)
    )
    endorsements: DynArray[IModelMarket.Endorsement, 3] = []
    for signer: Types.Signer in signers:
        cosignature: Types.Cosignature = _cosignatures[len(endorsements)]
        endorsements.append(
            IModelMarket.Endorsement(
                signing_key=signer.signing_key,
                operator=signer.operator,
                platform=signer.platform,
                r=cosignature.r,
                vs=cosignature.vs,
            )
        )
    log IModelMarket.ReportPosted(
        task_id=task_id,
        inventory=_report.inventory,
        results=_report.results,
        payouts=payouts,
        signers=endorsements,
    )
    return digest


# ── Internal ──


@internal
@view
def _signers(
    _task: Types.Task,
    _roster: DynArray[Types.RosterEntry, 16],
    _digest: bytes32,
    _cosignatures: DynArray[Types.Cosignature, 7],
    _excluded: DynArray[Types.Signer, 3],
) -> DynArray[Types.Signer, 7]:
    """
    @dev Who signed, all of them enclaves of the task's roster that may.
    """
    if keccak256(abi_encode(_roster)) != _task.roster:
        errors._revert(errors.WRONG_ROSTER)
    task_terms._check_roster(_roster, _task.quorum)
    return staticcall task_book.REGISTRY.check_quorum(
        _digest, _task.measurement, _task.min_stake, _roster, _cosignatures, _excluded
    )
