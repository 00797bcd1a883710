# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Quorum: who may sign, and who signed
@license GNU Affero General Public License v3.0 only
@notice check_quorum, check_encoded_quorum, revoked_since, is_active.
"""

from contracts.modules.common import compact_signature
from contracts.modules.common import errors
from contracts.modules.registry import records
from interfaces import IEnclaveRegistry
from interfaces import Types

uses: records

# ── Layout of an encoded roster ──

# Bytes of an entry, after its offset and the number of entries.
_ENTRY: constant(uint256) = 2 * 32
_FIRST_ENTRY: constant(uint256) = 2 * 32

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
    return abi_decode(
        staticcall IEnclaveRegistry(self).check_encoded_quorum(
            _digest, _measurement, _min_stake, abi_encode(_roster), _cosignatures, _excluded
        ),
        DynArray[Types.Signer, 7],
    )


@external
@view
def check_encoded_quorum(
    _digest: bytes32,
    _measurement: bytes32,
    _min_stake: uint256,
    _roster: Bytes[1088],
    _cosignatures: DynArray[Types.Cosignature, 7],
    _excluded: DynArray[Types.Signer, 3],
) -> Bytes[736]:
    """
    @dev See `IEnclaveRegistry.check_encoded_quorum`.
    """
    fault: String[32] = self._fault_of_measurement(_measurement)
    if len(fault) > 0:
        errors._revert(fault)
    signers: DynArray[Types.Signer, 7] = []
    # Roster and signatures ascend by signing key, so one pass over the roster meets every signer.
    entry: uint256 = _FIRST_ENTRY
    for cosignature: Types.Cosignature in _cosignatures:
        signing_key: address = compact_signature._signer(_digest, cosignature.r, cosignature.vs)
        # At the latest in its last turn, this loop is behind the last entry.
        for _: uint256 in range(17):
            if entry >= len(_roster):
                errors._revert(errors.NOT_IN_ROSTER)
            if extract32(_roster, entry) == convert(signing_key, bytes32):
                break
            entry = unsafe_add(entry, _ENTRY)
        sealing_key: bytes32 = extract32(_roster, unsafe_add(entry, 32))
        entry = unsafe_add(entry, _ENTRY)
        enclave: uint256 = records.enclaves[_measurement][signing_key]
        platform: uint256 = records.platforms[cosignature.platform]
        holder: address = convert(platform & records.VALUE_BITS, address)
        operator: uint256 = records.operators[holder]
        binding: uint256 = records._compute_binding(holder, cosignature.platform, sealing_key)
        if not self._may_sign(enclave, binding, platform, operator):
            errors._revert(self._reason_against(enclave, binding, platform, operator))
        if operator & records.STAKE_BITS < _min_stake:
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
    return abi_encode(signers)


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
    return self._may_sign(
        records.enclaves[_measurement][_signing_key],
        records._compute_binding(holder, _platform, _sealing_key),
        platform,
        records.operators[holder],
    )


# ── Internal ──


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
    if word & records.REVOKED_AT_BITS != 0:
        return errors.MEASUREMENT_REVOKED
    verifier: address = convert(word & records.VALUE_BITS, address)
    if records.verifiers[verifier] & records.REVOKED_AT_BITS != 0:
        return errors.VERIFIER_REVOKED
    return ""


@internal
@view
def _may_sign(_enclave: uint256, _binding: uint256, _platform: uint256, _operator: uint256) -> bool:
    """
    @dev Return True if an enclave may sign. The arguments are the records of the enclave, of its platform, and of the
         operator who holds the platform. Enclaves of an earlier holder are bound to another operator, so they are
         unknown.
    """
    # One expression, since a report pays for it once a signature. A binding is a value alone, so `^` leaves the time of
    # the enclave's revocation as it is.
    return (
        (_enclave ^ _binding) & (records.VALUE_BITS | records.REVOKED_AT_BITS)
        | _platform & records.REVOKED_AT_BITS
        | _operator & records.UNTIL_BITS
        | (_enclave ^ _operator) >> records.EPOCH
    ) == 0 and _enclave & records.UNTIL_BITS > block.timestamp << records.UNTIL


@internal
@view
def _reason_against(
    _enclave: uint256, _binding: uint256, _platform: uint256, _operator: uint256
) -> String[32]:
    """
    @dev Return the first reason why an enclave may not sign. The arguments are those of `_may_sign`.
    """
    if records._get_value(_enclave) != _binding:
        return errors.ENCLAVE_UNKNOWN
    if block.timestamp >= records._get_until(_enclave):
        return errors.ENCLAVE_EXPIRED
    if records._get_revoked_at(_enclave) != 0:
        return errors.ENCLAVE_REVOKED
    if records._get_revoked_at(_platform) != 0:
        return errors.PLATFORM_REVOKED
    # It is unbonding, or has withdrawn its stake since.
    return errors.OPERATOR_INACTIVE
