# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Enrolment of enclaves
@license GNU Affero General Public License v3.0 only
@notice register_enclave, for a new enclave and for the renewal of a known one. One new word for an
        enclave, one for a machine never seen, one for a program never seen.
"""

from contracts.modules import errors
from contracts.modules import operator_stake
from contracts.modules import registry_word
from contracts.modules import trust
from contracts.modules import x25519_key
from interfaces import IAttestationVerifier
from interfaces import IEnclaveRegistry

uses: operator_stake
uses: trust

# An enclave attests itself anew at least this often.
MAX_LIFETIME: constant(uint256) = 30 * operator_stake.DAY
# The EVM knows the hashes of so many blocks.
_KNOWN_BLOCKS: constant(uint256) = 256
_ENCLAVE: constant(bytes32) = keccak256("GoldenGrain/ENCLAVE")


# ── Registration ──


@external
def register_enclave(
    _verifier: address,
    _evidence: Bytes[8192],
    _signing_key: address,
    _sealing_key: bytes32,
    _block_number: uint256,
) -> bytes32:
    if not trust._is_approved(_verifier):
        errors._revert(errors.VERIFIER_NOT_APPROVED)
    if _signing_key == empty(address) or x25519_key._is_low_order(_sealing_key):
        errors._revert(errors.BAD_KEY)
    epoch: uint256 = registry_word._epoch(operator_stake._bonded(msg.sender))
    report_data: bytes32 = self._report_data(msg.sender, _signing_key, _sealing_key, _block_number)
    attestation: IAttestationVerifier.Attestation = extcall IAttestationVerifier(_verifier).verify(
        _evidence, report_data
    )
    if block.timestamp >= attestation.expiry:
        errors._revert(errors.EXPIRED)
    expiry: uint256 = min(attestation.expiry, block.timestamp + MAX_LIFETIME)
    measurement: bytes32 = keccak256(abi_encode(_verifier, attestation.program))
    self._pin_verifier(measurement, _verifier)
    self._hold_platform(attestation.platform, expiry, epoch)
    self._bind_key(
        measurement,
        _signing_key,
        registry_word._binding(msg.sender, attestation.platform, _sealing_key),
        expiry,
        epoch,
    )
    log IEnclaveRegistry.EnclaveRegistered(
        signing_key=_signing_key,
        operator=msg.sender,
        measurement=measurement,
        platform=attestation.platform,
        sealing_key=_sealing_key,
        verifier=_verifier,
        program=attestation.program,
        expiry=expiry,
    )
    return measurement


# ── Views ──


@external
@view
def report_data(
    _operator: address, _signing_key: address, _sealing_key: bytes32, _block_number: uint256
) -> bytes32:
    return self._report_data(_operator, _signing_key, _sealing_key, _block_number)


# ── Internal ──


@internal
@view
def _report_data(
    _operator: address, _signing_key: address, _sealing_key: bytes32, _block_number: uint256
) -> bytes32:
    if _block_number >= block.number or block.number - _block_number > _KNOWN_BLOCKS:
        errors._revert(errors.STALE_BLOCK)
    return keccak256(
        abi_encode(
            _ENCLAVE,
            chain.id,
            self,
            _operator,
            _signing_key,
            _sealing_key,
            _block_number,
            blockhash(_block_number),
        )
    )


@internal
def _pin_verifier(_measurement: bytes32, _verifier: address):
    word: uint256 = trust.measurements[_measurement]
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.MEASUREMENT_REVOKED)
    if word == 0:
        trust.measurements[_measurement] = convert(_verifier, uint256)


@internal
def _hold_platform(_platform: bytes32, _expiry: uint256, _epoch: uint256):
    """
    @dev A platform stays with its operator until that one withdraws its stake, or leaves it for as
         long as unbonding takes after its last enclave there expired: whoever goes silent does not
         keep a machine from its next tenant.
    """
    word: uint256 = trust.platforms[_platform]
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.PLATFORM_REVOKED)
    holder: address = registry_word._account(word)
    held_until: uint256 = _expiry + operator_stake.UNBONDING
    if holder == msg.sender:
        held_until = max(held_until, registry_word._until(word))
    elif block.timestamp < registry_word._until(word):
        holder_epoch: uint256 = registry_word._epoch(operator_stake.operators[holder])
        if registry_word._epoch(word) == holder_epoch:
            errors._revert(errors.PLATFORM_TAKEN)
    trust.platforms[_platform] = registry_word._pack(
        convert(msg.sender, uint256), 0, held_until, _epoch
    )


@internal
def _bind_key(
    _measurement: bytes32,
    _signing_key: address,
    _binding: uint256,
    _expiry: uint256,
    _epoch: uint256,
):
    word: uint256 = trust.enclaves[_measurement][_signing_key]
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.ENCLAVE_REVOKED)
    if word != 0 and registry_word._value(word) != _binding:
        errors._revert(errors.KEY_TAKEN)
    trust.enclaves[_measurement][_signing_key] = registry_word._pack(_binding, 0, _expiry, _epoch)
