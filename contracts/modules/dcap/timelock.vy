# pragma version 0.4.3
"""
@title Wider trust only after a delay
@license GNU Affero General Public License v3.0 only
@notice What widens trust is proposed, then carried out no sooner than 14 days and no later than 28 days after.
@dev A proposal that could wait for ever would be a delay served in advance.
"""

from contracts.modules.dcap import dcap_errors as errors

DELAY: constant(uint256) = 14 * 86400

ready_at: public(
    HashMap[bytes32, uint256]
)  # digest of a proposal → unix seconds, zero when there is none


@internal
def _propose(_proposal: bytes32) -> uint256:
    ready_at: uint256 = block.timestamp + DELAY
    self.ready_at[_proposal] = ready_at
    return ready_at


@internal
def _carry_out(_proposal: bytes32):
    ready_at: uint256 = self.ready_at[_proposal]
    errors._require(ready_at != 0, errors.NOT_PROPOSED)
    errors._require(ready_at <= block.timestamp, errors.TOO_EARLY)
    errors._require(block.timestamp < ready_at + DELAY, errors.TOO_LATE)
    self.ready_at[_proposal] = 0
