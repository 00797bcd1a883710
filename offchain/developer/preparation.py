"""Preparation of a submission from a model and a task.

A developer prepares it before the commit deadline and keeps it until the award is claimed: without
secret and salt the model can neither be revealed nor delivered. Check every entry of the roster
against the registry first (``is_active``), because the holder of an entry's sealing key can
decrypt the model.
"""

from dataclasses import field
from io import BytesIO

from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain.protocol import hashes
from offchain.protocol.artifacts import MODEL, encrypt
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Address, Bytes32, HexBytes, Version
from offchain.protocol.envelopes import delivery_envelope, keyring_info, make_keyring
from offchain.protocol.task import Roster, Submission, Task, check_roster


@dataclass(frozen=True, config=STRICT)
class Entry:
    """A prepared submission with its secrets, as a private file keeps it.

    Args:
        task_id: of the task.
        developer: address that commits.
        submission: values that the commitment binds.
        keyring: the key sealed to every enclave of the roster, to publish.
        envelope: the key sealed to the provider; the claim publishes it.
        salt: of the commitment.
        secret: the model's key.
    """

    task_id: Bytes32
    developer: Address
    submission: Submission
    keyring: HexBytes
    envelope: HexBytes = field(repr=False)
    salt: Bytes32 = field(repr=False)
    secret: Bytes32 = field(repr=False)
    version: Version = 1

    @property
    def keyring_digest(self) -> bytes:
        """The keyring's keccak256, the bytes32 that `reveal_model` takes."""
        return keccak(self.keyring)

    @property
    def payload(self) -> bytes:
        """The hash of model, artifact and keyring, the bytes32 that `claim_award` takes."""
        made = self.submission
        return hashes.payload(made.model_digest, made.artifact_digest, self.keyring_digest)

    def commitment(self, domain: Domain) -> bytes:
        """Return the bytes32 that `commit_model` takes."""
        digest = self.submission.digest()
        where = domain.chain_id, domain.market, self.task_id
        return hashes.commitment(*where, self.developer, digest, self.salt)


def prepare_submission(
    model: bytes,
    task: Task,
    roster: Roster,
    domain: Domain,
    developer: str,
    min_price: int,
    secret: bytes,
    salt: bytes,
) -> tuple[Entry, bytes]:
    """Encrypt a model for a task; seal its key to the roster's enclaves and to the provider.

    Returns:
        The entry, and the encrypted model, which is to be published.

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
    artifact, task_id = BytesIO(), task.id(domain)
    made = encrypt(BytesIO(model), artifact, secret, MODEL)
    envelope = delivery_envelope(secret, task_id, task.delivery_key)
    submission = Submission(made.plaintext, made.artifact, keccak(envelope), min_price)
    info = keyring_info(domain, task_id, developer, submission.digest())
    keyring = make_keyring(secret, info, roster)
    entry = Entry(task_id, developer, submission, keyring, envelope, salt, secret)
    return entry, artifact.getvalue()
