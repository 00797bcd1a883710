# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title How money leaves a task
@license GNU Affero General Public License v3.0 only
@notice claim_award, settle, void, claim_share.
"""

from contracts.modules import errors
from contracts.modules import escrow
from contracts.modules import payouts as payout_list
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
    _token: address,
    _payouts: DynArray[uint256, 8],
    _signed: bytes32,
    _min_price: uint256,
    _payload: bytes32,
    _envelope: Bytes[80],
):
    word: uint256 = task_book.progress_word[_task_id]
    stage: uint256 = 0
    opening: uint256 = 0
    closing: uint256 = 0
    stage, opening, closing = task_word._stage_and_times(word)
    if not task_book._is_reported(stage):
        errors._revert(errors.WRONG_STAGE)
    if block.timestamp < opening:
        errors._revert(errors.TOO_EARLY)
    if block.timestamp >= closing:
        errors._revert(errors.TOO_LATE)
    head: bytes32 = sale_hash._after_report(_token, _payouts, _signed)
    if task_book.head[_task_id] != head:
        errors._revert(errors.WRONG_SALE)
    if _award >= len(_payouts):
        errors._revert(errors.NO_SUCH_AWARD)
    claim: uint256 = task_word.FIRST_CLAIM << _award
    if word & claim != 0:
        errors._revert(errors.ALREADY_CLAIMED)
    index: uint256 = payout_list._index(_payouts[_award])
    price: uint256 = payout_list._price(_payouts[_award])
    if price < _min_price:
        errors._revert(errors.BELOW_MIN_PRICE)
    leaf: bytes32 = sale_hash._leaf(
        _task_id, index, msg.sender, keccak256(_envelope), _min_price, _payload
    )
    if task_book.submissions[_task_id][index] != leaf:
        errors._revert(errors.WRONG_SUBMISSION)
    task_book.progress_word[_task_id] = word | claim
    log IModelMarket.AwardClaimed(
        task_id=_task_id,
        developer=msg.sender,
        index=index,
        price=price,
        envelope=_envelope,
    )
    escrow._pay(_token, msg.sender, price)


# ── The end of a task ──


@external
def settle(
    _task: Types.Task,
    _payouts: DynArray[uint256, 8],
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
    claimed: uint256 = progress.claimed
    for payout: uint256 in _payouts:
        if claimed & 1 != 0:
            refund -= payout_list._price(payout)
        claimed >>= 1
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
    _envelope_digest: bytes32,
    _min_price: uint256,
    _payload: bytes32,
):
    task_id: bytes32 = task_book._task_id(_task)
    progress: IModelMarket.Progress = task_book._progress_in(task_id, task_word.VOIDED)
    leaf: bytes32 = sale_hash._leaf(
        task_id, _index, _developer, _envelope_digest, _min_price, _payload
    )
    if task_book.submissions[task_id][_index] != leaf:
        errors._revert(errors.WRONG_SUBMISSION)
    task_book.submissions[task_id][_index] = empty(bytes32)
    # Rounded down; `void` gave the dust to the provider.
    fee_share: uint256 = _task.benchmark_fee // progress.reveals
    pot_share: uint256 = task_book._pot(progress) // progress.reveals
    log IModelMarket.ShareClaimed(
        task_id=task_id,
        developer=_developer,
        index=_index,
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
