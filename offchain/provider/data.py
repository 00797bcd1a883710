"""Test data from files: tables (CSV, Parquet), NumPy archives (NPZ), and folders of images.

A table of numbers becomes one array of float32. A table with text becomes one named input for each
column, as skl2onnx exports a pipeline. Names of classes are kept, in the order of their indices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import polars
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from offchain.protocol import metrics
from offchain.protocol.model_spec import INPUT_DTYPES, STRING, Input, Output
from offchain.protocol.sample import Samples

Array = NDArray[Any]
MAX_CLASSES = 10_000


@dataclass(frozen=True)
class ReadOptions:
    """How to read test data.

    Args:
        targets: columns of a table that a model has to predict; ``targets`` in an archive.
        weight: column with the weight of each sample; None if all count the same.
        classes: names of the classes in the order of a model's columns; empty for those that occur,
            in rising order.
        missing: True if NaN and empty cells stand for missing values.
        named: True for one named input for each column, though all are numbers.
        pixels: ``float32`` from 0 to 1, channels first; or ``uint8``, channels last.
    """

    targets: tuple[str, ...] = ()
    weight: str | None = None
    classes: tuple[str, ...] = ()
    missing: bool = False
    named: bool = False
    pixels: str = "float32"


@dataclass(frozen=True)
class Data:
    """Test data, ready for a manifest.

    Args:
        samples: the whole test set.
        class_names: names of classes, labels or values, in the order of a model's columns.
        inputs: named inputs, if there are any.
        missing: True if NaN stands for a missing value.
        warnings: lines for the provider.
    """

    samples: Samples
    class_names: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    missing: bool = False
    warnings: tuple[str, ...] = ()


def read_data(path: Path, metric: str, options: ReadOptions) -> Data:
    """Read a test set from ``.csv``, ``.parquet`` or ``.npz``, or from a folder of images.

    Raises:
        ValueError: the content does not fit the metric or the options; names file and column, what
            was found, and the remedy.
        OSError: a file cannot be read.
    """
    metrics.get(metric)
    kinds = {".csv": _read_table, ".parquet": _read_table, ".npz": _read_archive}
    if path.is_dir():
        return _read_images(path, metric, options)
    if path.suffix not in kinds:
        raise ValueError(
            f"{path}, expected .csv, .parquet, .npz or a folder with one folder of images for each "
            "class; save a .npy array with numpy.savez(file, inputs=…, targets=…)"
        )
    return kinds[path.suffix](path, metric, options)


# ── Tables ──

MAX_EXACT = 2**24
"""Largest integer up to which a float32 holds all."""

_TEXTS = (polars.String, polars.Categorical, polars.Enum)


def _read_table(path: Path, metric: str, options: ReadOptions) -> Data:
    if not options.targets:
        raise ValueError(f"no target column for {path}, expected --target with a column's name")
    try:
        if path.suffix == ".csv":
            table = polars.read_csv(path, infer_schema_length=None)
        else:
            table = polars.read_parquet(path)
    except polars.exceptions.PolarsError as error:
        raise ValueError(
            f"{path} cannot be read as a table, expected {path.suffix} with text in UTF-8: "
            f"{str(error)[:300]}"
        ) from error
    apart = [*options.targets, *([options.weight] if options.weight else [])]
    for name in apart:
        if name not in table.columns:
            raise ValueError(
                f"column {name!r} is not in {path}, expected one of {table.columns}"
                + (", and commas between columns" if len(table.columns) == 1 else "")
            )
    if not len(table):
        raise ValueError(f"{path} has no rows, expected at least one")
    columns = {name: table[name] for name in table.columns if name not in apart}
    if not columns:
        raise ValueError(f"{path} has no columns but {apart}, expected at least one input")
    converted = {name: _column(name, column, options) for name, column in columns.items()}
    weights = None
    if options.weight:
        weights = _numbers(options.weight, table[options.weight], missing=False, dtype="f8")
    targets = [table[name] for name in options.targets]
    target, names, warnings = _targets(targets, metric, options)
    if options.named or any(array.dtype.kind == "S" for array in converted.values()):
        inputs, records = _records(converted, per_sample=(1,))
        return Data(Samples(records, target, weights), names, inputs, options.missing, warnings)
    table_of_floats = np.stack([a.astype("f4") for a in converted.values()], axis=1)
    _check_finite(dict(zip(converted, table_of_floats.T, strict=True)), options.missing)
    return Data(Samples(table_of_floats, target, weights), names, (), options.missing, warnings)


def _column(name: str, column: polars.Series, options: ReadOptions) -> Array:
    if column.dtype in _TEXTS:
        if column.null_count() and not options.missing:
            raise ValueError(_missing(name))
        return np.array([each.encode() for each in column.cast(polars.String).fill_null("")])
    array = _numbers(name, column, options.missing, "f4")
    if column.dtype.is_integer() and np.nanmax(np.abs(array), initial=0) > MAX_EXACT:
        raise ValueError(
            f"column {name!r} has integers of {np.nanmax(np.abs(array)):.0f} in size, expected "
            f"{MAX_EXACT} at most, as float32 holds: scale them, or leave out what only numbers "
            "the rows"
        )
    return array


def _numbers(name: str, column: polars.Series, missing: bool, dtype: str) -> Array:
    if not (column.dtype.is_numeric() or column.dtype == polars.Boolean):
        expected = "numbers or text" if dtype == "f4" else "numbers"
        raise ValueError(
            f"column {name!r} of {column.dtype}, expected {expected}: convert it, for example a "
            "date to a number of days"
        )
    if column.null_count() and not missing:
        raise ValueError(_missing(name))
    return column.cast(polars.Float64).fill_null(float("nan")).to_numpy().astype(dtype)


def _missing(name: str) -> str:
    return (
        f"column {name!r} has missing values, expected none: fill them, or let models see them "
        "with --missing"
    )


def _check_finite(columns: dict[str, Array], missing: bool) -> None:
    for name, array in columns.items():
        if np.isinf(array).any():
            raise ValueError(f"column {name!r} has infinite values, expected finite ones")
        if np.isnan(array).any() and not missing:
            raise ValueError(_missing(name))


def _records(arrays: dict[str, Array], per_sample: tuple[int, ...]) -> tuple[Any, Array]:
    """Return the named inputs and one record of all of them for each sample."""
    inputs = []
    for name, array in arrays.items():
        shape = array.shape[1:] or per_sample
        if array.dtype.kind == "S":
            inputs.append(Input(name, shape, STRING, max(array.dtype.itemsize, 1)))
        else:
            inputs.append(Input(name, shape, str(array.dtype)))
    count = len(next(iter(arrays.values())))
    kinds = [(each.name, each.array_dtype, each.shape) for each in inputs]
    records = np.zeros(count, kinds)
    for each in inputs:
        records[each.name] = arrays[each.name].reshape(count, *each.shape)
    return tuple(inputs), records


# ── Targets ──


def _targets(
    columns: Sequence[polars.Series], metric: str, options: ReadOptions
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Return targets, names of classes or columns, and warnings."""
    outputs = metrics.get(metric).outputs
    single = outputs <= metrics.CLASSIFIERS or (len(columns) == 1 and Output.VALUES in outputs)
    if single and len(columns) != 1:
        raise ValueError(f"{len(columns)} targets for {metric}, expected one")
    for column in columns:
        if column.null_count():
            raise ValueError(f"column {column.name!r} has missing targets, expected none")
    if outputs <= metrics.CLASSIFIERS:
        (column,) = columns
        if column.dtype in _TEXTS:
            column = column.cast(polars.String)
        return map_classes(column.to_numpy(), options.classes)
    table = np.stack([_numbers(each.name, each, False, "f8") for each in columns], axis=1)
    if single:
        return table[:, 0], (), ()
    names = tuple(each.name for each in columns)
    if Output.MULTILABEL in outputs:
        return _labels(table), names, ()
    return table, names, ()


