"""Orders of the two passes over a sample, and the part of the second that finds a shift.

docs/SPEC.md, "Two passes", has the statement and its proof.
"""

from functools import lru_cache
from hashlib import shake_256
from math import perm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol import metrics
from offchain.protocol.hashes import tag
from offchain.protocol.metrics import PPM, Weights
from offchain.protocol.sample import Rows

MISS = 1_000_000
"""A shift is missed by a part with a probability of at most 1 in this number."""

COUNTED_ROWS = 500
"""Number of rows that differ, from which on more of them are not counted."""


@lru_cache(maxsize=2)
def order(seed: bytes, number: int, count: int) -> Rows:
    """Return the order of a pass: rows by rising words of SHAKE-256 of tag, seed and number.

    A word has 8 bytes, big-endian. Of equal words the lower row comes first.

    Args:
        seed: of the task (bytes32): nobody knows it before all models are committed.
        number: 1 or 2. The first pass orders the rows of the sample as drawn, and the second those
            of the first.
        count: rows of the sample.

    Returns:
        int64 of shape (count,), read-only.
    """
    words = np.frombuffer(shake_256(tag("ORDER") + seed + bytes([number])).digest(8 * count), ">u8")
    rows = words.argsort(kind="stable").astype(np.int64, copy=False)
    rows.setflags(write=False)
    return rows


def part_rows(metric: str, count: int, weights: Weights, tolerance: int) -> int:
    """Return the size of the part of the second pass that finds a shift of the score.

    If both scores of a metric that is a mean over the samples differ by more than the tolerance,
    at least `differing_rows` samples have another value in the second pass. A part of this size
    has none of them with a probability of at most 1 / `MISS`.

    Args:
        count: samples.
        tolerance: parts per million.

    Returns:
        1 to ``count``; ``count`` for other metrics, of which one sample can shift the score.
    """
    if metrics.get(metric).each is None:
        return count
    differing = min(differing_rows(count, weights, tolerance), COUNTED_ROWS)
    low, high = 1, count
    while low < high:
        part = (low + high) // 2
        if perm(count - part, differing) * MISS <= perm(count, differing):
            high = part
        else:
            low = part + 1
    return low


def differing_rows(count: int, weights: Weights, tolerance: int) -> int:
    """Return the least number of samples whose shares of the score reach the tolerance (ppm)."""
    if weights is None:
        return min(max(-(-count * tolerance // PPM), 1), count)
    largest: NDArray[Any] = np.sort(weights)[::-1].cumsum()
    reached = np.searchsorted(largest, largest[-1] * (tolerance / PPM) * (1 - 1e-9))
    return min(int(reached) + 1, count)
