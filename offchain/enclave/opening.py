"""Decryption of submissions' keys and of the test set; each step is checked against a commitment.

A fault of the submission raises `InvalidSubmission`. If the host withholds or alters bytes,
`RunAborted` is raised: bytes that do not hash to the committed digest are treated as missing, so
that a malicious host cannot turn its own fault into a developer's result.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from eth_utils.crypto import keccak

from offchain.enclave.artifact_folder import Artifacts
from offchain.protocol.artifacts import TEST_SET, decrypt_bytes
from offchain.protocol.envelopes import (
    EnvelopeError,
    delivery_envelope,
    keyring_entry,
    keyring_info,
    make_keyring,
    unseal,
)
from offchain.protocol.errors import (
    InvalidRequest,
    InvalidSubmission,
    RequestFault,
    RunAborted,
    StorageError,
    SubmissionFault,
)
from offchain.protocol.manifest import Manifest
from offchain.protocol.passes import order
from offchain.protocol.results import Result
from offchain.protocol.sample import Samples, artifact_bytes, draw_sample, unpack
from offchain.protocol.task import Submission
from offchain.protocol.transcript import Reveal, Transcript


@dataclass(frozen=True)
class Job:
    """A submission to measure, with its key (32 bytes)."""

    index: int
    submission: Submission
    secret: bytes

    def __repr__(self) -> str:
        return f"Job({self.index})"

    def digests(self) -> set[tuple[int, bytes]]:
        """Return each digest with its position; a submission that shares one is a duplicate."""
        return set(enumerate(self.submission.to_abi()[:3]))


def open_key(
    transcript: Transcript, reveal: Reveal, keyring: bytes, position: int, sealing_private: bytes
) -> bytes:
    """Return a submission's key, 32 bytes, once its keyring and delivery envelope are recomputed.

    Args:
        transcript: with task and roster.
        reveal: the submission.
        keyring: from the host; untrusted.
        position: of this enclave in the roster.
        sealing_private: this enclave's X25519 private key, 32 bytes.

    Raises:
        InvalidSubmission: the keyring does not seal the submission's key to the whole roster, or
            the committed delivery envelope is not the one computed from the key.
        RunAborted: the keyring is not the one that the transcript commits to.
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
        raise InvalidSubmission(SubmissionFault.KEYRING) from error
    if make_keyring(secret, info, transcript.roster) != keyring:
        raise InvalidSubmission(SubmissionFault.KEYRING)
    envelope = delivery_envelope(secret, transcript.task_id, transcript.task.delivery_key)
    if keccak(envelope) != reveal.submission.envelope_digest:
        raise InvalidSubmission(SubmissionFault.ENVELOPE)
    return secret


def open_submissions(
    transcript: Transcript,
    inventory: Collection[int],
    keyrings: Mapping[int, bytes],
    position: int,
    sealing_private: bytes,
) -> tuple[dict[int, Result], list[Job]]:
    """Return the results known before any model is opened, and the jobs to measure.

    Args:
        transcript: with all submissions.
        inventory: indices of the submissions to measure.
        keyrings: of the inventory, from the host; untrusted.
        position: of this enclave in the roster.
        sealing_private: this enclave's X25519 private key, 32 bytes.

    Raises:
        RunAborted: a keyring is missing, or is not the one that the transcript commits to.
    """
    results: dict[int, Result] = {}
    jobs: list[Job] = []
    for index, reveal in transcript.by_index.items():
        if index not in inventory:
            results[index] = Result(index, reason=SubmissionFault.NOT_IN_INVENTORY)
            continue
        if index not in keyrings:
            raise RunAborted(index, "its keyring is missing from the bundle")
        try:
            secret = open_key(transcript, reveal, keyrings[index], position, sealing_private)
        except InvalidSubmission as fault:
            results[index] = Result(index, reason=fault.reason)
        else:
            jobs.append(Job(index, reveal.submission, secret))
    return results, jobs


def draw_samples(manifest: Manifest, seed: bytes, secret: bytes, artifacts: Artifacts) -> Samples:
    """Decrypt the test set with key ``secret`` (32 bytes) and draw a seed's (bytes32) sample.

    Its rows are in the order of the first pass, so that a sample's neighbours in the test set are
    not its neighbours in a batch.

    Raises:
        InvalidRequest: `TEST_SET`: the bytes are missing, malformed or do not hash to the
            manifest's digest, or the metric is not defined on any sample of the seed.
    """
    test_set = manifest.test_set
    try:
        artifact = artifacts.fetch_bytes(test_set.artifact_digest, artifact_bytes(manifest))
        data = decrypt_bytes(artifact, secret, TEST_SET)
        del artifact  # one copy less while the sample is taken
        samples = unpack(data, test_set.samples, manifest.model, test_set.weighted)
        drawn = draw_sample(seed, manifest, samples.targets)
        return samples.rows(drawn[order(seed, 1, len(drawn))])
    except (StorageError, ValueError) as error:
        raise InvalidRequest(RequestFault.TEST_SET, str(error)) from error
