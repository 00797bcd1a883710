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
from hashlib import sha256
from pathlib import Path

from offchain.developer.preparation import Entry, prepare_submission
from offchain.protocol.artifacts import MODEL, decrypt_bytes
from offchain.protocol.eip712 import Domain
from offchain.protocol.task import Roster, Task
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import TaskDocuments

_NAME = re.compile(r"[0-9A-Za-z_.-]{1,40}")


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
        entry, artifact = prepare_submission(
            model, task, roster, domain, self.developer, min_price, secret, salt
        )
        self.folder.write(entry.submission.artifact_digest.hex(), artifact)
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
