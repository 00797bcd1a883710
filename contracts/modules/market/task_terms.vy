# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The terms that a task may have
@license GNU Affero General Public License v3.0 only
@notice Rejects terms that could strand money, make a task unfair, or overflow a packed field.
@dev Unchecked sums and products are of numbers that an earlier line has bounded.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.common import x25519_key
from contracts.modules.market import pricing
from contracts.modules.market import task_state
from interfaces import Types

MAX_AWARDS: constant(uint256) = 8
MAX_QUORUM: constant(uint256) = 3
# Longest time to commit.
MAX_COMMIT: constant(uint256) = 30 * clock.DAY
# Shortest time to reveal, and to report.
MIN_STEP: constant(uint256) = 6 * clock.HOUR
# Shortest time to dispute, to decide and to claim.
MIN_WINDOW: constant(uint256) = 1 * clock.DAY
# Longest of each of these five times. The registry's unbonding lasts longer than two of them.
MAX_WINDOW: constant(uint256) = 7 * clock.DAY

# ── Immutables ──

SEAT_BOND: immutable(uint256)
MIN_TOLERANCE: immutable(uint256)


@deploy
def __init__(_bond_per_seat: uint256, _least_tolerance: uint256):
    if _bond_per_seat == 0 or _bond_per_seat >= 2**64:
        errors._revert(errors.BAD_BOND)
    if _least_tolerance == 0 or _least_tolerance > pricing.MAX_SCORE:
        errors._revert(errors.BAD_TOLERANCE)
    SEAT_BOND = _bond_per_seat
    MIN_TOLERANCE = _least_tolerance


# ── Views ──


@external
@view
def seat_bond() -> uint256:
    """
    @dev See `IModelMarket.seat_bond`.
    """
    return SEAT_BOND


@external
@view
def min_tolerance() -> uint256:
    """
    @dev See `IModelMarket.min_tolerance`.
    """
    return MIN_TOLERANCE


# ── Internal ──


@internal
@pure
def _panel_size(_quorum: uint256) -> uint256:
    return unsafe_add(unsafe_mul(2, _quorum), 1)


@internal
@view
def _check(_task: Types.Task):
    if _task.provider != msg.sender:
        errors._revert(errors.NOT_PROVIDER)
    # Money.
    if max(_task.budget, _task.benchmark_fee) > pricing.MAX_AMOUNT:
        errors._revert(errors.BAD_BUDGET)
    pricing._check_curve(_task.curve, _task.budget)
    if _task.max_awards == 0 or _task.max_awards > MAX_AWARDS:
        errors._revert(errors.BAD_AWARD_COUNT)
    if _task.max_submissions == 0 or _task.max_submissions > task_state.MAX_COUNT:
        errors._revert(errors.BAD_SUBMISSION_COUNT)
    if not self._fits_gwei(_task.commit_bond):
        errors._revert(errors.BAD_BOND)
    if not self._fits_gwei(_task.entry_fee):
        errors._revert(errors.BAD_ENTRY_FEE)
    # Who judges, and how.
    if _task.benchmark == empty(bytes32):
        errors._revert(errors.BAD_BENCHMARK)
    if _task.measurement == empty(bytes32):
        errors._revert(errors.BAD_MEASUREMENT)
    if _task.roster == empty(bytes32):
        errors._revert(errors.BAD_ROSTER)
    if _task.quorum == 0 or _task.quorum > MAX_QUORUM:
        errors._revert(errors.BAD_QUORUM)
    if _task.tolerance < MIN_TOLERANCE or _task.tolerance > pricing.MAX_SCORE:
        errors._revert(errors.BAD_TOLERANCE)
    # An overturned report costs each signer the dispute bond divided by the quorum. The stake must cover that.
    if _task.min_stake > pricing.MAX_AMOUNT:
        errors._revert(errors.BAD_STAKE)
    if unsafe_mul(_task.min_stake, _task.quorum) < unsafe_mul(
        SEAT_BOND, self._panel_size(_task.quorum)
    ):
        errors._revert(errors.BAD_STAKE)
    if x25519_key._is_low_order(_task.delivery_key):
        errors._revert(errors.BAD_KEY)
    # Times.
    if _task.commit_deadline <= block.timestamp:
        errors._revert(errors.BAD_DEADLINE)
    if _task.commit_deadline > unsafe_add(block.timestamp, MAX_COMMIT):
        errors._revert(errors.BAD_DEADLINE)
    self._check_step(_task.commit_deadline, _task.reveal_deadline)
    self._check_step(_task.reveal_deadline, _task.report_deadline)
    self._check_window(_task.dispute_window)
    self._check_window(_task.verdict_window)
    self._check_window(_task.claim_window)


@internal
@pure
def _fits_gwei(_wei: uint256) -> bool:
    return _wei % task_state.ONE_GWEI == 0 and _wei <= task_state.MAX_GWEI * task_state.ONE_GWEI


@internal
@pure
def _check_roster(_roster: DynArray[Types.RosterEntry, 16], _quorum: uint256):
    """
    @dev The market knows a roster by its digest only, until a report brings the whole. It must have room for the
         signers and for a panel that shares no enclave with them, and must not name an enclave twice.
    """
    if len(_roster) < _quorum + self._panel_size(_quorum):
        errors._revert(errors.BAD_ROSTER)
    last: uint160 = 0
    for entry: Types.RosterEntry in _roster:
        if convert(entry.signing_key, uint160) <= last:
            errors._revert(errors.BAD_ROSTER)
        last = convert(entry.signing_key, uint160)


@internal
@pure
def _check_step(_start: uint256, _end: uint256):
    if _end < unsafe_add(_start, MIN_STEP) or _end > unsafe_add(_start, MAX_WINDOW):
        errors._revert(errors.BAD_DEADLINE)


@internal
@pure
def _check_window(_window: uint256):
    if MIN_WINDOW > _window or _window > MAX_WINDOW:
        errors._revert(errors.BAD_WINDOW)
