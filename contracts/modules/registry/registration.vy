# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Registration of enclaves
@license GNU Affero General Public License v3.0 only
@notice register_enclave, for a new enclave and for the renewal of a known one. It writes one new word for an enclave,
        one for a program never seen on the machine, one for a machine never seen, and one for a program never seen.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.common import x25519_key
from contracts.modules.registry import records
from contracts.modules.registry import staking
from interfaces import IAttestationVerifier
from interfaces import IEnclaveRegistry

uses: records
uses: staking

# An enclave must be attested anew at least this often.
MAX_LIFETIME: constant(uint256) = 30 * clock.DAY
# The EVM knows the hashes of this many blocks.
_KNOWN_BLOCKS: constant(uint256) = 256
_ENCLAVE: constant(bytes32) = keccak256("GoldenGrain/ENCLAVE")

# ── Immutables ──

# Wei that an operator must have staked for each of its platforms when it registers an enclave.
PLATFORM_STAKE: immutable(uint256)


@deploy
def __init__(_platform_stake: uint256):
    if _platform_stake == 0 or _platform_stake >= staking.STAKE_BOUND:
        errors._revert(errors.BAD_STAKE)
    PLATFORM_STAKE = _platform_stake


# ── Registration ──


@external
def register_enclave(
    _verifier: address,
    _evidence: Bytes[8192],
    _signing_key: address,
    _sealing_key: bytes32,
    _block_number: uint256,
) -> bytes32:
    """
    @dev See `IEnclaveRegistry.register_enclave`.
    """
    if not self._is_approved(_verifier):
        errors._revert(errors.VERIFIER_NOT_APPROVED)
    if _signing_key == empty(address) or x25519_key._is_low_order(_sealing_key):
        errors._revert(errors.BAD_KEY)
    operator: uint256 = staking._bonded(msg.sender)
    epoch: uint256 = records._get_epoch(operator)
    report_data: bytes32 = self._compute_report_data(
        msg.sender, _signing_key, _sealing_key, _block_number
    )
    attestation: IAttestationVerifier.Attestation = extcall IAttestationVerifier(_verifier).verify(
        _evidence, report_data
    )
    if block.timestamp >= attestation.expiry:
        errors._revert(errors.EXPIRED)
    expiry: uint256 = min(attestation.expiry, block.timestamp + MAX_LIFETIME)
    measurement: bytes32 = keccak256(abi_encode(_verifier, attestation.program))
    self._pin_verifier(measurement, _verifier)
    self._hold_platform(attestation.platform, expiry, operator)
    self._bind_key(
        measurement,
        _signing_key,
        records._compute_binding(msg.sender, attestation.platform, _sealing_key),
        expiry,
        epoch,
    )
    self._retire_predecessor(measurement, attestation.platform, _signing_key)
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
    """
    @dev See `IEnclaveRegistry.report_data`.
    """
    return self._compute_report_data(_operator, _signing_key, _sealing_key, _block_number)


@external
@view
def platform_stake() -> uint256:
    """
    @dev See `IEnclaveRegistry.platform_stake`.
    """
    return PLATFORM_STAKE


# ── Internal ──


@internal
@view
def _is_approved(_verifier: address) -> bool:
    word: uint256 = records.verifiers[_verifier]
    return records._get_value(word) != 0 and records._get_revoked_at(word) == 0


@internal
@view
def _compute_report_data(
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
    word: uint256 = records.measurements[_measurement]
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.MEASUREMENT_REVOKED)
    if word == 0:
        records.measurements[_measurement] = convert(_verifier, uint256)


@internal
def _hold_platform(_platform: bytes32, _expiry: uint256, _operator: uint256):
    """
    @dev A platform stays with its operator until the operator withdraws its stake, or until its last enclave there has
         been expired for as long as unbonding takes. So an operator that goes silent does not keep a machine from its
         next tenant. Each platform needs a stake of its own, so that holding many is not cheaper than holding one.
    @param _operator The record of the caller, who is bonded.
    """
    word: uint256 = records.platforms[_platform]
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.PLATFORM_REVOKED)
    holder: address = records._get_account(word)
    epoch: uint256 = records._get_epoch(_operator)
    operator: uint256 = _operator
    held_until: uint256 = _expiry + staking.UNBONDING
    if holder == msg.sender:
        held_until = max(held_until, records._get_until(word))
    elif block.timestamp < records._get_until(word):
        holder_epoch: uint256 = records._get_epoch(records.operators[holder])
        if records._get_epoch(word) == holder_epoch:
            errors._revert(errors.PLATFORM_TAKEN)
    if holder != msg.sender or records._get_epoch(word) != epoch:
        # A withdrawal sets the count to zero, so a platform of an earlier epoch is counted anew.
        operator += records.ONE_PLATFORM
        records.operators[msg.sender] = operator
    if records._get_stake(operator) < PLATFORM_STAKE * records._get_platforms(operator):
        errors._revert(errors.TOO_LITTLE_STAKE)
    records.platforms[_platform] = records._pack(convert(msg.sender, uint256), 0, held_until, epoch)


@internal
def _bind_key(
    _measurement: bytes32,
    _signing_key: address,
    _binding: uint256,
    _expiry: uint256,
    _epoch: uint256,
):
    word: uint256 = records.enclaves[_measurement][_signing_key]
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.ENCLAVE_REVOKED)
    if word != 0 and records._get_value(word) != _binding:
        errors._revert(errors.KEY_TAKEN)
    records.enclaves[_measurement][_signing_key] = records._pack(_binding, 0, _expiry, _epoch)


@internal
def _retire_predecessor(_measurement: bytes32, _platform: bytes32, _signing_key: address):
    """
    @dev Let the enclave that was registered here before expire. It is the caller's own, or inactive: the caller holds
         the platform, and what an earlier holder registered there is of an ended epoch or long expired.
    """
    predecessor: address = records.latest_keys[_measurement][_platform]
    if predecessor == _signing_key:
        return
    records.latest_keys[_measurement][_platform] = _signing_key
    word: uint256 = records.enclaves[_measurement][predecessor]
    if block.timestamp < records._get_until(word):
        records.enclaves[_measurement][predecessor] = records._retire(word)
        log IEnclaveRegistry.EnclaveRetired(
            signing_key=predecessor, measurement=_measurement, successor=_signing_key
        )
