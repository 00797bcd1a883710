# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Verifiers
@license GNU Affero General Public License v3.0 only
@notice propose_verifier, add_verifier: the owner widens trust after a delay. To revoke one: revocation.vy.
"""

from snekmate.auth import ownable

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.registry import records
from interfaces import IEnclaveRegistry

uses: ownable
uses: records

VERIFIER_DELAY: constant(uint256) = 14 * clock.DAY


@deploy
def __init__(_verifier: address):
    """
    @dev The first verifier needs no delay: nobody has staked yet.
    """
    self._require_contract(_verifier)
    records.verifiers[_verifier] = records._pack(block.timestamp, 0, block.timestamp, 0)
    log IEnclaveRegistry.VerifierAdded(verifier=_verifier)


# ── Widening, after a delay ──


@external
def propose_verifier(_verifier: address):
    """
    @dev See `IEnclaveRegistry.propose_verifier`.
    """
    ownable._check_owner()
    self._require_contract(_verifier)
    if records.verifiers[_verifier] != 0:
        errors._revert(errors.VERIFIER_KNOWN)
    ready_at: uint256 = block.timestamp + VERIFIER_DELAY
    records.verifiers[_verifier] = records._pack(0, 0, ready_at, 0)
    log IEnclaveRegistry.VerifierProposed(verifier=_verifier, ready_at=ready_at)


@external
def add_verifier(_verifier: address):
    """
    @dev See `IEnclaveRegistry.add_verifier`.
    """
    word: uint256 = records.verifiers[_verifier]
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.ALREADY_REVOKED)
    if word == 0:
        errors._revert(errors.NOT_PROPOSED)
    if records._get_value(word) != 0:
        errors._revert(errors.VERIFIER_KNOWN)
    ready_at: uint256 = records._get_until(word)
    clock._require_from(ready_at)
    records.verifiers[_verifier] = records._pack(block.timestamp, 0, ready_at, 0)
    log IEnclaveRegistry.VerifierAdded(verifier=_verifier)


# ── Internal ──


@internal
@view
def _require_contract(_verifier: address):
    if not _verifier.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
