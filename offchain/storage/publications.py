"""Files that parties publish for one another beside the chain, in folders named by fsspec URLs.

========================================  =========================================================
file                                      content
========================================  =========================================================
``<task id>/documents.json``              `TaskDocuments`: manifest and roster, by the provider
``<task id>/inventory.json``              `Inventory`: what is measured; never replaced
``<task id>/release-<signing key>.json``  `Release` to an enclave
``<task id>-round-<0 or 1>.json``         `Results` of a report, by an operator, in its own folder
========================================  =========================================================

Readers trust none of it. A document is checked against digests of the task, a release opens for
the right values alone, and a results file counts by its Merkle root, which the report holds.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, TypeVar
from uuid import uuid4

from annotated_types import Len
from pydantic.dataclasses import dataclass as checked_dataclass

from offchain.protocol.encoding import STRICT, Bytes32, Index, from_json, to_json
from offchain.protocol.manifest import Manifest
from offchain.protocol.release import Release
from offchain.protocol.reports import Report
from offchain.protocol.results import Results
from offchain.protocol.task import RosterEntry, Task, check_roster
from offchain.storage.files import write_atomically
from offchain.storage.store import RetryPolicy, read

T = TypeVar("T")

_BYTES = 2**26
"""No larger file is read: some 200,000 submissions."""


@checked_dataclass(frozen=True, config=STRICT)
class TaskDocuments:
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
class PublicationFolder:
    """Where the documents lie, and how long to wait for one."""

    url: str
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=10, total=30))

    def documents(self, task_id: bytes) -> TaskDocuments | None:
        """None when they are not there. Like those below it raises `pydantic.ValidationError` for
        what it cannot read, and `OSError` when the place does not answer."""
        return self._read(TaskDocuments, self._path(task_id, "documents.json"))

    def inventory(self, task_id: bytes) -> Inventory | None:
        """None before it is written."""
        return self._read(Inventory, self._path(task_id, "inventory.json"))

    def release(self, task_id: bytes, signing_key: str) -> Release | None:
        """None before the provider made one for the enclave."""
        return self._read(Release, self._path(task_id, f"release-{signing_key}.json"))

    def put_documents(self, task_id: bytes, documents: TaskDocuments) -> None:
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

        write_atomically(target, write)
        target.chmod(0o644)


@dataclass(frozen=True)
class ResultsFolder:
    """A folder of an operator, and how long to wait for a file of it."""

    url: str
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=10, total=60))

    def put(self, report: Report, results: Results) -> None:
        """Publishes the file of a report, in a local folder; it appears whole or not at all."""
        target = Path(self._path(report))
        target.parent.mkdir(parents=True, exist_ok=True)

        def write(sink: IO[bytes]) -> None:
            sink.write(to_json(results))

        write_atomically(target, write)
        target.chmod(0o644)

    def find(self, report: Report) -> Results:
        """The file of a report.

        Raises:
            FileNotFoundError: it is not there.
            OSError: the place does not answer.
            ValueError: it cannot be read, or is another report's.
        """
        results = from_json(Results, read(self._path(report), _BYTES, self.patience))
        if results.root() != report.results:
            raise ValueError(
                f"results with root 0x{results.root().hex()}, expected 0x{report.results.hex()}"
            )
        return results

    def _path(self, report: Report) -> str:
        return f"{self.url.rstrip('/')}/0x{report.task_id.hex()}-round-{report.round}.json"
