"""HPKE envelopes: a 32-byte secret sealed to one X25519 key (RFC 9180, base mode).

The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, without additional data. An
envelope is the encapsulated key (32 bytes) and the ciphertext (48). docs/SPEC.md, "Envelopes",
states the values that each envelope is bound to.

A delivery envelope and a keyring depend on the key that they seal and on public values alone. A
holder of the key recomputes them and compares the bytes.
"""

from collections.abc import Sequence

from pyhpke import AEADId, CipherSuite, KDFId, KEMId, OpenError

from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.errors import GoldenGrainError
from offchain.protocol.keys import check_public_key, hkdf
from offchain.protocol.task import RosterEntry

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
ENVELOPE_BYTES = 80


class EnvelopeError(GoldenGrainError, ValueError):
    """An envelope does not open: it is for another key, bound to other values, or altered."""


def seal(recipient: bytes, info: bytes, secret: bytes, ephemeral: bytes) -> bytes:
    """Seal a secret into an envelope of 80 bytes.

    Args:
        recipient: X25519 public key, 32 bytes.
        info: the values that the envelope is bound to (HPKE's ``info``).
        secret: 32 bytes.
        ephemeral: input of ``DeriveKeyPair``, 32 bytes, used for this envelope only.

    Raises:
        ValueError: the recipient's key has small order, or the secret is not 32 bytes.
    """
    check_public_key("recipient's key", recipient)
    if len(secret) != 32:
        raise ValueError(f"secret of {len(secret)} bytes, expected 32")
    pair = SUITE.kem.derive_key_pair(ephemeral)
    key = SUITE.kem.deserialize_public_key(recipient)
    encapsulated, context = SUITE.create_sender_context(key, info, eks=pair)
    return encapsulated + context.seal(secret)


def unseal(private: bytes, info: bytes, envelope: bytes) -> bytes:
    """Open an envelope and return its secret, 32 bytes.

    Args:
        private: the recipient's X25519 private key, 32 bytes.
        info: the values that the envelope must be bound to.
        envelope: untrusted.

    Raises:
        EnvelopeError: the envelope is not 80 bytes, is for another key, is bound to other values,
            or is altered.
    """
    if len(envelope) != ENVELOPE_BYTES:
        raise EnvelopeError(f"envelope of {len(envelope)} bytes, expected {ENVELOPE_BYTES}")
    key = SUITE.kem.deserialize_private_key(private)
    try:
        check_public_key("encapsulated key", envelope[:32])
        return SUITE.create_recipient_context(envelope[:32], key, info).open(envelope[32:])
    except (OpenError, ValueError) as error:
        raise EnvelopeError(f"envelope 0x{envelope.hex()} does not open: {error}") from error


# ── Delivery: developer to provider ──


def delivery_info(task_id: bytes) -> bytes:
    """Return the HPKE info of a delivery envelope, 64 bytes."""
    return hashes.tag("DELIVERY") + task_id


def delivery_envelope(secret: bytes, task_id: bytes, delivery_key: bytes) -> bytes:
    """Seal a submission's key to the provider (``E`` in docs/SPEC.md). Raises as `seal` does."""
    ephemeral = hkdf(secret, "delivery", task_id)
    return seal(delivery_key, delivery_info(task_id), secret, ephemeral)


# ── Keyring: developer to every enclave of the roster ──


def keyring_info(domain: Domain, task_id: bytes, developer: str, submission: bytes) -> bytes:
    """Return the HPKE info (bytes32) of a keyring's entries; ``submission`` is a digest."""
    types = ["uint256", "address", "bytes32", "address", "bytes32"]
    values = (domain.chain_id, domain.market, task_id, developer, submission)
    return hashes.tagged("KEYRING", types, *values)


def make_keyring(secret: bytes, info: bytes, roster: Sequence[RosterEntry]) -> bytes:
    """Seal a submission's key to each enclave, 80 bytes each, in the roster's order.

    Raises as `seal` does.
    """
    return b"".join(
        seal(entry.sealing_key, info, secret, hkdf(secret, "keyring", entry.sealing_key))
        for entry in roster
    )


def keyring_entry(keyring: bytes, position: int) -> bytes:
    """Return the envelope to the roster's entry at ``position``; shorter if there is none."""
    return keyring[position * ENVELOPE_BYTES : (position + 1) * ENVELOPE_BYTES]
