# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Endpoints of operators
@license GNU Affero General Public License v3.0 only
@notice announce: an operator says where it publishes its files. Only the event keeps its announcement.
"""

from contracts.modules.common import errors
from contracts.modules.registry import records
from contracts.modules.registry import staking
from interfaces import IEnclaveRegistry

uses: staking


@external
def announce(_uri: String[256]):
    """
    @dev See `IEnclaveRegistry.announce`.
    """
    if records._get_platforms(staking._bonded(msg.sender)) == 0:
        errors._revert(errors.NO_PLATFORM)
    log IEnclaveRegistry.EndpointAnnounced(operator=msg.sender, uri=_uri)
