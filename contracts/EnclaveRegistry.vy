# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Golden Grain: the registry of enclaves
@license GNU Affero General Public License v3.0 only
@custom:contract-name EnclaveRegistry
@notice Wires the modules together. The whole documentation stands in
        interfaces/IEnclaveRegistry.vyi.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules import descriptions
from contracts.modules import enrolment
from contracts.modules import equivocation
from contracts.modules import errors
from contracts.modules import operator_stake
from contracts.modules import quorum
from contracts.modules import trust
from interfaces import IEnclaveRegistry

implements: IEnclaveRegistry

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: operator_stake[ownable := ownable]
initializes: trust[ownable := ownable]
initializes: enrolment[operator_stake := operator_stake, trust := trust]
initializes: quorum[operator_stake := operator_stake, trust := trust]
initializes: equivocation[operator_stake := operator_stake, trust := trust]
initializes: descriptions[ownable := ownable]

# ── Exports ──

exports: (
    operator_stake.stake,
    operator_stake.request_unstake,
    operator_stake.unstake,
    operator_stake.withdraw,
)
exports: (enrolment.register_enclave, enrolment.report_data)
exports: (
    trust.revoke_enclave, trust.revoke_platform, trust.revoke_measurement, trust.revoke_verifier
)
exports: (trust.propose_verifier, trust.add_verifier)
exports: (descriptions.describe_measurement, descriptions.description)
exports: (quorum.check_quorum, quorum.revoked_since, quorum.is_active)
exports: (operator_stake.set_market, operator_stake.slash, operator_stake.market)
exports: (equivocation.prove_equivocation, operator_stake.burn_stake)
exports: (operator_stake.operator, operator_stake.credits)
exports: (trust.enclave, trust.platform, trust.measurement, trust.verifier)
# Not `renounce_ownership`: without a guardian nobody could revoke a broken platform.
exports: (ownable_2step.owner, ownable_2step.pending_owner)
exports: (ownable_2step.transfer_ownership, ownable_2step.accept_ownership)


@deploy
def __init__(_owner: address, _verifier: address):
    """
    @param _owner The guardian.
    @param _verifier The first verifier, approved at once.
    """
    if _owner == empty(address):
        errors._revert(errors.BAD_ADDRESS)
    ownable.__init__()
    ownable_2step.__init__()
    ownable._transfer_ownership(_owner)
    trust.__init__(_verifier)
