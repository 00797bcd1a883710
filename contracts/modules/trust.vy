# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title What the registry knows of verifiers, measurements, platforms and enclaves, and what its
       owner revokes
@license GNU Affero General Public License v3.0 only
@notice A revocation is written beside what is revoked, known or not, and nothing ever clears it.
"""

from snekmate.auth import ownable

from contracts.modules import errors
from contracts.modules import operator_stake
from contracts.modules import registry_word
from interfaces import IEnclaveRegistry

uses: ownable

VERIFIER_DELAY: constant(uint256) = 14 * operator_stake.DAY

# Words of registry_word.vy:
# verifier -> word
verifiers: HashMap[address, uint256]
# measurement -> word
measurements: HashMap[bytes32, uint256]
# platform -> word
platforms: HashMap[bytes32, uint256]
# measurement -> signing key -> word. Under its measurement, so that a program of somebody else's,
# which may have a quote name any key, takes no key but under its own.
enclaves: HashMap[bytes32, HashMap[address, uint256]]


@deploy
def __init__(_verifier: address):
    """
    @dev The first verifier needs no delay: nobody has staked yet.
    """
    self._check_contract(_verifier)
    self.verifiers[_verifier] = registry_word._pack(block.timestamp, 0, block.timestamp, 0)
    log IEnclaveRegistry.VerifierAdded(verifier=_verifier)


# ── Narrowing, at once ──


@external
def revoke_enclave(_signing_key: address, _measurement: bytes32):
    ownable._check_owner()
    word: uint256 = registry_word._revoke(self.enclaves[_measurement][_signing_key])
    self.enclaves[_measurement][_signing_key] = word
    log IEnclaveRegistry.EnclaveRevoked(signing_key=_signing_key, measurement=_measurement)


@external
def revoke_platform(_platform: bytes32):
    ownable._check_owner()
    self.platforms[_platform] = registry_word._revoke(self.platforms[_platform])
    log IEnclaveRegistry.PlatformRevoked(platform=_platform)


@external
def revoke_measurement(_measurement: bytes32):
    ownable._check_owner()
    self.measurements[_measurement] = registry_word._revoke(self.measurements[_measurement])
    log IEnclaveRegistry.MeasurementRevoked(measurement=_measurement)


@external
def revoke_verifier(_verifier: address):
    ownable._check_owner()
    self.verifiers[_verifier] = registry_word._revoke(self.verifiers[_verifier])
    log IEnclaveRegistry.VerifierRevoked(verifier=_verifier)


# ── Widening, after a delay ──


@external
def propose_verifier(_verifier: address):
    ownable._check_owner()
    self._check_contract(_verifier)
    if self.verifiers[_verifier] != 0:
        errors._revert(errors.VERIFIER_KNOWN)
    ready_at: uint256 = block.timestamp + VERIFIER_DELAY
    self.verifiers[_verifier] = registry_word._pack(0, 0, ready_at, 0)
    log IEnclaveRegistry.VerifierProposed(verifier=_verifier, ready_at=ready_at)


@external
def add_verifier(_verifier: address):
    word: uint256 = self.verifiers[_verifier]
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.ALREADY_REVOKED)
    if word == 0:
        errors._revert(errors.NOT_PROPOSED)
    if registry_word._value(word) != 0:
        errors._revert(errors.VERIFIER_KNOWN)
    ready_at: uint256 = registry_word._until(word)
    if block.timestamp < ready_at:
        errors._revert(errors.TOO_EARLY)
    self.verifiers[_verifier] = registry_word._pack(block.timestamp, 0, ready_at, 0)
    log IEnclaveRegistry.VerifierAdded(verifier=_verifier)


# ── Views ──


@external
@view
def verifier(_verifier: address) -> IEnclaveRegistry.Verifier:
    word: uint256 = self.verifiers[_verifier]
    return IEnclaveRegistry.Verifier(
        ready_at=registry_word._until(word),
        added_at=registry_word._value(word),
        revoked_at=registry_word._revoked_at(word),
    )


@external
@view
def measurement(_measurement: bytes32) -> IEnclaveRegistry.Measurement:
    word: uint256 = self.measurements[_measurement]
    return IEnclaveRegistry.Measurement(
        verifier=registry_word._account(word), revoked_at=registry_word._revoked_at(word)
    )


@external
@view
def platform(_platform: bytes32) -> IEnclaveRegistry.Platform:
    word: uint256 = self.platforms[_platform]
    return IEnclaveRegistry.Platform(
        operator=registry_word._account(word),
        held_until=registry_word._until(word),
        revoked_at=registry_word._revoked_at(word),
        epoch=registry_word._epoch(word),
    )


@external
@view
def enclave(_signing_key: address, _measurement: bytes32) -> IEnclaveRegistry.Enclave:
    word: uint256 = self.enclaves[_measurement][_signing_key]
    return IEnclaveRegistry.Enclave(
        binding=registry_word._value(word),
        expiry=registry_word._until(word),
        revoked_at=registry_word._revoked_at(word),
        epoch=registry_word._epoch(word),
    )


# ── Internal ──


@internal
@view
def _is_approved(_verifier: address) -> bool:
    word: uint256 = self.verifiers[_verifier]
    return registry_word._value(word) != 0 and registry_word._revoked_at(word) == 0


@internal
@view
def _check_contract(_verifier: address):
    if not _verifier.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
