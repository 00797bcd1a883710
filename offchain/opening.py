"""Open submissions by their keyrings, every step held to what is committed.

What the submission got wrong is a `Disqualified`. What the host did not hand over, or altered, is a
`RunAborted`: bytes that do not hash to what the transcript commits are missing, and nobody's fault
becomes somebody's score.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from eth_utils.crypto import keccak

from offchain.envelopes import (
    EnvelopeError,
    delivery_envelope,
    keyring_entry,
    keyring_info,
    make_keyring,
    unseal,
)
from offchain.models.refusals import RunAborted
from offchain.results import Fault, Result
from offchain.task import Submission
from offchain.transcript import Reveal, Transcript


@dataclass(frozen=True)
class Job:
    """A submission to measure, with its key (32 bytes)."""

    index: int
    submission: Submission
    secret: bytes

    def __repr__(self) -> str:
        return f"Job({self.index})"

    def digests(self) -> set[tuple[int, bytes]]:
        """What makes another a duplicate of it: each digest with its place in the submission."""
        return set(enumerate(self.submission.to_abi()[:3]))


class Disqualified(Exception):  # noqa: N818 - a result, not an error of the program
    """A submission's own fault."""

    def __init__(self, reason: Fault) -> None:
        super().__init__(reason)
        self.reason = reason


def open_key(
    transcript: Transcript, reveal: Reveal, keyring: bytes, position: int, sealing_private: bytes
) -> bytes:
    """A submission's key, 32 bytes, after its keyring and delivery envelope are made again.

    Args:
        transcript: holds task and roster.
        reveal: the submission.
        keyring: as the host shows it.
        position: of this enclave in the roster.
        sealing_private: this enclave's X25519 private key, 32 bytes.

    Raises:
        Disqualified: the keyring is not the submission's key sealed to the whole roster, or the
            committed envelope is not the key's.
        RunAborted: the keyring is not the one that the transcript commits.
    """
    if keccak(keyring) != reveal.keyring_digest:
        raise RunAborted(
            reveal.index,
            f"keyring of {len(keyring)} bytes hashes to 0x{keccak(keyring).hex()}, expected "
            f"0x{reveal.keyring_digest.hex()}",
        )
    info = keyring_info(
        transcript.domain, transcript.task_id, reveal.developer, reveal.submission.digest()
    )
    try:
        secret = unseal(sealing_private, info, keyring_entry(keyring, position))
    except EnvelopeError as error:
        raise Disqualified(Fault.KEYRING) from error
    if make_keyring(secret, info, transcript.roster) != keyring:
        raise Disqualified(Fault.KEYRING)
    envelope = delivery_envelope(secret, transcript.task_id, transcript.task.delivery_key)
    if keccak(envelope) != reveal.submission.envelope_digest:
        raise Disqualified(Fault.ENVELOPE)
    return secret


def open_submissions(
    transcript: Transcript,
    inventory: Collection[int],
    keyrings: Mapping[int, bytes],
    position: int,
    sealing_private: bytes,
) -> tuple[dict[int, Result], list[Job]]:
    """The results that are known before any model is opened, and what is left to measure.

    Args:
        transcript: holds the submissions.
        inventory: those to measure.
        keyrings: theirs, as the host shows them.
        position: of this enclave in the roster.
        sealing_private: this enclave's X25519 private key, 32 bytes.

    Raises:
        RunAborted: a keyring is missing, or not the one that the transcript commits.
    """
    results: dict[int, Result] = {}
    jobs: list[Job] = []
    for index, reveal in transcript.by_index.items():
        if index not in inventory:
            results[index] = Result(index, reason=Fault.NOT_IN_INVENTORY)
            continue
        if index not in keyrings:
            raise RunAborted(index, "its keyring is missing")
        try:
            secret = open_key(transcript, reveal, keyrings[index], position, sealing_private)
        except Disqualified as fault:
            results[index] = Result(index, reason=fault.reason)
        else:
            jobs.append(Job(index, reveal.submission, secret))
    return results, jobs
