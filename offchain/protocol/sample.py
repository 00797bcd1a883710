"""Hidden test sets as bytes, and the sample that a task's seed selects (docs/SPEC.md, "Sample").

A test set is its inputs, then its targets, then its weights if it has any: little-endian, in C
order, nothing else. The manifest gives count and types, so no parser has to read the provider's
untrusted input.
"""

from dataclasses import dataclass
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol import metrics
from offchain.protocol.artifacts import TAG_BYTES
from offchain.protocol.hashes import tag
from offchain.protocol.manifest import Manifest
from offchain.protocol.model_spec import CLASSES, ModelSpec, Output

Rows = NDArray[np.int64]

MAX_DRAWS = 256
"""Number of draws after which a sample on which the metric is defined is given up."""


def draw(seed: bytes, attempt: int, stratum: int, rows: Rows, size: int) -> Rows:
    """Draw ``size`` different ones of the rows; all sets of that size are equally likely.

    Take the first ``size`` steps of a Fisher-Yates shuffle (Knuth, TAOCP 3.4.2, algorithm P). Its
    random numbers are SHA-256 of tag, seed, attempt, stratum and step, so every machine and library
    draws the same rows. The modulo bias in favour of a row is at most len(rows) / 2**256.

    Args:
        seed: bytes32.
        attempt: number of draws before.
        stratum: class of the rows, 0 if there are none.
        rows: to draw from.
        size: rows to draw, 0 to ``len(rows)``.

    Returns:
        int64 of shape (size,), by rising row.
    """
    prefix = tag("SAMPLE") + seed + attempt.to_bytes(8, "big") + stratum.to_bytes(8, "big")
    drawn = rows.copy()
    for step in range(size):
        number = int.from_bytes(sha256(prefix + step.to_bytes(8, "big")).digest(), "big")
        other = step + number % (len(rows) - step)
        drawn[step], drawn[other] = drawn[other], drawn[step]
    return np.sort(drawn[:size])


def allocate(counts: Rows, size: int) -> Rows:
    """Return how many of ``size`` rows each class gets: in proportion, by largest remainder.

    Each class gets the whole part of its share ``size * count / samples``. The rows that are left
    go to the largest remainders, among equals to the class with fewer samples, then to the first.

    Args:
        counts: samples of each class.
        size: rows to allocate, at most the sum of ``counts``.

    Returns:
        int64 of the shape of ``counts``, at most ``counts``, with the sum ``size``.
    """
    samples = int(counts.sum())
    shares = [divmod(size * int(count), samples) for count in counts]
    order = sorted(range(len(counts)), key=lambda c: (-shares[c][1], int(counts[c]), c))
    sizes = np.array([whole for whole, _ in shares])
    sizes[order[: size - int(sizes.sum())]] += 1
    return sizes


def draw_sample(
    seed: bytes, manifest: Manifest, targets: NDArray[Any], attempts: int = MAX_DRAWS
) -> Rows:
    """Draw the rows of a task's sample.

    The sample is stratified if the targets are classes. If the metric is not defined on a draw, for
    example on values that are all equal, the next one is taken.

    Args:
        seed: bytes32.
        manifest: of the task.
        targets: of the whole test set.
        attempts: number of draws before it gives up.

    Returns:
        int64 of shape (sample_size,), by rising row.

    Raises:
        ValueError: the metric is not defined on any of the draws.
    """
    size = manifest.sample_size
    strata = [np.arange(len(targets))]
    if manifest.model.output in CLASSES:
        counts = np.bincount(targets, minlength=manifest.model.classes)
        strata = np.split(np.argsort(targets, kind="stable"), np.cumsum(counts)[:-1])
    sizes = allocate(np.array([len(rows) for rows in strata]), size)
    check = metrics.get(manifest.metric).check
    reason = ""
    for attempt in range(attempts):
        parts = [
            draw(seed, attempt, stratum, rows, int(count))
            for stratum, (rows, count) in enumerate(zip(strata, sizes, strict=True))
        ]
        drawn = np.sort(np.concatenate(parts))
        try:
            check(targets[drawn])
        except ValueError as error:
            reason = str(error)
            continue
        return drawn
    raise ValueError(f"{manifest.metric} is not defined on any of {attempts} draws: {reason}")


@dataclass(frozen=True)
class Samples:
    """Inputs, the target of each, and its weight.

    Args:
        inputs: shape (n, *input_shape), of the input dtype; or (n,) records of the named inputs.
        targets: shape (n,): int64 classes from 0 to classes - 1, or finite float64 values. Of
            shape (n, classes) for vectors (finite float64) and multilabel (int64, 0 or 1).
        weights: float64 of shape (n,), positive and finite; None if all count the same.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    weights: NDArray[np.float64] | None = None

    def rows(self, rows: Rows) -> "Samples":
        """Return the samples at ``rows``, in that order."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(self.inputs[rows], self.targets[rows], weights)


