# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Equivocation
@license GNU Affero General Public License v3.0 only
@notice prove_equivocation: one enclave signed two reports that contradict each other. The proof needs no state of the
        market.
"""

from contracts.modules.common import award_word
from contracts.modules.common import compact_signature
from contracts.modules.common import errors
from contracts.modules.registry import records
from contracts.modules.registry import staking
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket
from interfaces import Types

uses: records
uses: staking


# ── Anyone ──


@external
def prove_equivocation(
    _task: Types.Task,
    _reports: Types.Report[2],
    _cosignatures: Types.Cosignature[2],
    _operator: address,
    _sealing_key: bytes32,
) -> uint256:
    """
    @dev See `IEnclaveRegistry.prove_equivocation`.
    """
    market: IModelMarket = IModelMarket(staking.named_market)
    if market.address == empty(address):
        errors._revert(errors.MARKET_UNKNOWN)
    task_id: bytes32 = staticcall market.task_id(_task)
    self._check_contradiction(task_id, _reports, _task.tolerance)
    culprit: address = empty(address)
    for i: uint256 in range(2):
        digest: bytes32 = staticcall market.report_digest(_reports[i])
        signing_key: address = compact_signature._signer(
            digest, _cosignatures[i].r, _cosignatures[i].vs
        )
        # Two keys of one machine prove nothing: an enclave that restarts has a new key, and may decide anew.
        if i == 1 and signing_key != culprit:
            errors._revert(errors.DIFFERENT_SIGNERS)
        culprit = signing_key
        enclave: uint256 = records.enclaves[_task.measurement][signing_key]
        binding: uint256 = records._compute_binding(
            _operator, _cosignatures[i].platform, _sealing_key
        )
        if records._get_value(enclave) != binding:
            errors._revert(errors.ENCLAVE_UNKNOWN)
        if records._get_epoch(enclave) != records._get_epoch(records.operators[_operator]):
            errors._revert(errors.OPERATOR_INACTIVE)
    amount: uint256 = 0
    reward: uint256 = 0
    amount, reward = staking._condemn(_operator, msg.sender)
    log IEnclaveRegistry.EquivocationProven(
        operator=_operator,
        prover=msg.sender,
        platform=_cosignatures[0].platform,
        task_id=task_id,
        stake=amount,
        reward=reward,
    )
    return reward


# ── Internal ──


@internal
@pure
def _check_contradiction(_task_id: bytes32, _reports: Types.Report[2], _tolerance: uint256):
    if _reports[0].task_id != _task_id or _reports[1].task_id != _task_id:
        errors._revert(errors.WRONG_TASK)
    if (
        _reports[0].round != _reports[1].round
        or _reports[0].seed != _reports[1].seed
        or _reports[0].inventory != _reports[1].inventory
    ):
        errors._revert(errors.DIFFERENT_RUNS)
    for i: uint256 in range(2):
        awards: uint256 = _reports[0].awards[i]
        others: uint256 = _reports[1].awards[i]
        for _: uint256 in range(4):
            if self._differ(
                awards & award_word.MAX_AWARD, others & award_word.MAX_AWARD, _tolerance
            ):
                return
            awards >>= award_word.AWARD_BITS
            others >>= award_word.AWARD_BITS
    errors._revert(errors.NO_CONTRADICTION)


@internal
@pure
def _differ(_award: uint256, _other: uint256, _tolerance: uint256) -> bool:
    """
    @dev Return True if no honest enclave signs both awards at one position of the list: the indices differ, the scores
         are further apart than twice the tolerance, or only one of them is an award.
    """
    if (_award == 0) != (_other == 0):
        return True
    if (_award & award_word.MAX_INDEX) != (_other & award_word.MAX_INDEX):
        return True
    score: uint256 = _award >> award_word.SCORE_SHIFT
    other_score: uint256 = _other >> award_word.SCORE_SHIFT
    distance: uint256 = max(score, other_score) - min(score, other_score)
    # The tolerance is untrusted calldata, so there is no product here that could overflow.
    return distance - min(distance, _tolerance) > _tolerance
