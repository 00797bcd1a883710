# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Equivocation
@license GNU Affero General Public License v3.0 only
@notice prove_equivocation: one platform, two reports that contradict one another. It needs no state
        of the market.
"""

from contracts.modules import compact_signature
from contracts.modules import errors
from contracts.modules import operator_stake
from contracts.modules import registry_word
from contracts.modules import trust
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket
from interfaces import Types

uses: operator_stake
uses: trust

# An award is score << 32 | index.
_INDEX: constant(uint256) = 2**32 - 1


# ── Anyone ──


@external
def prove_equivocation(
    _task: Types.Task,
    _reports: Types.Report[2],
    _cosignatures: Types.Cosignature[2],
    _sealing_keys: bytes32[2],
) -> uint256:
    market: IModelMarket = IModelMarket(operator_stake.market)
    if market.address == empty(address):
        errors._revert(errors.MARKET_UNKNOWN)
    task_id: bytes32 = staticcall market.task_id(_task)
    self._check_contradiction(task_id, _reports, _task.tolerance)
    platform: bytes32 = _cosignatures[0].platform
    if _cosignatures[1].platform != platform:
        errors._revert(errors.DIFFERENT_PLATFORMS)
    holder: address = registry_word._account(trust.platforms[platform])
    epoch: uint256 = registry_word._epoch(operator_stake.operators[holder])
    for i: uint256 in range(2):
        digest: bytes32 = staticcall market.report_digest(_reports[i])
        signing_key: address = compact_signature._signer(
            digest, _cosignatures[i].r, _cosignatures[i].vs
        )
        enclave: uint256 = trust.enclaves[_task.measurement][signing_key]
        binding: uint256 = registry_word._binding(holder, platform, _sealing_keys[i])
        if registry_word._value(enclave) != binding:
            errors._revert(errors.ENCLAVE_UNKNOWN)
        if registry_word._epoch(enclave) != epoch:
            errors._revert(errors.OPERATOR_INACTIVE)
    amount: uint256 = 0
    reward: uint256 = 0
    amount, reward = operator_stake._condemn(holder, msg.sender)
    log IEnclaveRegistry.EquivocationProven(
        operator=holder,
        prover=msg.sender,
        platform=platform,
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
    for i: uint256 in range(8):
        if self._differ(_reports[0].awards[i], _reports[1].awards[i], _tolerance):
            return
    errors._revert(errors.NO_CONTRADICTION)


@internal
@pure
def _differ(_award: uint256, _other: uint256, _tolerance: uint256) -> bool:
    """
    @dev Whether no honest machine signs both in one place of the list: another index, scores
         further apart than twice the tolerance, or an award and none.
    """
    if (_award == 0) != (_other == 0):
        return True
    if (_award & _INDEX) != (_other & _INDEX):
        return True
    score: uint256 = _award >> 32
    other_score: uint256 = _other >> 32
    distance: uint256 = max(score, other_score) - min(score, other_score)
    # No product that could overflow: the tolerance is whatever the calldata says.
    return distance - min(distance, _tolerance) > _tolerance
