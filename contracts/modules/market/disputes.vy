# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Disputes
@license GNU Affero General Public License v3.0 only
@notice dispute_report, resolve_dispute, expire_dispute. A report can be disputed once, and the verdict is final.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.market import escrow
from contracts.modules.market import hashes
from contracts.modules.market import pricing
from contracts.modules.market import reports
from contracts.modules.market import settlement
from contracts.modules.market import task_state
from contracts.modules.market import task_terms
from interfaces import IModelMarket
from interfaces import Types

uses: escrow
uses: hashes
uses: reports
uses: settlement
uses: task_state
uses: task_terms

# ── Dispute ──


@external
@payable
def dispute_report(_task: Types.Task):
    """
    @dev See `IModelMarket.dispute_report`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state._word_in_stage(task_id, task_state.REPORTED)
    # A report can be disputed until its claims open.
    claims_open: uint256 = task_state._claims_open(word)
    clock._require_before(claims_open)
    if msg.value != self._dispute_bond(_task.quorum):
        errors._revert(errors.WRONG_VALUE)
    reported_at: uint256 = claims_open - _task.dispute_window
    verdict_deadline: uint256 = block.timestamp + _task.verdict_window
    task_state.progress_words[task_id] = task_state._with_dispute(
        word, verdict_deadline, reported_at
    )
    task_state.heads[task_id] = hashes._head_of_dispute(task_state.heads[task_id], msg.sender)
    log IModelMarket.ReportDisputed(
        task_id=task_id,
        challenger=msg.sender,
        bond=msg.value,
        verdict_deadline=verdict_deadline,
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
    """
    @dev See `IModelMarket.resolve_dispute`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state._word_in_stage(task_id, task_state.DISPUTED)
    clock._require_before(task_state._verdict_deadline(word))
    commits: uint256 = task_state._commits(word)
    payouts: DynArray[uint256, 8] = pricing._payouts_of(
        _task.curve, _task.max_awards, _task.budget, _posted.awards, commits
    )
    head: bytes32 = hashes._head_of_report(
        _task.token,
        payouts,
        hashes._hash_signed(
            hashes._digest_of_report_at(hashes.THIRD_OF_RESOLVE), keccak256(abi_encode(_signers))
        ),
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
    digest: bytes32 = hashes._digest_of_report_at(hashes.SIXTH_OF_RESOLVE)
    roster: Bytes[1088] = abi_encode(_roster)
    if keccak256(roster) != _task.roster:
        errors._revert(errors.WRONG_ROSTER)
    task_terms._check_roster(_roster, _task.quorum)
    panel: DynArray[Types.Signer, 7] = abi_decode(
        staticcall reports.REGISTRY.check_encoded_quorum(
            digest, _task.measurement, _task.min_stake, roster, _cosignatures, _signers
        ),
        DynArray[Types.Signer, 7],
    )
    upheld: bool = (
        _verdict.awards[0] == _posted.awards[0] and _verdict.awards[1] == _posted.awards[1]
    )
    if not upheld:
        payouts = pricing._payouts_of(
            _task.curve, _task.max_awards, _task.budget, _verdict.awards, commits
        )
        # The report of a panel pays no signers.
        nobody: bytes32 = keccak256(abi_encode(empty(DynArray[Types.Signer, 3])))
        head = hashes._head_of_report(_task.token, payouts, hashes._hash_signed(digest, nobody))
    self._finish(task_id, word, head, len(payouts), _task.claim_window)
    log IModelMarket.DisputeResolved(
        task_id=task_id,
        upheld=upheld,
        results=_verdict.results,
        choices=_verdict.choices,
        payouts=payouts,
        panel=panel,
    )
    for seat: Types.Signer in panel:
        escrow._credit(empty(address), seat.operator, task_terms.SEAT_BOND)
    if not upheld:
        # Rounded down in the signers' favour, by less than one wei each.
        fine: uint256 = self._dispute_bond(_task.quorum) // _task.quorum
        for signer: Types.Signer in _signers:
            extcall reports.REGISTRY.slash(signer.operator, fine, _challenger)
    return upheld


@external
def expire_dispute(
    _task: Types.Task,
    _payouts: DynArray[uint256, 8],
    _report_digest: bytes32,
    _signers: DynArray[Types.Signer, 3],
    _challenger: address,
) -> bool:
    """
    @dev See `IModelMarket.expire_dispute`.
    """
    task_id: bytes32 = hashes._id_of_first_argument()
    word: uint256 = task_state._word_in_stage(task_id, task_state.DISPUTED)
    clock._require_from(task_state._verdict_deadline(word))
    head: bytes32 = hashes._head_of_report(
        _task.token, _payouts, hashes._hash_signed(_report_digest, keccak256(abi_encode(_signers)))
    )
    self._check_head(task_id, head, _challenger)
    bond: uint256 = self._dispute_bond(_task.quorum)
    voided: bool = staticcall reports.REGISTRY.revoked_since(
        _signers, _task.measurement, task_state._reported_at(word)
    )
    log IModelMarket.DisputeExpired(task_id=task_id, voided=voided)
    if voided:
        escrow._credit(empty(address), _challenger, bond)
        settlement._void(
            task_id, _task.token, _task.provider, _task.budget, _task.benchmark_fee, word
        )
        return True
    self._finish(task_id, word, head, len(_payouts), _task.claim_window)
    # Rounded down against the challenger: an odd wei is burned.
    escrow._credit(empty(address), _challenger, bond // 2)
    escrow._burn(bond - bond // 2)
    return False


# ── Internal ──


@internal
@view
def _dispute_bond(_quorum: uint256) -> uint256:
    return task_terms.SEAT_BOND * task_terms._panel_size(_quorum)


@internal
@view
def _check_head(_task_id: bytes32, _head: bytes32, _challenger: address):
    """
    @dev Reverts unless the disputed report, its payouts, its signers and its challenger are those on record.
    """
    if task_state.heads[_task_id] != hashes._head_of_dispute(_head, _challenger):
        errors._revert(errors.WRONG_SALE)


@internal
def _finish(
    _task_id: bytes32, _word: uint256, _head: bytes32, _awards: uint256, _claim_window: uint256
):
    """
    @dev The report behind this head stands for good: claims open now.
    """
    task_state.progress_words[_task_id] = task_state._with_report(
        _word, task_state.FINAL, block.timestamp, block.timestamp + _claim_window, _awards
    )
    task_state.heads[_task_id] = _head
