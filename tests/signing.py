"""secp256k1 keys for tests, and the compact signatures that the contracts take."""

from eth_keys.datatypes import PrivateKey
from eth_utils import keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def signing_key(name: str) -> PrivateKey:
    """The same key for the same name."""
    return PrivateKey(keccak(text=f"signing key of {name}"))


def address(key: PrivateKey) -> str:
    return key.public_key.to_checksum_address()


def sign_compact(key: PrivateKey, digest: bytes) -> tuple[bytes, bytes]:
    """(r, vs) of EIP-2098: vs is s, always low, with the parity of v in its highest bit."""
    signature = key.sign_msg_hash(digest)
    vs = signature.s | signature.v << 255
    return signature.r.to_bytes(32, "big"), vs.to_bytes(32, "big")


def digest_signed_with(key: PrivateKey, s: int) -> tuple[bytes, tuple[bytes, bytes]]:
    """A digest made so that (r, vs) with just this s signs it, for tests of the bound on s.

    s has to fit into 255 bits, as in any compact signature. The nonce is 1: not for real keys.
    """
    nonce_point = PrivateKey((1).to_bytes(32, "big")).public_key.to_bytes()
    r = int.from_bytes(nonce_point[:32], "big")
    digest = (s - r * int.from_bytes(key.to_bytes(), "big")) % ORDER
    vs = s | (nonce_point[-1] & 1) << 255
    return digest.to_bytes(32, "big"), (r.to_bytes(32, "big"), vs.to_bytes(32, "big"))
