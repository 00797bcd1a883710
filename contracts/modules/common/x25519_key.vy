# pragma version 0.4.3
"""
@title X25519 public keys
@license GNU Affero General Public License v3.0 only
@notice Keys are 32 bytes, little-endian, as in RFC 7748.
"""

# All u-coordinates of small order on curve25519 or its twist, with the highest bit masked: 0 (order 2), 1 and p - 1
# (order 4), the two of order 8, and 0 and 1 again in their unreduced forms p and p + 1.
_LOW_ORDER: constant(bytes32[7]) = [
    0x0000000000000000000000000000000000000000000000000000000000000000,
    0x0100000000000000000000000000000000000000000000000000000000000000,
    0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800,
    0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157,
    0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f,
    0xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f,
    0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f,
]

# RFC 7748 ignores the highest bit. The last byte is the most significant one.
_UNUSED_BIT: constant(uint256) = 128


@internal
@pure
def _is_low_order(_key: bytes32) -> bool:
    """
    @notice Return True if every key exchange with this key gives the all-zero secret, which an attacker knows.
    """
    u: bytes32 = convert(convert(_key, uint256) & ~_UNUSED_BIT, bytes32)
    return u in _LOW_ORDER