def _labels(table: Array) -> Array:
    if not np.isin(table, (0, 1)).all():
        raise ValueError(f"target {table[~np.isin(table, (0, 1))][0]:g}, expected 0 or 1")
    return table.astype("i8")


def map_classes(
    targets: Array, classes: Sequence[str] = ()
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Turn targets of any kind into class indices.

    Args:
        targets: shape (n,): text, booleans, or whole numbers.
        classes: names in the order of a model's columns; empty for the targets that occur, in
            rising order: numbers by value, text by code point, False before True.

    Returns:
        int64 of shape (n,), the names in order, and warnings.

    Raises:
        ValueError: a target is none of the classes, is not whole, or there are fewer than two or
            more than `MAX_CLASSES` classes.
    """
    if targets.dtype.kind == "f":
        whole = targets == np.round(targets)
        if not whole.all():
            raise ValueError(
                f"target {targets[~whole][0]}, expected classes: whole numbers, text or true and "
                "false"
            )
        targets = targets.astype("i8")
    found, indices = np.unique(targets, return_inverse=True)
    names = [str(each) for each in found.tolist()]
    if not classes:
        if not 2 <= len(names) <= MAX_CLASSES:
            raise ValueError(f"{len(names)} classes in the targets, expected 2 to {MAX_CLASSES}")
        return indices.astype("i8"), tuple(names), _gaps(found)
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise ValueError(f"classes {list(classes)}, expected at least two different ones")
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ValueError(f"targets {unknown[:5]}, expected one of {list(classes)}")
    order = np.array([list(classes).index(name) for name in names])
    absent = [name for name in classes if name not in names]
    warning = (
        f"no sample of class {', '.join(absent)}: models need a column for it, and its errors are "
        "not measured"
    )
    return order[indices].astype("i8"), tuple(classes), (warning,) if absent else ()


def _gaps(found: Array) -> tuple[str, ...]:
    """Warn of whole numbers that do not count up from 0, since models may have other columns."""
    if found.dtype.kind not in "iu" or found.tolist() == list(range(len(found))):
        return ()
    mapped = ", ".join(f"{each} is column {at}" for at, each in enumerate(found[:4].tolist()))
    return (
        f"the classes do not count up from 0: {mapped}; if models have other columns, name all of "
        "them with --classes",
    )


# ── NumPy archives ──


def _read_archive(path: Path, metric: str, options: ReadOptions) -> Data:
    refusal = (
        f"{path} holds Python objects or is no archive, expected arrays of numbers or text as "
        "numpy.savez(file, inputs=…, targets=…) writes them; a table needs the ending .csv or "
        ".parquet"
    )
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError(refusal)
        with arrays:
            content = {name: arrays[name] for name in arrays.files}
    except (ValueError, BadZipFile, EOFError) as error:  # NumPy advises to load it unsafely
        raise ValueError(refusal) from error
    if "targets" not in content or len(content) < 2:
        raise ValueError(f"{path} holds {sorted(content)}, expected inputs and targets")
    targets, weights = content.pop("targets"), content.pop("weights", None)
    if not len(targets):
        raise ValueError(f"{path} has no samples, expected at least one")
    targets, names, warnings = _archive_targets(targets, metric, options.classes)
    if weights is not None:
        weights = weights.astype("f8")
    content = {name: _as_bytes(name, array) for name, array in content.items()}
    if list(content) == ["inputs"] and content["inputs"].dtype.kind != "S" and not options.named:
        inputs = content["inputs"]
        if inputs.ndim == 1:
            inputs = inputs[:, None]
        return Data(Samples(inputs, targets, weights), names, (), options.missing, warnings)
    for name, array in content.items():
        if len(array) != len(targets):
            raise ValueError(f"{len(array)} of {name}, expected one for each of {len(targets)}")
    inputs, records = _records(content, per_sample=())
    return Data(Samples(records, targets, weights), names, inputs, options.missing, warnings)


def _archive_targets(
    targets: Array, metric: str, classes: tuple[str, ...]
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    outputs = metrics.get(metric).outputs
    if outputs <= metrics.CLASSIFIERS:
        if targets.ndim != 1:
            raise ValueError(f"targets of shape {targets.shape}, expected (n,) for {metric}")
        return map_classes(targets, classes)
    if Output.MULTILABEL in outputs:
        return _labels(targets.reshape(len(targets), -1)), classes, ()
    return targets.astype("f8"), classes, ()


def _as_bytes(name: str, array: Array) -> Array:
    if array.dtype.kind == "U":
        return np.char.encode(array, "utf-8")
    if array.dtype.kind != "S" and str(array.dtype) not in INPUT_DTYPES:
        raise ValueError(
            f"{name} of {array.dtype}, expected one of {', '.join(INPUT_DTYPES)} or text: convert "
            f"it with {name}.astype('float32')"
        )
    return array


# ── Images ──


def _read_images(path: Path, metric: str, options: ReadOptions) -> Data:
    if not metrics.get(metric).outputs <= metrics.CLASSIFIERS:
        raise ValueError(f"a folder of images for {metric}, expected a metric of classes")
    found = ((each.relative_to(path).parts, each) for each in sorted(path.rglob("*")))
    files = [
        (parts[0], each)
        for parts, each in found
        if len(parts) > 1 and each.is_file() and not any(part.startswith(".") for part in parts)
    ]
    if not files:
        raise ValueError(f"{path} has no files in folders, expected one folder for each class")
    pixels = [_pixels(file) for _, file in files]
    for (_, file), array in zip(files, pixels, strict=True):
        if array.shape != pixels[0].shape:
            raise ValueError(
                f"{file} of shape {array.shape}, expected {pixels[0].shape} as the first image: "
                "resize all images to one size and one colour mode"
            )
    targets, names, warnings = map_classes(np.array([name for name, _ in files]), options.classes)
    images = np.stack(pixels)
    if options.pixels == "float32":
        images = np.moveaxis(images, -1, 1).astype("f4") / np.float32(255)
    return Data(Samples(np.ascontiguousarray(images), targets), names, (), False, warnings)


def _pixels(file: Path) -> Array:
    """Return an image as uint8 of shape (height, width, channels)."""
    try:
        with Image.open(file) as image:
            grey = image.mode in ("1", "L", "I", "F")
            array = np.asarray(image.convert("L" if grey else "RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{file} is no image that Pillow reads: {error}") from error
    return array[..., None] if array.ndim == 2 else array
