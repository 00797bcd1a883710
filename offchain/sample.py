"""The sample that a task's seed picks from its test set (docs/SPEC.md, "Sample")."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from offchain.digests import tag


def draw(seed: bytes, samples: int, size: int) -> NDArray[np.int64]:
    """``size`` different rows out of ``samples``, every set as likely, by rising row.

    The first ``size`` steps of a Fisher-Yates shuffle (Knuth, TAOCP 3.4.2, algorithm P), whose
    random numbers are SHA-256 of tag, seed and step: the same on every machine and with every
    library. The remainder of 256 random bits favours no row by more than samples / 2**256.

    Args:
        seed: bytes32.
        samples: rows in the test set.
        size: rows to draw, 1 to ``samples``.

    Returns:
        int64 of shape (size,).

    Raises:
        ValueError: the size is out of range.
    """
    if not 1 <= size <= samples:
        raise ValueError(f"sample of {size} rows, expected 1 to {samples}")
    prefix = tag("SAMPLE") + seed
    rows = np.arange(samples)
    for step in range(size):
        number = int.from_bytes(sha256(prefix + step.to_bytes(8, "big")).digest(), "big")
        other = step + number % (samples - step)
        rows[step], rows[other] = rows[other], rows[step]
    return np.sort(rows[:size])
