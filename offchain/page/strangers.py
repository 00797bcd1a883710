"""Files that providers and operators publish, fetched once: untrusted until they are checked.

Manifests, rosters and results are named by digests on the chain, so what was found never changes.
"""

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

from pydantic import ValidationError

from offchain.chain.history import History
from offchain.observer.listing import documents_of
from offchain.observer.scores import find_results
from offchain.protocol.errors import GoldenGrainError
from offchain.protocol.reports import Report
from offchain.protocol.results import Results
from offchain.storage.publications import TaskDocuments

_THREADS = 16
_AGAIN = 300.0
"""Seconds after which what could not be fetched is asked for again."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Found(Generic[_T]):
    """A file, or why there is none. ``place`` is where it was found."""

    value: _T | None = None
    fault: str = ""
    place: str = ""


@dataclass
class Strangers:
    """Files of providers and operators.

    Args:
        fetch: False asks nobody.
        local_uris: follow URIs that point into this machine.
        clock: seconds that only grow.
    """

    fetch: bool = True
    local_uris: bool = False
    clock: Callable[[], float] = time.monotonic
    _documents: dict[bytes, Found[TaskDocuments]] = field(default_factory=dict)
    _results: dict[bytes, Found[Results]] = field(default_factory=dict)
    _retry: dict[bytes, float] = field(default_factory=dict)

    def documents(self, histories: dict[bytes, History]) -> dict[bytes, Found[TaskDocuments]]:
        """Return manifest and roster of each task, by its id; all are asked for side by side."""

        def ask(task_id: bytes) -> Found[TaskDocuments]:
            history = histories[task_id]
            return Found(documents_of(task_id, history, local_uris=self.local_uris))

        return self._ask(histories, self._documents, ask)

    def results(
        self, reports: dict[bytes, Report], uris: Collection[str]
    ) -> dict[bytes, Found[Results]]:
        """Return the results of each report, by its Merkle root, from any of the operators."""

        def ask(root: bytes) -> Found[Results]:
            place, found = find_results(reports[root], uris, local_uris=self.local_uris)
            return Found(found, place=place)

        return self._ask(reports, self._results, ask)

    def _ask(
        self,
        keys: Iterable[bytes],
        known: dict[bytes, Found[_T]],
        ask: Callable[[bytes], Found[_T]],
    ) -> dict[bytes, Found[_T]]:
        if not self.fetch:
            return {key: Found(fault="not asked for") for key in keys}
        now = self.clock()
        missing = [each for each in keys if each not in known or self._retry.get(each, inf) <= now]

        def attempt(key: bytes) -> Found[_T]:
            try:
                return ask(key)
            except ValidationError as error:
                return Found(fault=f"malformed in {error.error_count()} places")
            except (OSError, ValueError, GoldenGrainError) as error:
                return Found(fault=(str(error) or type(error).__name__)[:500])

        with ThreadPoolExecutor(_THREADS) as pool:
            for key, found in zip(missing, pool.map(attempt, missing), strict=True):
                known[key] = found
                self._retry[key] = now + _AGAIN if found.fault else inf
        return {key: known[key] for key in keys}
