"""The results of a report: found through the URIs of operators, proved against the chain."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from offchain.chain.history import History
from offchain.chain.result_proofs import ResultProof
from offchain.protocol import merkle
from offchain.protocol.errors import ModelFault, SubmissionFault
from offchain.protocol.reports import Report
from offchain.protocol.results import Results
from offchain.storage.publications import ResultsFolder
from offchain.storage.store import RetryPolicy

PATIENCE = RetryPolicy(seconds=10, attempts=1, total=30)
"""How long to wait for a results file of one operator; all are asked side by side."""


@dataclass(frozen=True)
class Row:
    """The result of a submission.

    Args:
        index: of the submission.
        developer: address.
        score: in ppm, or None.
        reason: why there is no score, or None.
        price: at which it is bought, in units of the token, or None.
        proof: of the result, against the root on the chain.
    """

    index: int
    developer: str
    score: int | None
    reason: ModelFault | SubmissionFault | None
    price: int | None
    proof: ResultProof


def find_results(report: Report, uris: Collection[str], *, local_uris: bool) -> tuple[str, Results]:
    """Fetch the results file of a report from the first operator that has it.

    Args:
        report: whose Merkle root the file must have.
        uris: of operators, untrusted.
        local_uris: follow URIs that point into this machine.

    Raises:
        FileNotFoundError: none of them has it; the message has the reason of each.
    """
    faults: list[str] = []
    pool = ThreadPoolExecutor(max(1, len(uris)))
    try:
        asked = {pool.submit(_find, report, uri, local_uris): uri for uri in uris}
        for future in as_completed(asked):
            try:
                return asked[future], future.result()
            except (OSError, ValueError) as error:
                faults.append(f"{asked[future]}: {error or type(error).__name__}"[:300])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    why = "; ".join(faults) or "no operator has announced a URI"
    raise FileNotFoundError(f"no results of the report: {why}")


def _find(report: Report, uri: str, local_uris: bool) -> Results:
    folder = ResultsFolder.of_stranger(uri, local=local_uris)
    return replace(folder, patience=PATIENCE).find(report)


def rows(
    history: History, task_id: bytes, report: Report, results: Results, prices: dict[int, int]
) -> Iterator[Row]:
    """Yield the result of each submission that was revealed, with its proof.

    Args:
        history: of the task.
        task_id: bytes32.
        report: that stands.
        results: found for the report, untrusted.
        prices: by the index of each awarded submission.

    Raises:
        ValueError: the results are not those of the submissions and the report on the chain.
    """
    reveals = {each.index: each for each in history.reveals}
    indices = [entry.result.index for entry in results.entries]
    if indices != sorted(reveals):
        raise ValueError(f"results of submissions {indices}, expected {sorted(reveals)}")
    layers = merkle.layers([entry.digest() for entry in results.entries])
    for position, entry in enumerate(results.entries):
        reveal, proof = reveals[entry.result.index], ResultProof(entry, _siblings(layers, position))
        if entry.leaf != reveal.leaf(task_id) or not proof.proves(report.results):
            raise ValueError(f"the result of submission {reveal.index} is not the report's")
        yield Row(
            index=reveal.index,
            developer=reveal.developer,
            score=entry.result.score,
            reason=entry.result.reason,
            price=prices.get(reveal.index),
            proof=proof,
        )


def _siblings(layers: list[list[bytes]], position: int) -> tuple[bytes, ...]:
    """Return the proof of a leaf, as `merkle.proof`, from the layers of the tree."""
    siblings: list[bytes] = []
    for layer in layers[:-1]:
        siblings += layer[position ^ 1 : (position ^ 1) + 1]
        position //= 2
    return tuple(siblings)
