# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Settlement: how money leaves a task
@license GNU Affero General Public License v3.0 only
@notice claim_award, settle, void, claim_share.
"""

from contracts.modules.common import award_word
from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.market import escrow
from contracts.modules.market import hashes
from contracts.modules.market import task_state
from interfaces import IModelMarket
from interfaces import Types

uses: escrow
uses: hashes
uses: task_state

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
    """
    @dev See `IModelMarket.claim_award`.
    """
    word: uint256 = task_state.progress_words[_task_id]
    claims_open: uint256 = 0
    claims_close: uint256 = 0
    claims_open, claims_close = task_state._claim_times(word)
    clock._require_from(claims_open)
    clock._require_before(claims_close)
    head: bytes32 = hashes._head_of_report(_token, _payouts, _signed)
    if task_state.heads[_task_id] != head:
        errors._revert(errors.WRONG_SALE)
    if _award >= len(_payouts):
        errors._revert(errors.NO_SUCH_AWARD)
    claim: uint256 = task_state.FIRST_CLAIM << _award
    if word & claim != 0:
        errors._revert(errors.ALREADY_CLAIMED)
    index: uint256 = award_word._payout_index(_payouts[_award])
    price: uint256 = award_word._payout_price(_payouts[_award])
    if price < _min_price:
        errors._revert(errors.BELOW_MIN_PRICE)
    leaf: bytes32 = hashes._hash_leaf(
        _task_id, index, msg.sender, keccak256(_envelope), _min_price, _payload
    )
    if task_state.submission_words[_task_id][index] != leaf:
        errors._revert(errors.WRONG_SUBMISSION)
    task_state.progress_words[_task_id] = word | claim
    log IModelMarket.AwardClaimed(
        task_id=_task_id,
        developer=msg.sender,
        index=index,
        price=price,
        envelope=_envelope,
    )
    escrow._pay_for_secret(_token, price)


# ── The end of a task ──


@external
def settle(
    _task: Types.Task,
    _payouts: DynArray[uint256, 8],
    _report_digest: bytes32,
    _signers: DynArray[Types.Signer, 3],
):
    """
    @dev See `IModelMarket.settle`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state.progress_words[task_id]
    claims_open: uint256 = 0
    claims_close: uint256 = 0
    claims_open, claims_close = task_state._claim_times(word)
    clock._require_from(claims_open)
    if not task_state._is_all_claimed(word):
        clock._require_from(claims_close)
    if task_state.heads[task_id] != hashes._head_of_report(
        _task.token, _payouts, hashes._hash_signed(_report_digest, keccak256(abi_encode(_signers)))
    ):
        errors._revert(errors.WRONG_SALE)
    refund: uint256 = _task.budget
    claimed: uint256 = task_state._claimed(word)
    for payout: uint256 in _payouts:
        if claimed & 1 != 0:
            refund -= award_word._payout_price(payout)
        claimed >>= 1
    task_state.progress_words[task_id] = task_state._with_stage(word, task_state.SETTLED)

    # Shares are rounded down against the operators, and the provider gets the remainder. An overturned report has no
    # signers, so the provider gets all.
    pot: uint256 = self._pot(word)
    fee_dust: uint256 = _task.benchmark_fee
    pot_dust: uint256 = pot
    count: uint256 = len(_signers)
    if count > 0:
        fee_share: uint256 = unsafe_div(_task.benchmark_fee, count)
        pot_share: uint256 = unsafe_div(pot, count)
        for signer: Types.Signer in _signers:
            escrow._credit(_task.token, signer.operator, fee_share)
            escrow._credit(empty(address), signer.operator, pot_share)
        # What the division leaves, which is less than one unit for each signer.
        fee_dust = _task.benchmark_fee % count
        pot_dust = pot % count
    # Budget and fee are below 2**128 (task_terms.vy), and no dust is above what it is left of.
    refund = unsafe_add(refund, fee_dust)
    log IModelMarket.TaskSettled(
        task_id=task_id,
        refund=refund,
        fee=unsafe_sub(_task.benchmark_fee, fee_dust),
        pot=pot,
    )
    escrow._pay(_task.token, _task.provider, refund, pot_dust)


@external
def void(_task: Types.Task):
    """
    @dev See `IModelMarket.void`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state.progress_words[task_id]
    if not task_state._is_open_or_closed(word):
        errors._revert(errors.WRONG_STAGE)
    deadline: uint256 = _task.reveal_deadline
    if task_state._reveals(word) > 0:
        deadline = _task.report_deadline
    clock._require_from(deadline)
    self._void(task_id, _task.token, _task.provider, _task.budget, _task.benchmark_fee, word)


@external
def claim_share(
    _task: Types.Task,
    _index: uint256,
    _developer: address,
    _envelope_digest: bytes32,
    _min_price: uint256,
    _payload: bytes32,
):
    """
    @dev See `IModelMarket.claim_share`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state._word_in_stage(task_id, task_state.VOIDED)
    leaf: bytes32 = hashes._hash_leaf(
        task_id, _index, _developer, _envelope_digest, _min_price, _payload
    )
    if task_state.submission_words[task_id][_index] != leaf:
        errors._revert(errors.WRONG_SUBMISSION)
    task_state.submission_words[task_id][_index] = empty(bytes32)
    # Rounded down against the developer. `void` gave the remainder to the provider.
    reveals: uint256 = task_state._reveals(word)
    fee_share: uint256 = _task.benchmark_fee // reveals
    pot_share: uint256 = self._pot(word) // reveals
    log IModelMarket.ShareClaimed(
        task_id=task_id,
        developer=_developer,
        index=_index,
        fee_share=fee_share,
        pot_share=pot_share,
    )
    escrow._credit(_task.token, _developer, fee_share)
    escrow._credit(empty(address), _developer, pot_share)


# ── Internal ──


@internal
def _void(
    _task_id: bytes32,
    _token: address,
    _provider: address,
    _budget: uint256,
    _benchmark_fee: uint256,
    _word: uint256,
):
    """
    @dev Refund the budget. Fee and pot wait in equal shares for the developers who revealed. The remainder goes to the
         provider, and so does all of it if nobody revealed.
    """
    task_state.progress_words[_task_id] = task_state._with_stage(_word, task_state.VOIDED)
    fee_dust: uint256 = _benchmark_fee
    pot_dust: uint256 = self._pot(_word)
    reveals: uint256 = task_state._reveals(_word)
    if reveals > 0:
        fee_dust = fee_dust % reveals
        pot_dust = pot_dust % reveals
    # Both are below 2**128 (task_terms.vy).
    refund: uint256 = unsafe_add(_budget, fee_dust)
    log IModelMarket.TaskVoided(task_id=_task_id, refund=refund, pot_refund=pot_dust)
    escrow._pay(_token, _provider, refund, pot_dust)


@internal
@pure
def _pot(_word: uint256) -> uint256:
    """
    @dev Return the ether of a task that no developer gets back: entry fees, and the bonds of commits that were never
         revealed.
    """
    commits: uint256 = task_state._commits(_word)
    forfeited: uint256 = commits - task_state._reveals(_word)
    return commits * task_state._entry_fee(_word) + forfeited * task_state._commit_bond(_word)