def _target_dtype(spec: ModelSpec) -> np.dtype[Any]:
    return np.dtype("<f8" if spec.output in (Output.VALUES, Output.VECTORS) else "<i8")


def packed_bytes(count: int, spec: ModelSpec, weighted: bool = False) -> int:
    """Return the size of ``count`` samples in bytes."""
    inputs = prod(spec.input_shape) * spec.sample_dtype.itemsize
    return count * (inputs + 8 * prod(spec.target_shape) + 8 * weighted)


def artifact_bytes(manifest: Manifest) -> int:
    """Return the size of a task's encrypted test set in bytes."""
    test_set = manifest.test_set
    return packed_bytes(test_set.samples, manifest.model, test_set.weighted) + TAG_BYTES


def pack(samples: Samples, spec: ModelSpec) -> bytes:
    """Return the bytes of a test set.

    Raises:
        ValueError: the samples are not of the specified shape and types; names the wrong array, its
            shape and type, and what was expected.
    """
    _check(samples, spec)
    weights = b"" if samples.weights is None else samples.weights.astype("<f8").tobytes()
    return (
        samples.inputs.astype(spec.sample_dtype).tobytes()
        + samples.targets.astype(_target_dtype(spec)).tobytes()
        + weights
    )


def unpack(data: bytes, count: int, spec: ModelSpec, weighted: bool = False) -> Samples:
    """Read ``count`` samples from untrusted bytes.

    Raises:
        ValueError: the length is not what count and types give, a target is none of the classes, or
            a value is not allowed.
    """
    size = packed_bytes(count, spec, weighted)
    if len(data) != size:
        raise ValueError(f"test set of {len(data)} bytes, expected {size}")
    dtype, at = spec.sample_dtype, 0

    def take(dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        nonlocal at
        array = np.frombuffer(data, dtype, count * prod(shape), at).reshape(count, *shape)
        at += array.nbytes
        return array

    samples = Samples(
        take(dtype, spec.input_shape),
        take(_target_dtype(spec), spec.target_shape),
        take(np.dtype("<f8"), ()) if weighted else None,
    )
    _check(samples, spec)
    return samples


def _check(samples: Samples, spec: ModelSpec) -> None:
    arrays = [
        ("inputs", samples.inputs, spec.sample_dtype, spec.input_shape),
        ("targets", samples.targets, _target_dtype(spec), spec.target_shape),
    ]
    if samples.weights is not None:
        arrays.append(("weights", samples.weights, np.dtype("<f8"), ()))
    for name, array, dtype, shape in arrays:
        if array.dtype != dtype or array.shape[1:] != shape or len(array) == 0:
            raise ValueError(
                f"{name} of {array.dtype} and shape {array.shape}, expected {dtype} and "
                f"{('n', *shape)}"
            )
        if len(array) != len(samples.inputs):
            raise ValueError(
                f"{len(array)} {name}, expected one for each of {len(samples.inputs)} inputs"
            )
    for each in spec.inputs:
        _check_values(f"input {each.name!r}", samples.inputs[each.name], spec.missing)
    if not spec.inputs:
        _check_values("inputs", samples.inputs, spec.missing)
    _check_values("targets", samples.targets, missing=False)
    _check_targets(samples.targets, spec)
    if samples.weights is not None:
        _check_values("weights", samples.weights, missing=False)
        if samples.weights.min() <= 0:
            raise ValueError(f"weights from {samples.weights.min()}, expected all above 0")


def _check_values(name: str, array: NDArray[Any], missing: bool) -> None:
    """Refuse infinities, NaN unless it stands for a missing value, and text that is not UTF-8."""
    if array.dtype.kind == "S":
        for text in array.ravel():
            try:
                text.decode()
            except UnicodeDecodeError as error:
                raise ValueError(f"{name} holds {text!r}, expected UTF-8") from error
        return
    wrong = np.isinf(array) if missing else ~np.isfinite(array)
    if wrong.any():
        remedy = "" if missing else "; missing values need a manifest that declares them"
        raise ValueError(f"{name} hold {array[wrong][0]}, expected finite numbers{remedy}")


def _check_targets(targets: NDArray[Any], spec: ModelSpec) -> None:
    if spec.output in (Output.VALUES, Output.VECTORS):
        return
    most = 1 if spec.output is Output.MULTILABEL else spec.classes - 1
    wrong = (targets < 0) | (targets > most)
    if wrong.any():
        raise ValueError(f"target {targets[wrong][0]}, expected a class from 0 to {most}")
