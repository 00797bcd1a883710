"""The provider's release of the test set: its key, sealed to an enclave for a seed and inventory.

The provider makes releases only after ``close_reveals`` is final on its own node. If a malicious
host presents another transcript or inventory to an enclave, the enclave cannot open the release.
"""

from pydantic.dataclasses import dataclass

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Bytes32, HexBytes, Index
from offchain.protocol.envelopes import EnvelopeError, unseal
from offchain.protocol.errors import InvalidRequest, RequestFault, expect_digest
from offchain.protocol.hashes import tagged
from offchain.protocol.keys import public_key
from offchain.protocol.transcript import Transcript

MAX_INVENTORIES = 4
"""Number of inventories of one task, each a part of the one before: models that the kernel or the
clock ends are left out of the next."""


@dataclass(frozen=True, config=STRICT)
class Release:
    """A test-set envelope, and the values that it is bound to.

    The envelope opens for the right values alone. The other fields let an error name the value that
    is wrong.

    Args:
        task_id: bytes32.
        seed: bytes32.
        inventory: the submissions to measure, by rising index.
        sealing_key: the enclave's X25519 public key, 32 bytes.
        envelope: 80 bytes.
    """

    task_id: Bytes32
    seed: Bytes32
    inventory: tuple[Index, ...]
    sealing_key: Bytes32
    envelope: HexBytes


def release_info(domain: Domain, task_id: bytes, seed: bytes, inventory: bytes) -> bytes:
    """Return the HPKE info (bytes32) of a test-set envelope; ``inventory`` is a digest."""
    types = ["uint256", "address", "bytes32", "bytes32", "bytes32"]
    values = (domain.chain_id, domain.market, task_id, seed, inventory)
    return tagged("TEST_SET", types, *values)


def key_commitment(secret: bytes) -> bytes:
    """Return the manifest's commitment (bytes32) to the test set's key: AES-GCM makes none."""
    return tagged("TEST_SET_KEY", ["bytes32"], secret)


def open_release(
    transcript: Transcript, release: Release, sealing_private: bytes, commitment: bytes
) -> bytes:
    """Open a release and return the test set's key, 32 bytes.

    Args:
        transcript: from the host; untrusted.
        release: from the host; untrusted.
        sealing_private: the enclave's private key, 32 bytes.
        commitment: the manifest's commitment to the key (bytes32).

    Raises:
        InvalidRequest: the release is bound to another task, seed, inventory or enclave, or does
            not contain the key that the manifest commits to.
    """
    expect_digest(
        RequestFault.ANOTHER_TASK, "release for task", release.task_id, transcript.task_id
    )
    expect_digest(RequestFault.ANOTHER_SEED, "release for seed", release.seed, transcript.seed)
    own = public_key(sealing_private)
    expect_digest(RequestFault.ANOTHER_ENCLAVE, "release to sealing key", release.sealing_key, own)
    try:
        inventory = transcript.inventory_digest(release.inventory)
    except ValueError as error:
        raise InvalidRequest(RequestFault.ANOTHER_INVENTORY, str(error)) from error
    info = release_info(transcript.domain, transcript.task_id, transcript.seed, inventory)
    try:
        secret = unseal(sealing_private, info, release.envelope)
    except EnvelopeError as error:
        raise InvalidRequest(RequestFault.TEST_SET_ENVELOPE, str(error)) from error
    expect_digest(RequestFault.TEST_SET_KEY, "key commitment", key_commitment(secret), commitment)
    return secret
