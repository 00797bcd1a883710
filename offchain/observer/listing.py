"""The tasks of a market, with what their providers publish of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import ValidationError

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.progress import Stage, TaskProgress
from offchain.protocol.errors import GoldenGrainError
from offchain.storage.publications import PublicationFolder, TaskDocuments
from offchain.storage.store import RetryPolicy

PATIENCE = RetryPolicy(seconds=5, attempts=1, total=10)
"""How long to wait for the documents of one task; all tasks are asked for side by side."""
_THREADS = 16


@dataclass(frozen=True)
class Listed:
    """A task of the market.

    Args:
        task_id: bytes32.
        history: of its confirmed blocks.
        progress: of the latest block.
        documents: manifest and roster, if they could be fetched and are the task's.
        fault: why they could not.
    """

    task_id: bytes
    history: History
    progress: TaskProgress
    documents: TaskDocuments | None = None
    fault: str = ""


def tasks(market: Market, *, everything: bool, local_uris: bool) -> list[Listed]:
    """List the tasks that take entries now, oldest first.

    Args:
        market: on a node; tasks of blocks that are not confirmed are left out.
        everything: list also tasks that take no entries any more.
        local_uris: follow URIs that point into this machine.
    """
    now = market.now()
    found = [each for each in _on_chain(market) if everything or _is_open(each, now)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda each: _with_documents(each, local_uris), found))


def _on_chain(market: Market) -> Iterator[Listed]:
    for task_id in market.tasks():
        history = market.history(task_id)
        if history is not None:
            yield Listed(task_id, history, market.progress(task_id))


def _is_open(listed: Listed, now: int) -> bool:
    progress, task = listed.progress, listed.history.task
    is_full = progress.commits >= task.max_submissions
    return progress.stage is Stage.OPEN and now < task.commit_deadline and not is_full


def documents_of(
    task_id: bytes, history: History, *, local_uris: bool, patience: RetryPolicy = PATIENCE
) -> TaskDocuments:
    """Fetch a task's manifest and roster from the URI that its provider gave.

    Raises:
        ValueError: there is no URI, it is not allowed, or what is there is not the task's.
        OSError: nothing is there, or it does not answer.
    """
    if not history.uri:
        raise ValueError("the provider gave no URI")
    folder = PublicationFolder.of_stranger(history.uri, local=local_uris)
    found = type(folder)(folder.url, patience, folder.options).documents(task_id)
    if found is None:
        raise FileNotFoundError(f"no documents at {history.uri!r}")
    found.check(history.task)
    return found


def _with_documents(listed: Listed, local_uris: bool) -> Listed:
    where = listed.task_id, listed.history
    try:
        documents = documents_of(*where, local_uris=local_uris)
    except ValidationError as error:
        return _without(listed, f"documents are malformed in {error.error_count()} places")
    except (OSError, ValueError, GoldenGrainError) as error:
        return _without(listed, str(error) or type(error).__name__)
    return Listed(*where, listed.progress, documents)


def _without(listed: Listed, fault: str) -> Listed:
    return Listed(listed.task_id, listed.history, listed.progress, fault=fault)
