"""Results files: each operator publishes those of its reports, and panels find them.

``<folder>/0x<task id>-round-<0 or 1>.json``, in a local folder that any web server may show. A
reader believes a file by its Merkle root alone, which the report holds.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from offchain.artifacts.cipher import write_whole
from offchain.artifacts.store import Patience, read
from offchain.codec import from_json, to_json
from offchain.reports import Report
from offchain.results import Results

_BYTES = 2**26
"""No larger file is read: some 200,000 submissions."""


@dataclass(frozen=True)
class ResultsFolder:
    """A folder of an operator, and how long to wait for a file of it."""

    url: str
    patience: Patience = field(default_factory=lambda: Patience(seconds=10, total=60))

    def put(self, report: Report, results: Results) -> None:
        """Publishes the file of a report, in a local folder; it appears whole or not at all."""
        target = Path(self._path(report))
        target.parent.mkdir(parents=True, exist_ok=True)

        def write(sink: IO[bytes]) -> None:
            sink.write(to_json(results))

        write_whole(target, write)
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
