# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The registry's records: operators, enclaves, platforms, measurements and verifiers
@license GNU Affero General Public License v3.0 only
@notice One word each. This is the only file that knows its layout:

        | bits        | 0-159    | 160-199      | 200-239    | 240-255     |
        |-------------|----------|--------------|------------|-------------|
        |             | value    | revoked_at   | until      | epoch       |
        | operator    | see below| condemned_at | unlocks_at | withdrawals |
        | enclave     | binding  | revoked_at   | expiry     | operator's  |
        | platform    | operator | revoked_at   | held_until | operator's  |
        | measurement | verifier | revoked_at   |            |             |
        | verifier    | added_at | revoked_at   | ready_at   |             |

        The value of an operator is its stake (bits 0-127) and the number of its platforms (bits 128-159). A word is zero
        until something is written to it.
@dev Packing trusts its caller. Times fit until the year 36,812. An epoch is one withdrawal, which takes at least 21
     days, so epochs fit for 3,700 years.
"""

from contracts.modules.common import errors
from interfaces import IEnclaveRegistry

# First bits of the fields; the epoch goes up to the end of the word.
_REVOKED_AT: constant(uint256) = 160
UNTIL: constant(uint256) = 200
EPOCH: constant(uint256) = 240

_PLATFORMS: constant(uint256) = 128

# Added to the word of an operator for one more platform.
ONE_PLATFORM: constant(uint256) = 1 << _PLATFORMS

_MASK_160: constant(uint256) = 2**160 - 1
_MASK_128: constant(uint256) = 2**128 - 1
_MASK_40: constant(uint256) = 2**40 - 1

# The bits of a field where it stands in the word.
VALUE_BITS: constant(uint256) = _MASK_160
STAKE_BITS: constant(uint256) = _MASK_128
REVOKED_AT_BITS: constant(uint256) = _MASK_40 << _REVOKED_AT
UNTIL_BITS: constant(uint256) = _MASK_40 << UNTIL


# ── Storage ──

# operator -> record
operators: HashMap[address, uint256]
# verifier -> record
verifiers: HashMap[address, uint256]
# measurement -> record
measurements: HashMap[bytes32, uint256]
# platform -> record
platforms: HashMap[bytes32, uint256]
# measurement -> signing key -> record. Keys are kept by measurement, because an attacker can write a program whose
# quote names any key: such a program can take keys under its own measurement only.
enclaves: HashMap[bytes32, HashMap[address, uint256]]
# measurement -> platform -> the signing key that was registered there last; no other one there is active
latest_keys: HashMap[bytes32, HashMap[bytes32, address]]


# ── Views ──


@external
@view
def operator(_account: address) -> IEnclaveRegistry.Operator:
    """
    @dev See `IEnclaveRegistry.operator`.
    """
    word: uint256 = self.operators[_account]
    return IEnclaveRegistry.Operator(
        stake=self._get_stake(word),
        unlocks_at=self._get_until(word),
        epoch=self._get_epoch(word),
        condemned_at=self._get_revoked_at(word),
        platforms=self._get_platforms(word),
    )


@external
@view
def verifier(_address: address) -> IEnclaveRegistry.Verifier:
    """
    @dev See `IEnclaveRegistry.verifier`.
    """
    word: uint256 = self.verifiers[_address]
    return IEnclaveRegistry.Verifier(
        ready_at=self._get_until(word),
        added_at=self._get_value(word),
        revoked_at=self._get_revoked_at(word),
    )


@external
@view
def measurement(_id: bytes32) -> IEnclaveRegistry.Measurement:
    """
    @dev See `IEnclaveRegistry.measurement`.
    """
    word: uint256 = self.measurements[_id]
    return IEnclaveRegistry.Measurement(
        verifier=self._get_account(word), revoked_at=self._get_revoked_at(word)
    )


@external
@view
def platform(_id: bytes32) -> IEnclaveRegistry.Platform:
    """
    @dev See `IEnclaveRegistry.platform`.
    """
    word: uint256 = self.platforms[_id]
    return IEnclaveRegistry.Platform(
        operator=self._get_account(word),
        held_until=self._get_until(word),
        revoked_at=self._get_revoked_at(word),
        epoch=self._get_epoch(word),
    )


@external
@view
def enclave(_signing_key: address, _measurement: bytes32) -> IEnclaveRegistry.Enclave:
    """
    @dev See `IEnclaveRegistry.enclave`.
    """
    word: uint256 = self.enclaves[_measurement][_signing_key]
    return IEnclaveRegistry.Enclave(
        binding=self._get_value(word),
        expiry=self._get_until(word),
        revoked_at=self._get_revoked_at(word),
        epoch=self._get_epoch(word),
    )


@external
@view
def latest_key(_platform: bytes32, _measurement: bytes32) -> address:
    """
    @dev See `IEnclaveRegistry.latest_key`.
    """
    return self.latest_keys[_measurement][_platform]


# ── Fields ──


@internal
@pure
def _pack(_value: uint256, _revoked_at: uint256, _until: uint256, _epoch: uint256) -> uint256:
    return _value | (_revoked_at << _REVOKED_AT) | (_until << UNTIL) | (_epoch << EPOCH)


@internal
@pure
def _get_value(_word: uint256) -> uint256:
    return _word & _MASK_160


@internal
@pure
def _get_stake(_word: uint256) -> uint256:
    return _word & _MASK_128


@internal
@pure
def _get_platforms(_word: uint256) -> uint256:
    return self._get_value(_word) >> _PLATFORMS


@internal
@pure
def _get_account(_word: uint256) -> address:
    return convert(_word & _MASK_160, address)


@internal
@pure
def _get_revoked_at(_word: uint256) -> uint256:
    return (_word >> _REVOKED_AT) & _MASK_40


@internal
@pure
def _get_until(_word: uint256) -> uint256:
    return (_word >> UNTIL) & _MASK_40


@internal
@pure
def _get_epoch(_word: uint256) -> uint256:
    return _word >> EPOCH


# ── Changes ──


@internal
@view
def _retire(_word: uint256) -> uint256:
    """
    @dev Return the record of an enclave that expires now, unless it expired before. Nothing else of it changes: a
         retirement is no revocation.
    """
    expiry: uint256 = min(self._get_until(_word), block.timestamp)
    return (_word & ~UNTIL_BITS) | (expiry << UNTIL)


@internal
@view
def _revoke(_word: uint256) -> uint256:
    """
    @dev Return the record, revoked now. The time of a revocation never changes.
    """
    if self._get_revoked_at(_word) != 0:
        errors._revert(errors.ALREADY_REVOKED)
    return _word | (block.timestamp << _REVOKED_AT)


@internal
@pure
def _compute_binding(_operator: address, _platform: bytes32, _sealing_key: bytes32) -> uint256:
    """
    @dev A signing key is bound to this value for good, once it is registered under a measurement. 160 bits of the hash
         are as many as an address has, and they leave room in the word for expiry, revocation and epoch.
    """
    return (convert(keccak256(abi_encode(_operator, _platform, _sealing_key)), uint256) & _MASK_160)
