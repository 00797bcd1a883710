"""Files that parties publish for one another outside the chain, in folders named by fsspec URLs.

========================================  =========================================================
file                                      content
========================================  =========================================================
``<task id>/documents.json``              `TaskDocuments`: manifest and roster, by the provider
``<task id>/inventory.json``              `Inventory`: submissions to measure; never replaced
``<task id>/inventory-<1 to 3>.json``     `Inventory`: without models that stopped; likewise
``<task id>/release-<signing key>.json``  `Release` to an enclave
``<task id>-round-<0 or 1>.json``         `Results` of a report, by an operator, in its own folder
``<task id>-stopped.json``                `StopNotice` of an operator's enclave, likewise
========================================  =========================================================

All of it is untrusted input to its readers. Documents are checked against the digests in the task.
A release can be decrypted only by an enclave that holds the values it was sealed for. A results
file is accepted when its Merkle root is the one in the report, and a notice when an enclave of the
roster signed it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

from annotated_types import Len
from pydantic.dataclasses import dataclass as checked_dataclass

from offchain.protocol.encoding import STRICT, Bytes32, Index, from_json, to_json
from offchain.protocol.manifest import Manifest
from offchain.protocol.release import MAX_INVENTORIES, Release
from offchain.protocol.reports import Report, StopNotice
from offchain.protocol.results import Results
from offchain.protocol.task import RosterEntry, Task, check_roster
from offchain.storage.files import write_bytes
from offchain.storage.store import RetryPolicy, read

T = TypeVar("T")

_INVENTORIES = ("inventory.json", *(f"inventory-{n}.json" for n in range(1, MAX_INVENTORIES)))

_MAX_BYTES = 2**24
"""Size limit of a file that is read: results of some 70,000 submissions."""
_DOCUMENTS_BYTES = 2**20
"""Size limit of documents, whose longest parts are a description and some lists of the manifest."""


@checked_dataclass(frozen=True, config=STRICT)
class TaskDocuments:
    """The documents that a task names by digest."""

    manifest: Manifest
    roster: Annotated[tuple[RosterEntry, ...], Len(4, 16)]

    def check(self, task: Task) -> None:
        """Check both documents against the digests in the task.

        Raises:
            ValueError: one has another digest; the message says which.
        """
        check_roster(task, self.roster)
        if self.manifest.digest() != task.benchmark:
            raise ValueError(
                f"manifest 0x{self.manifest.digest().hex()}, expected 0x{task.benchmark.hex()}"
            )


@checked_dataclass(frozen=True, config=STRICT)
class Inventory:
    """The submissions that a task's enclaves measure, in ascending order of index."""

    task_id: Bytes32
    seed: Bytes32
    indices: tuple[Index, ...]


