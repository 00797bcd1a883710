"""Hidden test sets as bytes, and the sample that a task's seed draws (docs/SPEC.md, "Sample").

A test set is its inputs, then its targets: little-endian, in C order, nothing else. The manifest
gives count and types, so that reading needs no parser: the provider is not trusted either.
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


@dataclass(frozen=True)
class Samples:
    """Inputs with what is expected of a model.

    Args:
        inputs: shape (n, *input_shape), of the input dtype.
        targets: shape (n,): int64 classes from 0 to classes - 1, or finite float64 values.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def rows(self, rows: NDArray[np.int64]) -> "Samples":
        """Some of the samples, in the order of ``rows``."""
        return Samples(self.inputs[rows], self.targets[rows])


def _dtypes(spec: ModelSpec) -> tuple[np.dtype[Any], np.dtype[Any]]:
    targets = "<f8" if spec.output is Output.VALUES else "<i8"
    return np.dtype(spec.input_dtype).newbyteorder("<"), np.dtype(targets)


def packed_bytes(count: int, spec: ModelSpec) -> int:
    """How many bytes ``count`` samples take."""
    inputs, targets = _dtypes(spec)
    return count * (prod(spec.input_shape) * inputs.itemsize + targets.itemsize)


def artifact_bytes(manifest: Manifest) -> int:
    """The size of a task's encrypted test set."""
    return packed_bytes(manifest.test_set.samples, manifest.model) + TAG_BYTES


def pack(samples: Samples, spec: ModelSpec) -> bytes:
    """The bytes of a test set.

    Raises:
        ValueError: the samples are not of the specified shape and types; says which, and how.
    """
    inputs, targets = _dtypes(spec)
    _check(samples, spec)
    return samples.inputs.astype(inputs).tobytes() + samples.targets.astype(targets).tobytes()


def unpack(data: bytes, count: int, spec: ModelSpec) -> Samples:
    """Reads ``count`` samples.

    Raises:
        ValueError: not of the length that count and types give, a target is none of the classes, or
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
        raise ValueError(f"{len(samples.inputs)} inputs and {len(samples.targets)} targets")
    if spec.output is not Output.VALUES:
        wrong = (samples.targets < 0) | (samples.targets >= spec.classes)
        if wrong.any():
            raise ValueError(
                f"target {samples.targets[wrong][0]}, expected a class from 0 to {spec.classes - 1}"
            )
