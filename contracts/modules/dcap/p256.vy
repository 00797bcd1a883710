# pragma version 0.4.3
"""
@title ECDSA on the curve P-256, by the precompile of EIP-7951
@license GNU Affero General Public License v3.0 only
@notice Where the precompile is missing, every signature is invalid (fail closed): the call succeeds and returns
        nothing.
@dev Accepts signatures with a high s, because Intel's certificates and quotes have them. So signatures are malleable.
"""

PRECOMPILE: constant(address) = 0x0000000000000000000000000000000000000100

# RFC 6979, A.2.5, SHA-256, message "sample".
SAMPLE_DIGEST: constant(
    bytes32
) = 0xaf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf
SAMPLE_SIGNATURE: constant(bytes32[2]) = [
    0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716,
    0xf7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8,
]
SAMPLE_KEY: constant(bytes32[2]) = [
    0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6,
    0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299,
]


@internal
@view
def _is_valid(_digest: bytes32, _signature: bytes32[2], _key: bytes32[2]) -> bool:
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        PRECOMPILE,
        concat(_digest, _signature[0], _signature[1], _key[0], _key[1]),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, uint256) == 1


@internal
@view
def _is_available() -> bool:
    return self._is_valid(SAMPLE_DIGEST, SAMPLE_SIGNATURE, SAMPLE_KEY)
