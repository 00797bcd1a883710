"""Encrypted artifacts, envelopes, keyrings and the test set inside an artifact."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from eth_utils.crypto import keccak

from offchain.enclave.opening import open_key
from offchain.protocol.artifacts import MODEL, DecryptionError, decrypt_bytes, encrypt
from offchain.protocol.envelopes import EnvelopeError, seal, unseal
from offchain.protocol.errors import InvalidSubmission
from offchain.protocol.keys import public_key
from offchain.protocol.model_spec import STRING, Input, ModelSpec, Output
from offchain.protocol.sample import Samples, pack, packed_bytes, unpack
from tests.foreign.parser import Parser
from tests.offchain.honest import HONEST
from tests.vectors.generate import word

SECRET, PRIVATE, INFO = word("secret"), word("private"), b"bound to this"
PUBLIC = public_key(PRIVATE)


# ── Artifacts and test sets ──


def read_artifact(data: bytes) -> bool:
    """Decrypt; what comes out is encrypted to the same bytes. Encrypt it as plaintext too."""
    assert decrypt_bytes(_encrypted(data), SECRET, MODEL) == data
    try:
        found = decrypt_bytes(data, SECRET, MODEL)
    except DecryptionError:
        return False
    assert _encrypted(found) == data
    return True


def _encrypted(plaintext: bytes) -> bytes:
    sink = BytesIO()
    encrypt(BytesIO(plaintext), sink, SECRET, MODEL)
    return sink.getvalue()


def _artifacts() -> list[bytes]:
    return [_encrypted(plain) for plain in (b"", b"plaintext", bytes(2**12))]


TABLES = (
    (ModelSpec((3,), Output.PROBABILITIES, 4), False),
    (ModelSpec((2, 2), Output.VECTORS, 2, "float64"), True),
    (ModelSpec((1,), Output.MULTILABEL, 3, "int64"), True),
    (
        ModelSpec(
            (),
            Output.VALUES,
            0,
            inputs=(Input("age", (2,), "float32"), Input("town", (1,), STRING, 5)),
            missing=True,
        ),
        False,
    ),
)
"""Types of a test set; True if it has weights."""


def read_test_set(data: bytes) -> bool:
    """Read a decrypted test set, whose first byte chooses its types: it is written alike."""
    if not data:
        return False
    (spec, weighted), content = TABLES[data[0] % len(TABLES)], data[1:]
    count = len(content) // packed_bytes(1, spec, weighted)
    try:
        found = unpack(content, count, spec, weighted)
    except ValueError:
        return False
    assert pack(found, spec) == content
    return True


def _test_sets() -> list[bytes]:
    found = []
    for number, (spec, weighted) in enumerate(TABLES):
        inputs = np.zeros((4, *spec.input_shape), spec.sample_dtype)
        kind = np.float64 if spec.output in (Output.VALUES, Output.VECTORS) else np.int64
        targets = np.ones((4, *spec.target_shape), kind)
        samples = Samples(inputs, targets, np.ones(4) if weighted else None)
        found.append(bytes([number]) + pack(samples, spec))
    return found


# ── Envelopes and keyrings ──


def read_envelope(data: bytes) -> bool:
    """Open an envelope: what is in it has 32 bytes."""
    try:
        secret = unseal(PRIVATE, INFO, data)
    except EnvelopeError:
        return False
    assert len(secret) == 32
    return True


def read_keyring(data: bytes) -> bool:
    """Open a keyring to which its developer committed: it is the honest one, or refused."""
    transcript, reveal = HONEST.transcript, HONEST.transcript.reveals[0]
    reveal = replace(reveal, keyring_digest=keccak(data))
    try:
        open_key(transcript, reveal, data, 0, _sealing_key())
    except InvalidSubmission:
        return False
    assert data == HONEST.keyrings[reveal.index]
    return True


def _sealing_key() -> bytes:
    """Return the private key of the first enclave of the honest market."""
    wanted = HONEST.enclaves[0].identity.sealing_key
    keys = (word(f"sealing key of enclave {number} boot 0") for number in range(4))
    return next(key for key in keys if public_key(key) == wanted)


PARSERS = {
    "artifact": Parser(read_artifact, _artifacts),
    "test-set": Parser(read_test_set, _test_sets),
    "envelope": Parser(
        read_envelope, lambda: [seal(PUBLIC, INFO, SECRET, word("ephemeral"))], max_bytes=100
    ),
    "keyring": Parser(read_keyring, lambda: [HONEST.keyrings[0]], max_bytes=16 * 80),
}
