"""A developer's entry in a task, kept in a private folder from before its commit until it is paid.

=======================================  =======================================================
file                                     content
=======================================  =======================================================
``entry-<account>-<name>.json``          `Entry`, with the secrets
``<sha256 hex>``                         the encrypted model, written before the entry
``documents.json``                       `TaskDocuments`, as checked against the task
``entry-<account>-<name>.lock``          the process that works on the entry
=======================================  =======================================================

Without the entry, the model can neither be revealed nor delivered, and the bond is lost.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from hashlib import sha256
from pathlib import Path

from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain.developer.preparation import prepare_submission
from offchain.protocol import hashes
from offchain.protocol.artifacts import MODEL, decrypt_bytes
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Address, Bytes32, HexBytes, Version
from offchain.protocol.task import Roster, Submission, Task
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import TaskDocuments

_NAME = re.compile(r"[0-9A-Za-z_.-]{1,40}")


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


class EntryFolder:
    """The files of one entry of an account in a task."""

    def __init__(self, folder: PrivateFolder, developer: str, name: str = "1") -> None:
        """Name the files; nothing is read or written.

        Args:
            folder: of the task.
            developer: address that commits.
            name: of the entry; an account that enters several models names each.

        Raises:
            ValueError: the name is not one of a file.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"entry {name!r}, expected up to 40 letters, digits, '_', '.' or '-'")
        self.folder = folder
        self.developer = developer
        self._stem = f"entry-{developer.lower()}-{name}"

    @property
    def path(self) -> Path:
        """The file of the entry."""
        return self.folder.path / f"{self._stem}.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from the entry. Errors: see `PrivateFolder.lock`."""
        with self.folder.lock("works on this entry", self._stem):
            yield

    def read(self) -> Entry | None:
        """Return the entry, or None when there is none. Errors: see `PrivateFolder.read_value`."""
        return self.folder.read_value(Entry, self.path.name)

    def documents(self) -> TaskDocuments | None:
        """Return the task's documents that were kept, or None."""
        return self.folder.read_value(TaskDocuments, "documents.json")

    def keep_documents(self, documents: TaskDocuments) -> None:
        """Keep the task's documents: the entry then needs nothing more of the provider."""
        self.folder.write_value("documents.json", documents)

    def prepare(
        self,
        model: bytes,
        task: Task,
        roster: Roster,
        domain: Domain,
        min_price: int,
        random: Callable[[int], bytes],
    ) -> Entry:
        """Encrypt a model for a task under fresh secrets, and write and sync all that it takes.

        The encrypted model comes first, so an entry that is there is whole.

        Args:
            model: content of an ONNX file.
            task: its terms.
            roster: of the task.
            domain: the market's EIP-712 domain.
            min_price: lowest price, in units of the task's token.
            random: function that returns a number of random bytes.

        Raises:
            FileExistsError: the entry is there already.
            OSError: a file cannot be written; the error names it.
            ValueError: the roster is not the task's.
        """
        if self.path.exists():
            raise FileExistsError(f"{self.path} holds an entry, which is kept")
        secret, salt = random(32), random(32)
        made = prepare_submission(
            model, task, roster, domain, self.developer, min_price, secret, salt
        )
        self.folder.write(made.submission.artifact_digest.hex(), made.artifact)
        entry = Entry(
            task_id=task.id(domain),
            developer=self.developer,
            submission=made.submission,
            keyring=made.keyring,
            envelope=made.envelope,
            salt=salt,
            secret=secret,
        )
        self.folder.write_value(self.path.name, entry)
        return entry

    def artifact(self, entry: Entry) -> bytes:
        """Return the encrypted model of an entry.

        Raises:
            FileNotFoundError: the file is gone; the message names it and its remedy.
            ValueError: the file was changed.
        """
        name = entry.submission.artifact_digest.hex()
        content = self.folder.read(name)
        if content is None:
            raise FileNotFoundError(f"{self.folder.path / name} is gone: bring your backup back")
        if sha256(content).hexdigest() != name:
            raise ValueError(f"{self.folder.path / name} was changed: bring your backup back")
        return content

    def model(self, entry: Entry) -> bytes:
        """Return the model of an entry, decrypted. Errors: see `artifact`."""
        return decrypt_bytes(self.artifact(entry), entry.secret, MODEL)
