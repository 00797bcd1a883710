"""Hidden test sets as bytes, and the sample that a task's seed selects (docs/SPEC.md, "Sample").

A test set is its inputs, then its targets: little-endian, in C order, nothing else. The manifest
gives count and types, so no parser has to read the provider's untrusted input.
"""

from dataclasses import dataclass
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol.artifacts import TAG_BYTES
from offchain.protocol.hashes import tag
from offchain.protocol.manifest import Manifest
from offchain.protocol.model_spec import ModelSpec, Output


def draw(seed: bytes, samples: int, size: int) -> NDArray[np.int64]:
    """Draw ``size`` different rows out of ``samples``, by rising row; all sets are equally likely.

    Take the first ``size`` steps of a Fisher-Yates shuffle (Knuth, TAOCP 3.4.2, algorithm P). Its
    random numbers are SHA-256 of tag, seed and step, so every machine and library draws the same
    rows. The modulo bias in favour of a row is at most samples / 2**256.

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


@dataclass(frozen=True)
class Samples:
    """Inputs, and the target of each.

    Args:
        inputs: shape (n, *input_shape), of the input dtype.
        targets: shape (n,): int64 classes from 0 to classes - 1, or finite float64 values.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def rows(self, rows: NDArray[np.int64]) -> "Samples":
        """Return the samples at ``rows``, in that order."""
        return Samples(self.inputs[rows], self.targets[rows])


def _dtypes(spec: ModelSpec) -> tuple[np.dtype[Any], np.dtype[Any]]:
    targets = "<f8" if spec.output is Output.VALUES else "<i8"
    return np.dtype(spec.input_dtype).newbyteorder("<"), np.dtype(targets)


def packed_bytes(count: int, spec: ModelSpec) -> int:
    """Return the size of ``count`` samples in bytes."""
    inputs, targets = _dtypes(spec)
    return count * (prod(spec.input_shape) * inputs.itemsize + targets.itemsize)


def artifact_bytes(manifest: Manifest) -> int:
    """Return the size of a task's encrypted test set in bytes."""
    return packed_bytes(manifest.test_set.samples, manifest.model) + TAG_BYTES


def pack(samples: Samples, spec: ModelSpec) -> bytes:
    """Return the bytes of a test set.

    Raises:
        ValueError: the samples are not of the specified shape and types; names the wrong array, its
            shape and type, and what was expected.
    """
    inputs, targets = _dtypes(spec)
    _check(samples, spec)
    return samples.inputs.astype(inputs).tobytes() + samples.targets.astype(targets).tobytes()


def unpack(data: bytes, count: int, spec: ModelSpec) -> Samples:
    """Read ``count`` samples from untrusted bytes.

    Raises:
        ValueError: the length is not what count and types give, a target is none of the classes, or
            a value is not finite.
    """
    if len(data) != packed_bytes(count, spec):
        raise ValueError(f"test set of {len(data)} bytes, expected {packed_bytes(count, spec)}")
    inputs, targets = _dtypes(spec)
    size = count * prod(spec.input_shape)
    samples = Samples(
        np.frombuffer(data, inputs, size).reshape(count, *spec.input_shape),
        np.frombuffer(data, targets, count, size * inputs.itemsize),
    )
    _check(samples, spec)
    return samples


def _check(samples: Samples, spec: ModelSpec) -> None:
    inputs, targets = _dtypes(spec)
    for name, array, dtype, shape in (
        ("inputs", samples.inputs, inputs, spec.input_shape),
        ("targets", samples.targets, targets, ()),
    ):
        if array.dtype != dtype or array.shape[1:] != shape or len(array) == 0:
            raise ValueError(
                f"{name} of {array.dtype} and shape {array.shape}, expected {dtype} and "
                f"{('n', *shape)}"
            )
        if not np.isfinite(array).all():
            raise ValueError(
                f"{name} hold {array[~np.isfinite(array)][0]}, expected finite numbers"
            )
    if len(samples.inputs) != len(samples.targets):
        raise ValueError(
            f"{len(samples.targets)} targets, expected one for each of {len(samples.inputs)} inputs"
        )
    if spec.output is not Output.VALUES:
        wrong = (samples.targets < 0) | (samples.targets >= spec.classes)
        if wrong.any():
            raise ValueError(
                f"target {samples.targets[wrong][0]}, expected a class from 0 to {spec.classes - 1}"
            )
