"""``golden-grain manifest``: encrypt a test set and write its manifest."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np

from offchain.cli.units import whole
from offchain.protocol import metrics
from offchain.protocol.encoding import MAX_SCORE, to_json
from offchain.protocol.manifest import MAX_CONFIDENCE, MIN_CONFIDENCE, Manifest, Selection
from offchain.protocol.model_spec import CLASSES, ModelLimits, Output
from offchain.protocol.sample import Samples
from offchain.provider.data import ReadOptions, read_data
from offchain.provider.hidden_set import (
    BenchmarkTerms,
    draft,
    read_history,
    remember,
    used_before,
)
from offchain.storage.files import write_bytes
from offchain.storage.store import Store

_SIZES = [field.name for field in fields(ModelLimits) if field.name != "extra_ops"]


def _metric(text: str) -> str:
    try:
        metrics.get(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _confidence(text: str) -> int:
    try:
        level = round(float(text) * MAX_SCORE)
    except (ValueError, OverflowError):
        level = -1
    if not MIN_CONFIDENCE <= level <= MAX_CONFIDENCE:
        low, high = MIN_CONFIDENCE / MAX_SCORE, MAX_CONFIDENCE / MAX_SCORE
        raise argparse.ArgumentTypeError(f"{text!r}, expected a level from {low} to {high}")
    return level


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "data",
        type=Path,
        help="test set: .csv or .parquet table, .npz archive with arrays inputs and targets (and "
        "weights), or a folder with one folder of images for each class",
    )
    parser.add_argument("out", type=Path, help="folder for manifest.json and test-set.key")
    parser.add_argument("--store", help="URL for the encrypted test set (OUT/artifacts)")
    parser.add_argument(
        "--history",
        type=Path,
        default=Path("used-test-sets.json"),
        help="record of the samples that were used before (%(default)s)",
    )
    add_benchmark(parser, required=True)


def add_benchmark(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Declare how the data is read and models are measured on it."""
    parser.add_argument(
        "--metric",
        required=required,
        type=_metric,
        help=f"metric of the scores: {', '.join(metrics.names())}",
    )
    parser.add_argument(
        "--target", action="append", default=[], help="column to predict; again for several"
    )
    parser.add_argument("--weight", help="column with the weight of each sample")
    parser.add_argument(
        "--classes",
        type=lambda text: tuple(text.split(",")),
        default=(),
        help="names of all classes, in the order of a model's columns (those that occur)",
    )
    parser.add_argument(
        "--missing", action="store_true", help="allow NaN and empty cells, which models will see"
    )
    parser.add_argument(
        "--named", action="store_true", help="one named input for each column, not one array"
    )
    parser.add_argument(
        "--pixels",
        choices=("float32", "uint8"),
        default="float32",
        help="images as float32 from 0 to 1, channels first, or uint8, channels last (%(default)s)",
    )
    parser.add_argument(
        "--confidence",
        type=_confidence,
        default=0,
        help="price the lower confidence bound of a score at this level, such as 0.95 (the score)",
    )
    parser.add_argument("--description", default="", help="text for people")
    parser.add_argument(
        "--selection",
        type=Selection,
        choices=list(Selection),
        default=Selection.ENSEMBLE,
        help="rule that chooses the models to buy (%(default)s)",
    )
    parser.add_argument(
        "--minimum-gain",
        type=whole(0, MAX_SCORE),
        default=1_000,
        help="parts per million that a model must add to the team (%(default)s)",
    )
    parser.add_argument("--sample-size", type=whole(1), help="rows that the seed draws (all)")
    parser.add_argument(
        "--output",
        type=Output,
        choices=list(Output),
        metavar="KIND",
        help=f"what is read from a model: {', '.join(Output)} (what the metric needs)",
    )
    for name in _SIZES:
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=whole(1),
            help=f"limit on a model's {name.replace('_', ' ')} (proposed from the data)",
        )
    parser.add_argument(
        "--allow-op", action="append", default=[], help="allow one more ONNX op, such as Loop"
    )


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Encrypt the test set and write its manifest and key; yield lines about them.

    Raises:
        ValueError: data and options do not fit together, or a file exists; none is overwritten.
        OSError: a file cannot be read or written.
    """
    document, key_file = arguments.out / "manifest.json", arguments.out / "test-set.key"
    for file in (document, key_file):
        if file.exists():
            raise ValueError(f"{file} exists, expected a folder without it: choose another")
    limits = {name: getattr(arguments, name) for name in _SIZES}
    limits = {name: value for name, value in limits.items() if value is not None}
    if arguments.allow_op:
        limits["extra_ops"] = tuple(arguments.allow_op)
    terms = BenchmarkTerms(
        metric=arguments.metric,
        selection=arguments.selection,
        minimum_gain=arguments.minimum_gain,
        sample_size=arguments.sample_size,
        output=arguments.output,
        limits=limits,
        description=arguments.description,
        confidence=arguments.confidence,
    )
    options = ReadOptions(
        targets=tuple(arguments.target),
        weight=arguments.weight,
        classes=arguments.classes,
        missing=arguments.missing,
        named=arguments.named,
        pixels=arguments.pixels,
    )
    data = read_data(arguments.data, arguments.metric, options)
    samples = data.samples
    record = read_history(arguments.history)
    secret = random(32)
    manifest, artifact = draft(data, terms, secret)
    yield from describe(manifest, samples)
    for warning in data.warnings:
        yield f"warning: {warning}"
    for earlier, count in used_before(record, samples).items():
        yield (
            f"warning: {count} of {len(samples.targets)} samples were in the test set of "
            f"{earlier}: developers may know something of them from its scores"
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.store or str(arguments.out / "artifacts"))
    store.put_bytes(artifact)
    write_bytes(key_file, secret)
    write_bytes(document, to_json(manifest))
    remember(arguments.history, manifest.digest(), samples)
    yield f"test set    {store.address(manifest.test_set.artifact_digest)}"
    yield f"key         {key_file}: keep it secret until the reveals are closed, and keep it"
    yield f"manifest    {document}"
    yield f"benchmark   0x{manifest.digest().hex()}"


def _counts_rows(metric: str) -> bool:
    """Return True for metrics that are a share of the rows, so that a row has a fixed worth."""
    return metric.partition("@")[0] in ("accuracy", "top_accuracy")


def describe(manifest: Manifest, samples: Samples) -> Iterator[str]:
    """Yield lines on a manifest, its samples and the smallest difference of scores."""
    spec, size = manifest.model, manifest.sample_size
    missing = "; NaN is a missing value" if spec.missing else ""
    if spec.inputs:
        yield f"inputs      {len(samples.inputs)} samples of {len(spec.inputs)} inputs{missing}"
        for each in spec.inputs:
            kind = f"text of up to {each.string_bytes} bytes" if each.string_bytes else each.dtype
            yield f"              {each.name!r} of shape {each.shape}, {kind}"
    else:
        yield (
            f"inputs      {len(samples.inputs)} of shape {spec.input_shape}, {spec.input_dtype}"
            f"{missing}"
        )
    if spec.output in CLASSES:
        counts = np.bincount(samples.targets, minlength=spec.classes)
        names = manifest.class_names or tuple(map(str, range(spec.classes)))
        pairs = [f"{name} ({count})" for name, count in zip(names, counts, strict=True)]
        more = f", … {len(pairs) - 20} more" if len(pairs) > 20 else ""
        yield f"targets     {spec.classes} classes of samples: {', '.join(pairs[:20])}{more}"
    else:
        low, high = samples.targets.min(), samples.targets.max()
        columns = f" in {spec.classes} columns" if spec.classes else ""
        yield f"targets     values from {low:g} to {high:g}{columns}"
    if samples.weights is not None:
        yield f"weights     from {samples.weights.min():g} to {samples.weights.max():g}"
    step = f": one row is {MAX_SCORE / size:,.0f} ppm" if _counts_rows(manifest.metric) else ""
    yield f"metric      {manifest.metric} of {size} rows{step}"
    if manifest.confidence:
        yield f"prices      by the lower bound at {manifest.confidence / MAX_SCORE:.1%} confidence"
    limits = (f"{getattr(manifest.limits, name):,} {name}" for name in _SIZES)
    yield f"limits      {', '.join(limits)}"
    yield f"selection   {manifest.selection}, minimum gain {manifest.minimum_gain} ppm"