@dataclass(frozen=True)
class PublicationFolder:
    """A provider's folder of publications, and how long to wait for a file of it."""

    url: str
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=10, total=30))

    def documents(self, task_id: bytes) -> TaskDocuments | None:
        """Return a task's documents, or None when the file does not exist.

        This and the three methods below raise `pydantic.ValidationError` for a malformed file, and
        `OSError` when the folder cannot be reached.
        """
        path = self._path(task_id, "documents.json")
        return self._read(TaskDocuments, path, _DOCUMENTS_BYTES)

    def inventory(self, task_id: bytes) -> Inventory | None:
        """Return a task's newest inventory, or None before one is written."""
        return next(reversed(self.inventories(task_id)), None)

    def inventories(self, task_id: bytes) -> list[Inventory]:
        """Return all inventories of a task; each is a part of the one before."""
        found = []
        for name in _INVENTORIES:
            inventory = self._read(Inventory, self._path(task_id, name))
            if inventory is None:
                break
            found.append(inventory)
        return found

    def release(self, task_id: bytes, signing_key: str) -> Release | None:
        """Return the release to an enclave, or None before the provider has made one."""
        return self._read(Release, self._path(task_id, f"release-{signing_key}.json"))

    def put_documents(self, task_id: bytes, documents: TaskDocuments) -> None:
        """Write a task's documents atomically; the folder must be a local one."""
        self._write(self._path(task_id, "documents.json"), documents)

    def put_inventory(self, inventory: Inventory) -> None:
        """Write an inventory atomically to a local folder, and never replace an existing one.

        Raises:
            FileExistsError: the task has this inventory already, or as many as are allowed.
        """
        paths = [Path(self._path(inventory.task_id, name)) for name in _INVENTORIES]
        newest = self.inventory(inventory.task_id)
        smaller = newest is not None and set(inventory.indices) < set(newest.indices)
        free = [path for path in paths if not path.exists()]
        if not free:
            raise FileExistsError(f"{paths[-1]} exists, expected {MAX_INVENTORIES} at most")
        target = free[0] if smaller else paths[0]
        draft = target.with_name(f".inventory-{uuid4().hex}")
        self._write(str(draft), inventory)
        try:
            target.hardlink_to(draft)
        finally:
            draft.unlink()

    def put_release(self, release: Release, signing_key: str) -> None:
        """Write the release to an enclave atomically; the folder must be a local one."""
        self._write(self._path(release.task_id, f"release-{signing_key}.json"), release)

    def _path(self, task_id: bytes, name: str) -> str:
        return f"{self.url.rstrip('/')}/0x{task_id.hex()}/{name}"

    def _read(self, kind: type[T], path: str, limit: int = _MAX_BYTES) -> T | None:
        try:
            return from_json(kind, read(path, limit, self.patience))
        except FileNotFoundError:
            return None

    def _write(self, path: str, value: object) -> None:
        _publish(Path(path), value)


@dataclass(frozen=True)
class ResultsFolder:
    """An operator's folder of results and notices, and how long to wait for a file of it."""

    url: str
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=10, total=60))

    def put(self, report: Report, results: Results) -> None:
        """Write the results file of a report atomically; the folder must be a local one.

        Raises:
            ValueError: the results are those of another report.
        """
        check_results(report, results)
        _publish(Path(self._path(report)), results)

    def find(self, report: Report) -> Results:
        """Return the results of a report.

        Raises:
            FileNotFoundError: the file does not exist.
            OSError: the folder cannot be reached.
            ValueError: the file is malformed, or belongs to another report.
        """
        results = from_json(Results, read(self._path(report), _MAX_BYTES, self.patience))
        check_results(report, results)
        return results

    def put_notice(self, notice: StopNotice) -> None:
        """Write the newest notice of a task atomically; the folder must be a local one."""
        _publish(Path(self._notice_path(notice.task_id)), notice)

    def notice(self, task_id: bytes) -> StopNotice | None:
        """Return the notice of a task, or None when the file does not exist.

        Raises:
            OSError: the folder cannot be reached.
            ValueError: the file is malformed.
        """
        try:
            content = read(self._notice_path(task_id), _MAX_BYTES, self.patience)
        except FileNotFoundError:
            return None
        return from_json(StopNotice, content)

    def _path(self, report: Report) -> str:
        return f"{self.url.rstrip('/')}/0x{report.task_id.hex()}-round-{report.round}.json"

    def _notice_path(self, task_id: bytes) -> str:
        return f"{self.url.rstrip('/')}/0x{task_id.hex()}-stopped.json"


def check_results(report: Report, results: Results) -> None:
    """Refuse a results file that is not the report's.

    Raises:
        ValueError: it is on another task, or has another Merkle root.
    """
    for name, found, expected in (
        ("task", results.task_id, report.task_id),
        ("root", results.root(), report.results),
    ):
        if found != expected:
            raise ValueError(f"results with {name} 0x{found.hex()}, expected 0x{expected.hex()}")


def _publish(target: Path, value: object) -> None:
    """Write a file that appears whole or not at all, and that everybody may read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, to_json(value))
    target.chmod(0o644)
