"""ECDSA over P-256 with SHA-256, in the raw form of quotes and of P256VERIFY (EIP-7951).

Signatures are r‖s and keys X‖Y: 64 bytes, big-endian. High s is valid, because Intel's own
signatures have it.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return True if ``key`` signed ``message``; a key off the curve has signed nothing."""
    x, y = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public_key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        return False
    try:
        public_key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def raw_signature(der: bytes) -> bytes:
    """Convert a DER ECDSA-Sig-Value (RFC 3279) to r‖s.

    Raises:
        ValueError: it is not a signature of this curve.
    """
    r, s = decode_dss_signature(der)
    if max(r, s).bit_length() > 256:
        raise ValueError(f"signature of {max(r, s).bit_length()} bits, expected at most 256")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def raw_key(key: object) -> bytes:
    """Convert a public key to X‖Y.

    Raises:
        ValueError: it is not a key of this curve.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{type(key).__name__}, expected a key on the curve P-256")
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
