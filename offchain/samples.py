"""The hidden test set as bytes: inputs, then targets, little-endian, in C order, nothing else.

The manifest says how many there are and of what type, so that reading needs no parser: the provider
is not trusted either.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.models.spec import ModelSpec, Output


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
    inputs, targets = _dtypes(spec)
    size = count * prod(spec.input_shape)
    expected = size * inputs.itemsize + count * targets.itemsize
    if len(data) != expected:
        raise ValueError(f"test set of {len(data)} bytes, expected {expected}")
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
