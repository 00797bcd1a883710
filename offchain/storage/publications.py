"""Files that parties publish for one another outside the chain, in folders named by fsspec URLs.

========================================  =========================================================
file                                      content
========================================  =========================================================
``<task id>/documents.json``              `TaskDocuments`: manifest and roster, by the provider
``<task id>/inventory.json``              `Inventory`: submissions to measure; never replaced
``<task id>/inventory-<1 to 3>.json``     `Inventory`: without models that stopped; likewise
``<task id>/release-<signing key>.json``  `Release` to an enclave
``<run>.json``                            `Results` of a report, by an operator, in its own folder
``<run>-proposal-<signing key>.json``     `Proposal` of its enclave, likewise
``<run>-signature-<signing key>.json``    `Signed` by its enclave, likewise, without the results
``<run>-stopped.json``                    `StopNotice` of its enclave, likewise; the newest one
========================================  =========================================================

A run is ``<task id>-round-<0 or 1>``. An enclave signs once in a run, so its files are written once
and stay: the proposal before the signature that follows from it.

All of it is untrusted input to its readers. Documents are checked against the digests in the task.
A release can be decrypted only by an enclave that holds the values it was sealed for. A results
file is accepted when its Merkle root is the one in the report, and a signature when it recovers the
signing key, also that of a notice.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from uuid import uuid4

from annotated_types import Len
from pydantic.dataclasses import dataclass as checked_dataclass

from offchain.protocol.encoding import STRICT, Bytes32, Index, from_json, to_json
from offchain.protocol.manifest import Manifest
from offchain.protocol.messages import Proposal, RunId, Signed
from offchain.protocol.release import MAX_INVENTORIES, Release
from offchain.protocol.reports import Report, StopNotice
from offchain.protocol.results import Results
from offchain.protocol.task import RosterEntry, Task, check_roster
from offchain.storage.store import RetryPolicy, read, write
from offchain.storage.untrusted import public_options

T = TypeVar("T")

_INVENTORIES = ("inventory.json", *(f"inventory-{n}.json" for n in range(1, MAX_INVENTORIES)))

_MAX_BYTES = 2**24
"""Size limit of a file that is read: results of some 70,000 submissions."""
_DOCUMENTS_BYTES = 2**20
"""Size limit of documents, whose longest parts are a description and some lists of the manifest."""
_PROPOSAL_BYTES = 2**22
"""Size limit of a proposal: no enclave reads a longer one."""
_SIGNATURE_BYTES = 2**14
_NOTICE_BYTES = 2**20
"""Size limit of a notice: some 100,000 submissions."""


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
class Folder:
    """A folder of publications.

    Args:
        url: of the folder.
        patience: how long to wait for a file of it.
        options: for fsspec.
    """

    url: str
    patience: RetryPolicy = field(default_factory=lambda: RetryPolicy(seconds=10, total=30))
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of_stranger(cls, uri: str, *, local: bool) -> Self:
        """Return the folder that an untrusted URI names.

        Args:
            uri: as an event shows it.
            local: follow a URI that points into this machine; for development only.

        Raises:
            ValueError: the scheme is not allowed; the message names the URI and what is allowed.
        """
        return cls(uri) if local else cls(uri, options=tuple(public_options(uri).items()))

    def _read(self, kind: type[T], path: str, limit: int = _MAX_BYTES) -> T | None:
        try:
            return from_json(kind, read(path, limit, self.patience, **dict(self.options)))
        except FileNotFoundError:
            return None


class PublicationFolder(Folder):
    """A provider's folder of publications."""

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
        """Write a task's documents atomically."""
        write(self._path(task_id, "documents.json"), to_json(documents))

    def put_inventory(self, inventory: Inventory) -> None:
        """Write an inventory atomically to a local folder, and never replace an existing one.

        Raises:
            FileExistsError: the task has this inventory already, or as many as are allowed.
            ValueError: it is empty, so that no model could be bought.
        """
        if not inventory.indices:
            raise ValueError("inventory without submissions, expected at least one")
        paths = [Path(self._path(inventory.task_id, name)) for name in _INVENTORIES]
        newest = self.inventory(inventory.task_id)
        smaller = newest is not None and set(inventory.indices) < set(newest.indices)
        free = [path for path in paths if not path.exists()]
        if not free:
            raise FileExistsError(f"{paths[-1]} exists, expected {MAX_INVENTORIES} at most")
        target = free[0] if smaller else paths[0]
        draft = target.with_name(f".inventory-{uuid4().hex}")
        write(str(draft), to_json(inventory))
        try:
            target.hardlink_to(draft)
        finally:
            draft.unlink()

    def put_release(self, release: Release, signing_key: str) -> None:
        """Write the release to an enclave atomically."""
        path = self._path(release.task_id, f"release-{signing_key}.json")
        write(path, to_json(release))

    def _path(self, task_id: bytes, name: str) -> str:
        return f"{self.url.rstrip('/')}/0x{task_id.hex()}/{name}"


class ResultsFolder(Folder):
    """An operator's folder: results of its reports, and what its enclave proposes and signs."""

    def put(self, report: Report, results: Results) -> None:
        """Write the results file of a report atomically.

        Raises:
            ValueError: the results are those of another report.
        """
        check_results(report, results)
        write(self._path(RunId(report.task_id, report.round)), to_json(results))

    def find(self, report: Report) -> Results:
        """Return the results of a report.

        Raises:
            FileNotFoundError: the file does not exist.
            OSError: the folder cannot be reached.
            ValueError: the file is malformed, or belongs to another report.
        """
        path = self._path(RunId(report.task_id, report.round))
        results = self._read(Results, path)
        if results is None:
            raise FileNotFoundError(f"{path} does not exist")
        check_results(report, results)
        return results

    def put_proposal(self, run: RunId, signing_key: str, proposal: Proposal) -> None:
        """Write what an enclave proposes in a run, atomically."""
        write(self._path(run, f"-proposal-{signing_key}"), to_json(proposal))

    def proposal(self, run: RunId, signing_key: str) -> Proposal | None:
        """Return what an enclave proposes in a run, or None when the file does not exist.

        This and the methods below raise `pydantic.ValidationError` for a malformed file, and
        `OSError` when the folder cannot be reached.
        """
        return self._read(Proposal, self._path(run, f"-proposal-{signing_key}"), _PROPOSAL_BYTES)

    def put_signature(self, run: RunId, signing_key: str, signed: Signed) -> None:
        """Write what an enclave signed in a run, atomically, without the results."""
        value = replace(signed, results=None)
        write(self._path(run, f"-signature-{signing_key}"), to_json(value))

    def signature(self, run: RunId, signing_key: str) -> Signed | None:
        """Return what an enclave signed in a run, or None when the file does not exist."""
        return self._read(Signed, self._path(run, f"-signature-{signing_key}"), _SIGNATURE_BYTES)

    def put_notice(self, notice: StopNotice) -> None:
        """Write the newest notice of an enclave in round 0, atomically."""
        write(self._path(RunId(notice.task_id, 0), "-stopped"), to_json(notice))

    def notice(self, task_id: bytes) -> StopNotice | None:
        """Return the newest notice, or None when the file does not exist. Raises as `proposal`."""
        return self._read(StopNotice, self._path(RunId(task_id, 0), "-stopped"), _NOTICE_BYTES)

    def _path(self, run: RunId, what: str = "") -> str:
        return f"{self.url.rstrip('/')}/0x{run.task_id.hex()}-round-{run.round}{what}.json"


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
