"""Preparation of a submission from a model and a task.

A developer prepares it before the commit deadline and keeps it until the award is claimed: without
secret and salt the model can neither be revealed nor delivered. Check every entry of the roster
against the registry first (``is_active``), because the holder of an entry's sealing key can
decrypt the model.
"""

from dataclasses import dataclass, field
from io import BytesIO

from eth_utils.crypto import keccak

from offchain.protocol import hashes
from offchain.protocol.artifacts import MODEL, encrypt
from offchain.protocol.eip712 import Domain
from offchain.protocol.envelopes import delivery_envelope, keyring_info, make_keyring
from offchain.protocol.task import Roster, Submission, Task, check_roster


@dataclass(frozen=True)
class PreparedSubmission:
    """A prepared submission.

    Args:
        submission: values that the commitment binds.
        artifact: the encrypted model, to publish.
        keyring: the key sealed to every enclave of the roster, to publish.
        envelope: the key sealed to the provider; `claim_award` publishes it.
        salt: 32 random bytes.
        secret: the model's key, 32 random bytes, for this submission only.
    """

    submission: Submission
    artifact: bytes = field(repr=False)
    keyring: bytes = field(repr=False)
    envelope: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def keyring_digest(self) -> bytes:
        """The keyring's keccak256, the bytes32 that `reveal_model` takes."""
        return keccak(self.keyring)

    @property
    def payload(self) -> bytes:
        """The hash of model, artifact and keyring, the bytes32 that `claim_award` takes."""
        submission = self.submission
        return hashes.payload(
            submission.model_digest, submission.artifact_digest, self.keyring_digest
        )


def prepare_submission(
    model: bytes,
    task: Task,
    roster: Roster,
    domain: Domain,
    developer: str,
    min_price: int,
    secret: bytes,
    salt: bytes,
) -> PreparedSubmission:
    """Encrypt a model for a task; seal its key to the roster's enclaves and to the provider.

    Args:
        model: content of an ONNX file.
        task: the task's terms.
        roster: of the task.
        domain: the market's EIP-712 domain.
        developer: address that will commit.
        min_price: lowest price for the model, in units of the task's token.
        secret: 32 random bytes, fresh for every submission.
        salt: 32 random bytes.

    Raises:
        ValueError: the roster is not the task's, or a key or secret is malformed.
    """
    check_roster(task, roster)
    sink = BytesIO()
    made = encrypt(BytesIO(model), sink, secret, MODEL)
    envelope = delivery_envelope(secret, task.id(domain), task.delivery_key)
    submission = Submission(made.plaintext, made.artifact, keccak(envelope), min_price)
    info = keyring_info(domain, task.id(domain), developer, submission.digest())
    keyring = make_keyring(secret, info, roster)
    return PreparedSubmission(submission, sink.getvalue(), keyring, envelope, salt, secret)
