# pragma version 0.4.3
"""
@title Signatures of 64 bytes (EIP-2098)
@license GNU Affero General Public License v3.0 only
@notice Works like snekmate's `ecdsa._try_recover_r_vs`, with this project's revert reason.
"""

from contracts.modules.common import errors

# Half the order of secp256k1, rounded down (EIP-2). Of the two valid signatures s and -s only the low one is accepted,
# so that signatures are not malleable.
_MAX_S: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)


@internal
@pure
def _signer(_digest: bytes32, _r: bytes32, _vs: bytes32) -> address:
    """
    @dev Never returns the zero address, which `ecrecover` gives for an invalid signature.
    """
    vs: uint256 = convert(_vs, uint256)
    s: uint256 = vs & convert(max_value(int256), uint256)
    signer: address = ecrecover(_digest, (vs >> 255) + 27, convert(_r, uint256), s)
    if s > _MAX_S or signer == empty(address):
        errors._revert(errors.BAD_SIGNATURE)
    return signer
