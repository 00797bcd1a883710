# pragma version 0.4.3
"""
@title Timelock of what widens trust
@license GNU Affero General Public License v3.0 only
@notice A change that widens trust is proposed first, and carried out 14 to 28 days later.
@dev Proposals expire. Otherwise the owner could propose changes in advance and carry one out years later without
     notice.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors

DELAY: constant(uint256) = 14 * clock.DAY

# digest of a proposal -> unix seconds, zero when there is none
ready_times: HashMap[bytes32, uint256]


# ── Views ──


@external
@view
def ready_at(_proposal: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.ready_at`.
    """
    return self.ready_times[_proposal]


# ── Internals ──


@internal
def _propose(_proposal: bytes32) -> uint256:
    ready_at: uint256 = block.timestamp + DELAY
    self.ready_times[_proposal] = ready_at
    return ready_at


@internal
def _carry_out(_proposal: bytes32):
    ready_at: uint256 = self.ready_times[_proposal]
    if ready_at == 0:
        errors._revert(errors.NOT_PROPOSED)
    clock._require_from(ready_at)
    clock._require_before(ready_at + DELAY)
    self.ready_times[_proposal] = 0
