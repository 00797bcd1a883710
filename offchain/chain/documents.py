"""What a provider publishes beside the chain, in a folder that any fsspec URL may name.

| file                                      | is                                                  |
|-------------------------------------------|-----------------------------------------------------|
| ``<task id>/documents.json``              | `Documents`: manifest and roster, from the first    |
| ``<task id>/inventory.json``              | `Inventory`: what is measured; one for good         |
| ``<task id>/release-<signing key>.json``  | `Release` to an enclave                             |

Readers believe none of it: all is held to digests of the task, or opens for the right values alone.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, TypeVar
from uuid import uuid4

from annotated_types import Len
from pydantic.dataclasses import dataclass as checked_dataclass

from offchain.artifacts.cipher import write_whole
from offchain.artifacts.store import Patience, read
from offchain.codec import from_json, to_json
from offchain.fields import STRICT, Bytes32, Index
from offchain.manifest import Manifest
from offchain.release import Release
from offchain.task import RosterEntry, Task, check_roster

T = TypeVar("T")

_BYTES = 2**26
"""No larger document is read."""


@checked_dataclass(frozen=True, config=STRICT)
class Documents:
    """What stands in a task by digest."""

    manifest: Manifest
    roster: Annotated[tuple[RosterEntry, ...], Len(4, 16)]

    def check(self, task: Task) -> None:
        """Holds both to the task.

        Raises:
            ValueError: says which is another's.
        """
        check_roster(task, self.roster)
        if self.manifest.digest() != task.benchmark:
            raise ValueError(
                f"manifest 0x{self.manifest.digest().hex()}, expected 0x{task.benchmark.hex()}"
            )


@checked_dataclass(frozen=True, config=STRICT)
class Inventory:
    """The submissions that a task's enclaves measure, by rising index."""

    task_id: Bytes32
    seed: Bytes32
    indices: tuple[Index, ...]


@dataclass(frozen=True)
class Folder:
    """Where the documents lie, and how long to wait for one."""

    url: str
    patience: Patience = field(default_factory=lambda: Patience(seconds=10, total=30))

    def documents(self, task_id: bytes) -> Documents | None:
        """None when they are not there. Like those below it raises `pydantic.ValidationError` for
        what it cannot read, and `OSError` when the place does not answer."""
        return self._read(Documents, self._path(task_id, "documents.json"))

    def inventory(self, task_id: bytes) -> Inventory | None:
        """None before it is written."""
        return self._read(Inventory, self._path(task_id, "inventory.json"))

    def release(self, task_id: bytes, signing_key: str) -> Release | None:
        """None before the provider made one for the enclave."""
        return self._read(Release, self._path(task_id, f"release-{signing_key}.json"))

    def put_documents(self, task_id: bytes, documents: Documents) -> None:
        """Only a local folder is written to; each file appears whole or not at all."""
        self._write(self._path(task_id, "documents.json"), documents)

    def put_inventory(self, inventory: Inventory) -> None:
        """As `put_documents`, but never in place of another.

        Raises:
            FileExistsError: there is one.
        """
        target = Path(self._path(inventory.task_id, "inventory.json"))
        draft = target.with_name(f".inventory-{uuid4().hex}")
        self._write(str(draft), inventory)
        try:
            target.hardlink_to(draft)
        finally:
            draft.unlink()

    def put_release(self, release: Release, signing_key: str) -> None:
        """As `put_documents`."""
        self._write(self._path(release.task_id, f"release-{signing_key}.json"), release)

    def _path(self, task_id: bytes, name: str) -> str:
        return f"{self.url.rstrip('/')}/0x{task_id.hex()}/{name}"

    def _read(self, kind: type[T], path: str) -> T | None:
        try:
            return from_json(kind, read(path, _BYTES, self.patience))
        except FileNotFoundError:
            return None

    def _write(self, path: str, value: object) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)

        def write(sink: IO[bytes]) -> None:
            sink.write(to_json(value))

        write_whole(target, write)
        target.chmod(0o644)
