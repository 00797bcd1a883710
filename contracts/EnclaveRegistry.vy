# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Golden Grain: the registry of enclaves
@license GNU Affero General Public License v3.0 only
@custom:contract-name EnclaveRegistry
@notice Wires the modules together. The whole documentation stands in interfaces/IEnclaveRegistry.vyi.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules.common import errors
from contracts.modules.registry import descriptions
from contracts.modules.registry import endpoints
from contracts.modules.registry import equivocation
from contracts.modules.registry import quorum
from contracts.modules.registry import records
from contracts.modules.registry import registration
from contracts.modules.registry import revocation
from contracts.modules.registry import staking
from contracts.modules.registry import verifiers
from interfaces import IEnclaveRegistry

implements: IEnclaveRegistry

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: records
initializes: staking[ownable := ownable, records := records]
initializes: verifiers[ownable := ownable, records := records]
initializes: revocation[ownable := ownable, records := records]
initializes: registration[records := records, staking := staking]
initializes: quorum[records := records]
initializes: equivocation[records := records, staking := staking]
initializes: descriptions[ownable := ownable]
initializes: endpoints[staking := staking]

# ── Exports ──

exports: (staking.stake, staking.request_unstake, staking.unstake, staking.withdraw)
exports: (registration.register_enclave, registration.report_data, registration.platform_stake)
exports: endpoints.announce
exports: (
    revocation.revoke_enclave,
    revocation.revoke_platform,
    revocation.revoke_measurement,
    revocation.revoke_verifier,
)
exports: (verifiers.propose_verifier, verifiers.add_verifier)
exports: (descriptions.describe_measurement, descriptions.description)
exports: (quorum.check_quorum, quorum.check_encoded_quorum)
exports: (quorum.revoked_since, quorum.is_active)
exports: (staking.set_market, staking.slash, staking.market)
exports: (equivocation.prove_equivocation, staking.burn_stake, staking.credits)
exports: (records.operator, records.enclave, records.platform, records.latest_key)
exports: (records.measurement, records.verifier)
# `renounce_ownership` is left out: without an owner nobody could revoke a broken platform.
exports: (ownable_2step.owner, ownable_2step.pending_owner)
exports: (ownable_2step.transfer_ownership, ownable_2step.accept_ownership)


@deploy
def __init__(_owner: address, _verifier: address, _platform_stake: uint256):
    """
    @param _owner The guardian.
    @param _verifier The first verifier, approved at once.
    @param _platform_stake Wei that an operator must stake for each of its platforms, above zero and below 2**128.
    """
    if _owner == empty(address):
        errors._revert(errors.BAD_ADDRESS)
    ownable.__init__()
    ownable_2step.__init__()
    ownable._transfer_ownership(_owner)
    verifiers.__init__(_verifier)
    registration.__init__(_platform_stake)
