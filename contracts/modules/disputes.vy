# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Disputes
@license GNU Affero General Public License v3.0 only
@notice dispute_report, resolve_dispute, expire_dispute: one dispute a report, and its verdict is final.
"""

from contracts.modules import claims
from contracts.modules import errors
from contracts.modules import escrow
from contracts.modules import payouts as payout_list
from contracts.modules import reports
from contracts.modules import sale_hash
from contracts.modules import task_book
from contracts.modules import task_terms
from contracts.modules import task_word
from interfaces import IModelMarket
from interfaces import Types

uses: claims
uses: escrow
uses: reports
uses: task_book

# ── Dispute ──


@external
@payable
def dispute_report(_task: Types.Task):
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.REPORTED)
    if block.timestamp >= progress.time_a:
        errors._revert(errors.TOO_LATE)
    if msg.value != self._bond(_task.quorum):
        errors._revert(errors.WRONG_VALUE)
    progress.stage = task_word.DISPUTED
    progress.time_b = progress.time_a - _task.dispute_window
    progress.time_a = block.timestamp + _task.verdict_window
    task_book.progress_word[task_id] = task_word._pack(progress)
    task_book.head[task_id] = sale_hash._after_dispute(task_book.head[task_id], msg.sender)
    log IModelMarket.ReportDisputed(
        task_id=task_id,
        challenger=msg.sender,
        bond=msg.value,
        verdict_deadline=progress.time_a,
    )


@external
def resolve_dispute(
    _task: Types.Task,
    _roster: DynArray[Types.RosterEntry, 16],
    _posted: Types.Report,
    _signers: DynArray[Types.Signer, 3],
    _challenger: address,
    _verdict: Types.Report,
    _cosignatures: DynArray[Types.Cosignature, 7],
) -> bool:
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.DISPUTED)
    if block.timestamp >= progress.time_a:
        errors._revert(errors.TOO_LATE)
    payouts: DynArray[uint256, 8] = payout_list._of_awards(_task, _posted.awards, progress.commits)
    head: bytes32 = sale_hash._after_report(
        _task.token, payouts, sale_hash._signed(task_book._report_digest(_posted), _signers)
    )
    self._check_head(task_id, head, _challenger)
    if _verdict.task_id != task_id:
        errors._revert(errors.WRONG_TASK)
    if _verdict.round != 1:
        errors._revert(errors.WRONG_ROUND)
    if _verdict.seed != _posted.seed:
        errors._revert(errors.WRONG_SEED)
    if _verdict.inventory != _posted.inventory:
        errors._revert(errors.WRONG_INVENTORY)
    if len(_cosignatures) != task_terms._panel_size(_task.quorum):
        errors._revert(errors.WRONG_QUORUM)
    digest: bytes32 = task_book._report_digest(_verdict)
    panel: DynArray[Types.Signer, 7] = reports._signers(
        _task, _roster, digest, _cosignatures, _signers
    )
    upheld: bool = keccak256(abi_encode(_verdict.awards)) == keccak256(abi_encode(_posted.awards))
    if not upheld:
        payouts = payout_list._of_awards(_task, _verdict.awards, progress.commits)
        progress.awards = len(payouts)
        head = sale_hash._after_report(_task.token, payouts, sale_hash._signed(digest, []))
    self._finish(task_id, progress, head, _task.claim_window)
    log IModelMarket.DisputeResolved(
        task_id=task_id,
        upheld=upheld,
        results=_verdict.results,
        payouts=payouts,
        panel=panel,
    )
    for seat: Types.Signer in panel:
        escrow._credit_unbooked(seat.operator, task_book.SEAT_BOND)
    if not upheld:
        # Rounded down, in the signers' favour, by less than one wei each.
        fine: uint256 = self._bond(_task.quorum) // _task.quorum
        for signer: Types.Signer in _signers:
            extcall task_book.REGISTRY.slash(signer.operator, fine, _challenger)
    return upheld


@external
def expire_dispute(
    _task: Types.Task,
    _payouts: DynArray[uint256, 8],
    _report_digest: bytes32,
    _signers: DynArray[Types.Signer, 3],
    _challenger: address,
) -> bool:
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.DISPUTED)
    if block.timestamp < progress.time_a:
        errors._revert(errors.TOO_EARLY)
    head: bytes32 = sale_hash._after_report(
        _task.token, _payouts, sale_hash._signed(_report_digest, _signers)
    )
    self._check_head(task_id, head, _challenger)
    bond: uint256 = self._bond(_task.quorum)
    voided: bool = staticcall task_book.REGISTRY.revoked_since(
        _signers, _task.measurement, progress.time_b
    )
    log IModelMarket.DisputeExpired(task_id=task_id, voided=voided)
    if voided:
        escrow._credit_unbooked(_challenger, bond)
        claims._void(task_id, _task, progress)
        return True
    self._finish(task_id, progress, head, _task.claim_window)
    # The odd wei is burned, not returned.
    escrow._credit_unbooked(_challenger, bond // 2)
    escrow._burn(bond - bond // 2)
    return False


# ── Internal ──


@internal
@view
def _bond(_quorum: uint256) -> uint256:
    return task_book.SEAT_BOND * task_terms._panel_size(_quorum)


@internal
@view
def _check_head(_task_id: bytes32, _head: bytes32, _challenger: address):
    """
    @dev The disputed report, its payouts and signers, and its challenger, are those on record.
    """
    if task_book.head[_task_id] != sale_hash._after_dispute(_head, _challenger):
        errors._revert(errors.WRONG_SALE)


@internal
def _finish(
    _task_id: bytes32, _progress: IModelMarket.Progress, _head: bytes32, _claim_window: uint256
):
    """
    @dev A report that stands for good: claims open now.
    """
    progress: IModelMarket.Progress = _progress
    progress.stage = task_word.FINAL
    progress.time_a = block.timestamp
    progress.time_b = block.timestamp + _claim_window
    task_book.progress_word[_task_id] = task_word._pack(progress)
    task_book.head[_task_id] = _head
