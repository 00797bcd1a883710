# pragma version 0.4.3
"""
@title The word that the registry keeps of whatever it knows
@license GNU Affero General Public License v3.0 only
@notice The only place that knows the layout:

        | bits        | 0-159    | 160-199      | 200-239    | 240-255     |
        |-------------|----------|--------------|------------|-------------|
        |             | value    | revoked_at   | until      | epoch       |
        | operator    | stake    | condemned_at | unlocks_at | withdrawals |
        | enclave     | binding  | revoked_at   | expiry     | operator's  |
        | platform    | operator | revoked_at   | held_until | operator's  |
        | measurement | verifier | revoked_at   |            |             |
        | verifier    | added_at | revoked_at   | ready_at   |             |

        Zero is what nobody has touched.
@dev Packing trusts its caller. Times fit until the year 36,812. A withdrawal takes 21 days, so
     epochs last 3,700 years.
"""

from contracts.modules import errors

_REVOKED_AT: constant(uint256) = 160
_UNTIL: constant(uint256) = 200
_EPOCH: constant(uint256) = 240

_MASK_160: constant(uint256) = 2**160 - 1
_MASK_40: constant(uint256) = 2**40 - 1


# ── Fields ──


@internal
@pure
def _pack(_value: uint256, _revoked_at: uint256, _until: uint256, _epoch: uint256) -> uint256:
    return _value | (_revoked_at << _REVOKED_AT) | (_until << _UNTIL) | (_epoch << _EPOCH)


@internal
@pure
def _value(_word: uint256) -> uint256:
    return _word & _MASK_160


@internal
@pure
def _account(_word: uint256) -> address:
    return convert(_word & _MASK_160, address)


@internal
@pure
def _revoked_at(_word: uint256) -> uint256:
    return (_word >> _REVOKED_AT) & _MASK_40


@internal
@pure
def _until(_word: uint256) -> uint256:
    return (_word >> _UNTIL) & _MASK_40


@internal
@pure
def _epoch(_word: uint256) -> uint256:
    return _word >> _EPOCH


# ── Changes ──


@internal
@view
def _revoke(_word: uint256) -> uint256:
    """
    @dev The word, revoked now. A time of revocation never moves.
    """
    if self._revoked_at(_word) != 0:
        errors._revert(errors.ALREADY_REVOKED)
    return _word | (block.timestamp << _REVOKED_AT)


@internal
@pure
def _binding(_operator: address, _platform: bytes32, _sealing_key: bytes32) -> uint256:
    """
    @dev What a signing key is bound to for good, once registered under a measurement: 160 bits of a
         hash, as many as an address has, so that expiry, revocation and epoch share its word.
    """
    digest: bytes32 = keccak256(abi_encode(_operator, _platform, _sealing_key))
    return convert(digest, uint256) & _MASK_160
