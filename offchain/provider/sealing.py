"""The release of a test set: its key, sealed to an enclave."""

from collections.abc import Sequence

from offchain.protocol.envelopes import seal
from offchain.protocol.release import Release, release_info
from offchain.protocol.transcript import Transcript


def make_release(
    transcript: Transcript,
    inventory: Sequence[int],
    sealing_key: bytes,
    secret: bytes,
    ephemeral: bytes,
) -> Release:
    """Release the test set to an enclave.

    Args:
        transcript: read from the provider's own node.
        inventory: the submissions whose artifact and keyring the provider has, by rising index;
            the same for all enclaves whose reports must agree.
        sealing_key: of an enclave of the roster, 32 bytes.
        secret: the test set's key, 32 bytes.
        ephemeral: 32 random bytes, fresh for every release.

    Raises:
        ValueError: the inventory or the sealing key is not in the transcript, or the key has small
            order.
    """
    if sealing_key not in {entry.sealing_key for entry in transcript.roster}:
        raise ValueError(f"sealing key 0x{sealing_key.hex()}, expected one of the roster")
    digest = transcript.inventory_digest(inventory)
    info = release_info(transcript.domain, transcript.task_id, transcript.seed, digest)
    envelope = seal(sealing_key, info, secret, ephemeral)
    return Release(transcript.task_id, transcript.seed, tuple(inventory), sealing_key, envelope)
