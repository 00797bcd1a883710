# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Quorum: who may sign, and who signed
@license GNU Affero General Public License v3.0 only
@notice check_quorum, revoked_since, is_active.
"""

from contracts.modules.common import compact_signature
from contracts.modules.common import errors
from contracts.modules.registry import records
from interfaces import Types

uses: records

# ── For the market ──


@external
@view
def check_quorum(
    _digest: bytes32,
    _measurement: bytes32,
    _min_stake: uint256,
    _roster: DynArray[Types.RosterEntry, 16],
    _cosignatures: DynArray[Types.Cosignature, 7],
    _excluded: DynArray[Types.Signer, 3],
) -> DynArray[Types.Signer, 7]:
    """
    @dev See `IEnclaveRegistry.check_quorum`.
    """
    self._require(self._fault_of_measurement(_measurement))
    signers: DynArray[Types.Signer, 7] = []
    # Roster and signatures ascend by signing key, so one pass over the roster meets every signer.
    signing_key: address = empty(address)
    for entry: Types.RosterEntry in _roster:
        count: uint256 = len(signers)
        if count == len(_cosignatures):
            break
        cosignature: Types.Cosignature = _cosignatures[count]
        if signing_key == empty(address):
            signing_key = compact_signature._signer(_digest, cosignature.r, cosignature.vs)
        if entry.signing_key != signing_key:
            continue
        enclave: uint256 = records.enclaves[_measurement][signing_key]
        platform: uint256 = records.platforms[cosignature.platform]
        holder: address = records._get_account(platform)
        operator: uint256 = records.operators[holder]
        binding: uint256 = records._compute_binding(holder, cosignature.platform, entry.sealing_key)
        self._require(self._fault_of_enclave(enclave, binding, platform, operator))
        if records._get_stake(operator) < _min_stake:
            errors._revert(errors.TOO_LITTLE_STAKE)
        for other: Types.Signer in signers:
            if other.operator == holder:
                errors._revert(errors.OPERATOR_TWICE)
        for other: Types.Signer in _excluded:
            if other.operator == holder:
                errors._revert(errors.OPERATOR_EXCLUDED)
        signers.append(
            Types.Signer(signing_key=signing_key, operator=holder, platform=cosignature.platform)
        )
        signing_key = empty(address)
    if len(signers) != len(_cosignatures):
        errors._revert(errors.NOT_IN_ROSTER)
    return signers


@external
@view
def revoked_since(
    _signers: DynArray[Types.Signer, 3], _measurement: bytes32, _time: uint256
) -> bool:
    """
    @dev See `IEnclaveRegistry.revoked_since`.
    """
    for signer: Types.Signer in _signers:
        if self._is_revoked_since(records.enclaves[_measurement][signer.signing_key], _time):
            return True
        if self._is_revoked_since(records.platforms[signer.platform], _time):
            return True
    return False


# ── Views ──


@external
@view
def is_active(
    _signing_key: address, _sealing_key: bytes32, _platform: bytes32, _measurement: bytes32
) -> bool:
    """
    @dev See `IEnclaveRegistry.is_active`.
    """
    if len(self._fault_of_measurement(_measurement)) > 0:
        return False
    platform: uint256 = records.platforms[_platform]
    holder: address = records._get_account(platform)
    fault: String[32] = self._fault_of_enclave(
        records.enclaves[_measurement][_signing_key],
        records._compute_binding(holder, _platform, _sealing_key),
        platform,
        records.operators[holder],
    )
    return len(fault) == 0


# ── Internal ──


@internal
@pure
def _require(_fault: String[32]):
    if len(_fault) > 0:
        errors._revert(_fault)


@internal
@pure
def _is_revoked_since(_word: uint256, _time: uint256) -> bool:
    revoked_at: uint256 = records._get_revoked_at(_word)
    return revoked_at != 0 and revoked_at >= _time


@internal
@view
def _fault_of_measurement(_measurement: bytes32) -> String[32]:
    """
    @dev Return the reason why no enclave may sign under a measurement; empty if enclaves may.
    """
    word: uint256 = records.measurements[_measurement]
    if records._get_revoked_at(word) != 0:
        return errors.MEASUREMENT_REVOKED
    if records._get_revoked_at(records.verifiers[records._get_account(word)]) != 0:
        return errors.VERIFIER_REVOKED
    return ""


@internal
@view
def _fault_of_enclave(
    _enclave: uint256, _binding: uint256, _platform: uint256, _operator: uint256
) -> String[32]:
    """
    @dev Return the reason why an enclave may not sign; empty if it may. The arguments are the records of the enclave,
         of its platform, and of the operator who holds the platform. Enclaves of an earlier holder are bound to another
         operator, so they are unknown.
    """
    if records._get_value(_enclave) != _binding:
        return errors.ENCLAVE_UNKNOWN
    if block.timestamp >= records._get_until(_enclave):
        return errors.ENCLAVE_EXPIRED
    if records._get_revoked_at(_enclave) != 0:
        return errors.ENCLAVE_REVOKED
    if records._get_revoked_at(_platform) != 0:
        return errors.PLATFORM_REVOKED
    if records._get_until(_operator) != 0:
        return errors.OPERATOR_INACTIVE
    if records._get_epoch(_enclave) != records._get_epoch(_operator):
        return errors.OPERATOR_INACTIVE
    return ""
