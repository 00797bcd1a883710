# pragma version 0.4.3
"""
@title Units of time, and the rule for deadlines
@license GNU Affero General Public License v3.0 only
@notice Times are unix seconds, as block timestamps are. An action is valid while t < deadline, and what follows it
        once t >= deadline.
"""

from contracts.modules.common import errors

HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 24 * HOUR


@internal
@view
def _require_before(_deadline: uint256):
    if block.timestamp >= _deadline:
        errors._revert(errors.TOO_LATE)


@internal
@view
def _require_from(_deadline: uint256):
    if block.timestamp < _deadline:
        errors._revert(errors.TOO_EARLY)
