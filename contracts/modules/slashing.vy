# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title What costs an operator its stake
@license GNU Affero General Public License v3.0 only
@notice The market's fines, and proof of equivocation, which needs no state of the market.
"""

from snekmate.auth import ownable

from contracts.modules import compact_signature
from contracts.modules import errors
from contracts.modules import registry_word
from contracts.modules import operator_stake
from contracts.modules import trust
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket
from interfaces import Types

uses: ownable
uses: operator_stake
uses: trust

# One part in so many is the prover's: worth its while, and little comfort to a culprit who proves
# its own fault.
_REWARD_DIVISOR: constant(uint256) = 4
# An award is score << 32 | index.
_INDEX: constant(uint256) = 2**32 - 1

# The market that may slash, zero until named.
market: public(address)


# ── Owner ──


@external
def set_market(_market: address):
    ownable._check_owner()
    if self.market != empty(address):
        errors._revert(errors.MARKET_KNOWN)
    if not _market.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    self.market = _market
    log IEnclaveRegistry.MarketSet(market=_market)


# ── Market ──


@external
def slash(_operator: address, _amount: uint256, _beneficiary: address) -> uint256:
    if msg.sender != self.market:
        errors._revert(errors.NOT_MARKET)
    taken: uint256 = operator_stake._take(_operator, _amount)
    operator_stake._credit(_beneficiary, taken)
    log IEnclaveRegistry.Slashed(
        operator=_operator, beneficiary=_beneficiary, asked=_amount, taken=taken
    )
    return taken


# ── Anyone ──


@external
def prove_equivocation(
    _task: Types.Task,
    _reports: Types.Report[2],
    _cosignatures: Types.Cosignature[2],
    _sealing_keys: bytes32[2],
) -> uint256:
    if self.market == empty(address):
        errors._revert(errors.MARKET_UNKNOWN)
    task_id: bytes32 = staticcall IModelMarket(self.market).task_id(_task)
    self._check_contradiction(task_id, _reports, _task.tolerance)
    platform: bytes32 = _cosignatures[0].platform
    if _cosignatures[1].platform != platform:
        errors._revert(errors.DIFFERENT_PLATFORMS)
    holder: address = registry_word._account(trust.platforms[platform])
    operator: uint256 = operator_stake.operators[holder]
    for i: uint256 in range(2):
        digest: bytes32 = staticcall IModelMarket(self.market).report_digest(_reports[i])
        signing_key: address = compact_signature._signer(
            digest, _cosignatures[i].r, _cosignatures[i].vs
        )
        enclave: uint256 = trust.enclaves[_task.measurement][signing_key]
        binding: uint256 = registry_word._binding(holder, platform, _sealing_keys[i])
        if registry_word._value(enclave) != binding:
            errors._revert(errors.ENCLAVE_UNKNOWN)
        if registry_word._epoch(enclave) != registry_word._epoch(operator):
            errors._revert(errors.OPERATOR_INACTIVE)
    taken: uint256 = operator_stake._take(holder, registry_word._value(operator))
    if taken == 0:
        errors._revert(errors.NO_STAKE)
    # Rounded down, against the prover, by less than one wei.
    reward: uint256 = taken // _REWARD_DIVISOR
    operator_stake._credit(msg.sender, reward)
    log IEnclaveRegistry.EquivocationProven(
        operator=holder,
        prover=msg.sender,
        platform=platform,
        task_id=task_id,
        taken=taken,
        reward=reward,
    )
    operator_stake._burn(taken - reward)
    return taken


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
