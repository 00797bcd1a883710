"""Lower confidence bounds of scores: a price for what is known of a model, not for its luck.

A score is measured on a sample, so a model can be better or worse than it. The one-sided lower
bound is a value that the model's score on all data of the same kind exceeds with a stated
probability (docs/SPEC.md, "Lower confidence bound").
"""

from hashlib import shake_256
from math import floor

import numpy as np
from numpy.typing import NDArray

from offchain.protocol import metrics
from offchain.protocol.hashes import tag
from offchain.protocol.metrics import PPM, Array, Metric, Weights, labels, to_ppm
from offchain.protocol.model_spec import Output

MOST_RESAMPLES, LEAST_RESAMPLES = 500, 100
WORK = 5_000_000
"""Work of all resamples of a bound, as long as they are at least the least number."""
MAX_WORK = 500_000
"""Largest work of one resample."""
_CALL = 5_000
"""Work of a call of a metric for each column, beside its rows."""


def resamples(metric: Metric, rows: int, columns: int) -> int:
    """Return the number of bootstrap samples: the fewer, the more work each of them is.

    Args:
        metric: of the score.
        rows: size of the sample.
        columns: of the predictions; 1 for labels and values.

    Raises:
        ValueError: the bound would be more work than an enclave does.
    """
    if metric.each is not None or Output.LABELS in metric.outputs:
        columns = 1
    work = (rows + _CALL) * columns
    if metric.each is None and work > MAX_WORK:
        most = MAX_WORK // columns - _CALL
        remedy = f"a sample of at most {most}" if most > 0 else "another metric"
        raise ValueError(
            f"a confidence bound on {rows} samples of {columns} columns, expected {remedy}, or no "
            "confidence"
        )
    return min(MOST_RESAMPLES, max(LEAST_RESAMPLES, WORK // work))


def lower_bound(
    name: str, targets: Array, predictions: Array, weights: Weights, level: int, seed: bytes
) -> int:
    """Return the one-sided lower confidence bound of a score; never above the score.

    The bound of a share of correct answers without weights is exact (Clopper and Pearson, 1934),
    rounded down. Under the stratified draw it is conservative, since that varies less than
    independent draws. The bound of every other metric is the percentile bootstrap's (Efron, 1979):
    it is approximate, and the more so for small samples.

    Args:
        name: as for `offchain.protocol.metrics.score`, like the next three.
        targets: int64 classes are resampled class by class, as the sample was drawn.
        predictions: of the model.
        weights: of the samples.
        level: confidence level in parts per million, above 0 and below 1,000,000.
        seed: the task's (bytes32).

    Returns:
        Parts per million.

    Raises:
        ValueError: as `offchain.protocol.metrics.score` and `resamples`.
    """
    score = metrics.score(name, targets, predictions, weights)
    metric = metrics.get(name)
    each = metric.each
    values = None if each is None else each(targets, predictions)
    if values is not None and values.dtype == bool and weights is None:
        return min(score, clopper_pearson(int(values.sum()), len(targets), level))

    if values is None and Output.LABELS in metric.outputs:
        predictions = labels(predictions)

    def score_rows(rows: NDArray[np.int64]) -> int:
        drawn = None if weights is None else weights[rows]
        if values is not None:
            return to_ppm(float(np.average(values[rows], weights=drawn)))
        try:
            return metrics.score(name, targets[rows], predictions[rows], drawn)
        except ValueError:  # the metric is not defined on this resample
            return 0

    strata = [np.arange(len(targets))]
    if targets.ndim == 1 and targets.dtype.kind == "i":
        strata = [np.flatnonzero(targets == c) for c in np.unique(targets)]
    count = resamples(metric, len(targets), 1 if predictions.ndim == 1 else predictions.shape[1])
    scores = sorted(score_rows(resample(seed, number, strata)) for number in range(count))
    rank = max(count * (PPM - level) // PPM, 1)
    return min(score, scores[rank - 1])


def clopper_pearson(right: int, count: int, level: int) -> int:
    """Return the greatest share (ppm) that the level rules to be exceeded, rounded down.

    For a smaller true share, ``right`` or more successes of ``count`` have a probability of at most
    1 - level.
    """
    from scipy.stats import beta  # type: ignore[import-untyped]

    if right == 0:
        return 0
    return floor(float(beta.ppf(1 - level / PPM, right, count - right + 1)) * PPM)


def resample(seed: bytes, number: int, strata: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return as many rows of each stratum as it has, drawn with replacement.

    The draws are the words of SHAKE-256 of tag, seed and number (8 bytes each, big-endian), taken
    modulo the stratum's size in the order of the strata.
    """
    count = sum(map(len, strata))
    stream = shake_256(tag("BOOTSTRAP") + seed + number.to_bytes(8, "big")).digest(8 * count)
    words = np.frombuffer(stream, ">u8")
    parts = np.split(words, np.cumsum([len(rows) for rows in strata])[:-1])
    drawn = [rows[part % len(rows)] for rows, part in zip(strata, parts, strict=True)]
    return np.concatenate(drawn)
