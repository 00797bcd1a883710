# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Revocation
@license GNU Affero General Public License v3.0 only
@notice revoke_enclave, revoke_platform, revoke_measurement, revoke_verifier: the owner narrows trust at once.
@dev A revocation is written into the record of what is revoked, whether or not it is registered. Nothing ever clears
     it.
"""

from snekmate.auth import ownable

from contracts.modules.registry import records
from interfaces import IEnclaveRegistry

uses: ownable
uses: records


@external
def revoke_enclave(_signing_key: address, _measurement: bytes32):
    """
    @dev See `IEnclaveRegistry.revoke_enclave`.
    """
    ownable._check_owner()
    word: uint256 = records._revoke(records.enclaves[_measurement][_signing_key])
    records.enclaves[_measurement][_signing_key] = word
    log IEnclaveRegistry.EnclaveRevoked(signing_key=_signing_key, measurement=_measurement)


@external
def revoke_platform(_platform: bytes32):
    """
    @dev See `IEnclaveRegistry.revoke_platform`.
    """
    ownable._check_owner()
    records.platforms[_platform] = records._revoke(records.platforms[_platform])
    log IEnclaveRegistry.PlatformRevoked(platform=_platform)


@external
def revoke_measurement(_measurement: bytes32):
    """
    @dev See `IEnclaveRegistry.revoke_measurement`.
    """
    ownable._check_owner()
    records.measurements[_measurement] = records._revoke(records.measurements[_measurement])
    log IEnclaveRegistry.MeasurementRevoked(measurement=_measurement)


@external
def revoke_verifier(_verifier: address):
    """
    @dev See `IEnclaveRegistry.revoke_verifier`.
    """
    ownable._check_owner()
    records.verifiers[_verifier] = records._revoke(records.verifiers[_verifier])
    log IEnclaveRegistry.VerifierRevoked(verifier=_verifier)
