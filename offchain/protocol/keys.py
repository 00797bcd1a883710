"""Derived keys (HKDF-SHA256, RFC 5869) and X25519 public keys (RFC 7748), 32 bytes each.

docs/SPEC.md lists the labels of derived keys.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Any scalar detects a point of small order: clamping makes the scalar a multiple of 8, so that the
# product is zero, which the library refuses.
_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))


@lru_cache(maxsize=256)  # a task's roster is checked for each of its submissions
def check_public_key(name: str, key: bytes) -> None:
    """Refuse a key of small order: any attacker could open its envelopes (RFC 7748, section 6.1).

    Raises:
        ValueError: the key is not 32 bytes, zero, or a point of small order.
    """
    if len(key) != 32:
        raise ValueError(f"{name} of {len(key)} bytes, expected 32")
    try:
        _PROBE.exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError as error:
        raise ValueError(f"{name} 0x{key.hex()} has small order") from error


def public_key(private: bytes) -> bytes:
    """Return the public key of a private key, 32 bytes each."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def hkdf(secret: bytes, label: str, context: bytes = b"") -> bytes:
    """Derive 32 bytes from ``secret`` (32 random bytes) for one use.

    Raises:
        ValueError: the secret is not 32 bytes.
    """
    if len(secret) != 32:
        raise ValueError(f"secret of {len(secret)} bytes, expected 32")
    info = f"GoldenGrain/{label}".encode() + context
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
