"""``golden-grain manifest``: encrypt a test set and write its manifest."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np

from offchain.protocol import metrics
from offchain.protocol.encoding import MAX_SCORE, to_json
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, Output
from offchain.protocol.sample import Samples
from offchain.provider.hidden_set import (
    BenchmarkTerms,
    draft,
    read_history,
    read_samples,
    remember,
    used_before,
)
from offchain.storage.files import write_bytes
from offchain.storage.store import Store

_SIZES = [field.name for field in fields(ModelLimits) if field.name != "extra_ops"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("data", type=Path, help=".npz file with arrays inputs and targets")
    parser.add_argument("out", type=Path, help="folder for manifest.json and test-set.key")
    parser.add_argument(
        "--metric", required=True, choices=list(metrics.METRICS), help="metric of the scores"
    )
    parser.add_argument("--description", default="", help="text for people")
    parser.add_argument(
        "--selection",
        type=Selection,
        default=Selection.ENSEMBLE,
        help="rule that chooses the models to buy (%(default)s)",
    )
    parser.add_argument(
        "--minimum-gain",
        type=int,
        default=1_000,
        help="parts per million that a model must add to the team (%(default)s)",
    )
    parser.add_argument("--sample-size", type=int, help="rows that the seed draws (all)")
    parser.add_argument("--output", type=Output, help="labels or probabilities (probabilities)")
    parser.add_argument("--store", help="URL for the encrypted test set (OUT/artifacts)")
    parser.add_argument(
        "--history",
        type=Path,
        default=Path("used-test-sets.json"),
        help="record of the samples that were used before (%(default)s)",
    )
    for name in _SIZES:
        default = getattr(ModelLimits(), name)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=int,
            default=default,
            help=f"limit on a model's {name.replace('_', ' ')} (%(default)s)",
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
    sizes = {name: getattr(arguments, name) for name in _SIZES}
    terms = BenchmarkTerms(
        metric=arguments.metric,
        selection=arguments.selection,
        minimum_gain=arguments.minimum_gain,
        sample_size=arguments.sample_size,
        output=arguments.output,
        limits=ModelLimits(**sizes, extra_ops=tuple(arguments.allow_op)),
        description=arguments.description,
    )
    samples = read_samples(arguments.data, arguments.metric)
    record = read_history(arguments.history)
    secret = random(32)
    manifest, artifact = draft(samples, terms, secret)
    yield from describe(manifest, samples)
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


def describe(manifest: Manifest, samples: Samples) -> Iterator[str]:
    """Yield lines on a manifest, its samples and the smallest difference of scores."""
    spec, size = manifest.model, manifest.sample_size
    yield f"inputs      {len(samples.inputs)} of shape {spec.input_shape}, {spec.input_dtype}"
    if spec.output is Output.VALUES:
        low, high = samples.targets.min(), samples.targets.max()
        yield f"targets     values from {low:g} to {high:g}"
    else:
        counts = ", ".join(str(count) for count in np.bincount(samples.targets))
        yield f"targets     {spec.classes} classes of {counts} samples"
    yield f"metric      {manifest.metric} of {size} rows: one row is {MAX_SCORE / size:,.0f} ppm"
    yield f"selection   {manifest.selection}, minimum gain {manifest.minimum_gain} ppm"
