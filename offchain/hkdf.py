"""Keys from keys: HKDF-SHA256 (RFC 5869) without salt; the labels stand in docs/SPEC.md."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(secret: bytes, label: str, context: bytes = b"") -> bytes:
    """32 bytes of ``secret`` (32 random bytes) for one use.

    Raises:
        ValueError: the secret is not 32 bytes.
    """
    if len(secret) != 32:
        raise ValueError(f"secret of {len(secret)} bytes, expected 32")
    info = f"GoldenGrain/{label}".encode() + context
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
