# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title How money leaves a task
@license GNU Affero General Public License v3.0 only
@notice claim_award, settle, void, claim_share.
"""

from contracts.modules import errors
from contracts.modules import escrow
from contracts.modules import price_curve
from contracts.modules import sale_hash
from contracts.modules import task_book
from contracts.modules import task_word
from interfaces import IModelMarket
from interfaces import Types

uses: escrow
uses: task_book

# ── Claims ──


@external
def claim_award(
    _task_id: bytes32,
    _award: uint256,
    _sale: IModelMarket.Sale,
    _developer: address,
    _submission: Types.Submission,
    _keyring_digest: bytes32,
    _envelope: Bytes[80],
) -> uint256:
    progress: IModelMarket.Progress = task_word._unpack(task_book.progress_word[_task_id])
    if not task_book._is_reported(progress.stage):
        errors._revert(errors.WRONG_STAGE)
    if block.timestamp < progress.time_a:
        errors._revert(errors.TOO_EARLY)
    if block.timestamp >= progress.time_b:
        errors._revert(errors.TOO_LATE)
    if task_book.head[_task_id] != sale_hash._after_report(
        _sale.token, _sale.payouts, _sale.signed
    ):
        errors._revert(errors.WRONG_SALE)
    if _award >= progress.awards:
        errors._revert(errors.NO_SUCH_AWARD)
    claimed: uint256 = progress.claimed | (1 << _award)
    if claimed == progress.claimed:
        errors._revert(errors.ALREADY_CLAIMED)
    index: uint256 = _sale.payouts[_award] >> 128
    price: uint256 = _sale.payouts[_award] & price_curve.MAX_AMOUNT
    if price < _submission.min_price:
        errors._revert(errors.BELOW_MIN_PRICE)
    if task_book.submissions[_task_id][index] != sale_hash._leaf(
        _task_id,
        index,
        _developer,
        sale_hash._submission(_submission),
        _keyring_digest,
    ):
        errors._revert(errors.WRONG_SUBMISSION)
    if keccak256(_envelope) != _submission.envelope_digest:
        errors._revert(errors.WRONG_ENVELOPE)
    progress.claimed = claimed
    task_book.progress_word[_task_id] = task_word._pack(progress)
    log IModelMarket.AwardClaimed(
        task_id=_task_id,
        index=index,
        developer=_developer,
        price=price,
        envelope=_envelope,
    )
    escrow._pay(_sale.token, _developer, price)
    return price


# ── The end of a task ──


@external
def settle(
    _task: Types.Task,
    _payouts: uint256[8],
    _report_digest: bytes32,
    _signers: DynArray[Types.Signer, 3],
):
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_word._unpack(task_book.progress_word[task_id])
    if not task_book._is_reported(progress.stage):
        errors._revert(errors.WRONG_STAGE)
    if block.timestamp < progress.time_a:
        errors._revert(errors.TOO_EARLY)
    all_claimed: bool = progress.claimed == (1 << progress.awards) - 1
    if not all_claimed and block.timestamp < progress.time_b:
        errors._revert(errors.TOO_EARLY)
    if task_book.head[task_id] != sale_hash._after_report(
        _task.token, _payouts, sale_hash._signed(_report_digest, _signers)
    ):
        errors._revert(errors.WRONG_SALE)
    refund: uint256 = _task.budget
    for award: uint256 in range(8):
        if progress.claimed & (1 << award) != 0:
            refund -= _payouts[award] & price_curve.MAX_AMOUNT
    progress.stage = task_word.SETTLED
    task_book.progress_word[task_id] = task_word._pack(progress)

    # Shares are rounded down; the dust goes to the provider. Nobody signs an overturned report.
    pot: uint256 = task_book._pot(progress)
    fee_dust: uint256 = _task.benchmark_fee
    pot_dust: uint256 = pot
    count: uint256 = len(_signers)
    for signer: Types.Signer in _signers:
        fee_share: uint256 = _task.benchmark_fee // count
        pot_share: uint256 = pot // count
        escrow._credit(_task.token, signer.operator, fee_share)
        escrow._credit_unbooked(signer.operator, pot_share)
        fee_dust -= fee_share
        pot_dust -= pot_share
    log IModelMarket.TaskSettled(
        task_id=task_id,
        refund=refund + fee_dust,
        fee=_task.benchmark_fee - fee_dust,
        pot=pot,
    )
    escrow._pay(_task.token, _task.provider, refund + fee_dust)
    escrow._pay_unbooked(_task.provider, pot_dust)


@external
def void(_task: Types.Task):
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_word._unpack(task_book.progress_word[task_id])
    if progress.stage != task_word.OPEN and progress.stage != task_word.CLOSED:
        errors._revert(errors.WRONG_STAGE)
    deadline: uint256 = _task.reveal_deadline
    if progress.reveals > 0:
        deadline = _task.report_deadline
    if block.timestamp < deadline:
        errors._revert(errors.TOO_EARLY)
    self._void(task_id, _task, progress)


@external
def claim_share(
    _task: Types.Task,
    _index: uint256,
    _developer: address,
    _submission_digest: bytes32,
    _keyring_digest: bytes32,
):
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.VOIDED)
    if task_book.submissions[task_id][_index] != sale_hash._leaf(
        task_id, _index, _developer, _submission_digest, _keyring_digest
    ):
        errors._revert(errors.WRONG_SUBMISSION)
    task_book.submissions[task_id][_index] = empty(bytes32)
    # Rounded down; `void` gave the dust to the provider.
    fee_share: uint256 = _task.benchmark_fee // progress.reveals
    pot_share: uint256 = task_book._pot(progress) // progress.reveals
    log IModelMarket.ShareClaimed(
        task_id=task_id,
        index=_index,
        developer=_developer,
        fee_share=fee_share,
        pot_share=pot_share,
    )
    escrow._credit(_task.token, _developer, fee_share)
    escrow._credit_unbooked(_developer, pot_share)


# ── Internal ──


@internal
def _void(_task_id: bytes32, _task: Types.Task, _progress: IModelMarket.Progress):
    """
    @dev Refunds the budget. Fee and pot wait in equal shares for the developers who revealed; what they cannot
         share goes to the provider, which is all of it when nobody revealed.
    """
    progress: IModelMarket.Progress = _progress
    progress.stage = task_word.VOIDED
    task_book.progress_word[_task_id] = task_word._pack(progress)
    fee_dust: uint256 = _task.benchmark_fee
    pot_dust: uint256 = task_book._pot(progress)
    if progress.reveals > 0:
        fee_dust %= progress.reveals
        pot_dust %= progress.reveals
    log IModelMarket.TaskVoided(
        task_id=_task_id, refund=_task.budget + fee_dust, pot_refund=pot_dust
    )
    escrow._pay(_task.token, _task.provider, _task.budget + fee_dust)
    escrow._pay_unbooked(_task.provider, pot_dust)
