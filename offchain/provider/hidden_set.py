"""Preparation of a test set: arrays become an encrypted test set and its manifest.

A record of earlier test sets shows which samples were used before, because the scores of each sale
reveal a little of its samples to developers. It is a JSON object that maps a manifest's digest to
the digests of its samples (16 bytes of the sha256 of input and target, in hex).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from offchain.protocol import metrics
from offchain.protocol.artifacts import TEST_SET, encrypt
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, draw_sample, pack
from offchain.provider.data import Data
from offchain.storage.files import write_bytes


@dataclass(frozen=True)
class BenchmarkTerms:
    """The provider's choices for a benchmark, apart from its data.

    Args:
        metric: a name in `offchain.protocol.metrics`.
        selection: rule that chooses the models to buy.
        minimum_gain: see `Manifest`.
        sample_size: number of rows that the seed draws; None for all.
        output: kind of a model's output; None for values where the metric takes values, and else
            for probabilities.
        limits: limits of a model that the provider sets itself, by the names of `ModelLimits`; the
            others are proposed from the shape of the data.
        description: text for people.
        confidence: see `Manifest`.
    """

    metric: str
    selection: Selection = Selection.ENSEMBLE
    minimum_gain: int = 1_000
    sample_size: int | None = None
    output: Output | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    confidence: int = 0


def draft(data: Data, terms: BenchmarkTerms, secret: bytes) -> tuple[Manifest, bytes]:
    """Return the manifest and the encrypted test set.

    Args:
        data: the whole test set.
        terms: the provider's choices.
        secret: the test set's key, 32 random bytes, for this test set only.

    Raises:
        ValueError: data and terms do not fit together; the message says how.
    """
    samples = data.samples
    count = len(samples.targets)
    size = count if terms.sample_size is None else terms.sample_size
    if not 1 <= size <= count:
        raise ValueError(f"sample of {size} rows, expected 1 to {count}, the rows of the test set")
    _check_ops(terms.limits.get("extra_ops", ()))
    spec = ModelSpec(
        () if data.inputs else samples.inputs.shape[1:],
        *_output(data, terms),
        "float32" if data.inputs else str(samples.inputs.dtype),
        data.inputs,
        data.missing,
    )
    sink = BytesIO()
    digests = encrypt(BytesIO(pack(samples, spec)), sink, secret, TEST_SET)
    weighted = samples.weights is not None
    manifest = Manifest(
        description=terms.description,
        metric=terms.metric,
        model=spec,
        limits=replace(propose_limits(spec, size), **terms.limits),
        test_set=HiddenSet(count, digests.artifact, key_commitment(secret), weighted),
        sample_size=size,
        selection=terms.selection,
        minimum_gain=terms.minimum_gain if terms.selection is Selection.ENSEMBLE else 0,
        class_names=data.class_names,
        confidence=terms.confidence,
    )
    check_draws(manifest, samples.targets)
    return manifest, sink.getvalue()


def _check_ops(names: Iterable[str]) -> None:
    """Refuse names of ops that no version of ONNX has, since they would allow nothing."""
    for name in names:
        if not any(onnx.defs.has(name, domain) for domain in ("", "ai.onnx.ml")):
            raise ValueError(f"op {name!r}, expected one of ONNX, such as Loop; case counts")


def _output(data: Data, terms: BenchmarkTerms) -> tuple[Output, int]:
    """Return the kind of output that the metric reads, and its number of columns."""
    outputs, targets = metrics.get(terms.metric).outputs, data.samples.targets
    if outputs <= metrics.CLASSIFIERS:
        usual = Output.PROBABILITIES if Output.PROBABILITIES in outputs else min(outputs)
        return terms.output or usual, len(data.class_names) or int(targets.max()) + 1
    if targets.ndim == 1:
        return terms.output or Output.VALUES, 0
    usual = Output.VECTORS if Output.VECTORS in outputs else Output.MULTILABEL
    return terms.output or usual, targets.shape[1]


IMAGE_VALUES = 2_048
"""Values in one sample from which on it is taken for an image, a sound or a long text."""


def propose_limits(spec: ModelSpec, rows: int) -> ModelLimits:
    """Return limits that usual models of samples of this shape keep.

    For tables they are the defaults. Networks for images have up to 90 million weights and take up
    to 2 * 10^10 multiplications for a sample (docs/MODELS.md).

    Args:
        rows: size of the sample that is measured.
    """
    values = prod(spec.input_shape) + sum(prod(each.shape) for each in spec.inputs)
    if values < IMAGE_VALUES:
        return ModelLimits()
    return ModelLimits(
        model_bytes=2**29,
        memory_bytes=2**32,
        operations=min(max(rows * 2 * 10**10, 10**12), 10**14),
        batch_rows=32,
    )


def check_draws(manifest: Manifest, targets: NDArray[Any]) -> None:
    """Refuse a test set on whose samples the metric may not be defined.

    It draws the samples of a few seeds. If each is defined after some of the attempts that the
    enclaves make, practically no seed is left without a sample.

    Raises:
        ValueError: says on what the metric is not defined, and the remedy.
    """
    for number in range(_SEEDS):
        seed = sha256(number.to_bytes(8, "big")).digest()
        try:
            draw_sample(seed, manifest, targets, _ATTEMPTS)
        except ValueError as error:
            raise ValueError(
                f"{error}; expected a larger sample size than {manifest.sample_size}, or more "
                "samples of what is rare"
            ) from error


_SEEDS, _ATTEMPTS = 16, 32
_DIGEST_BYTES = 16


def sample_digests(samples: Samples) -> list[str]:
    """Return the digest of each sample, in hex."""
    pairs = zip(samples.inputs, samples.targets, strict=True)
    digests = (sha256(row.tobytes() + target.tobytes()).hexdigest() for row, target in pairs)
    return [digest[: 2 * _DIGEST_BYTES] for digest in digests]


def read_history(file: Path) -> dict[str, list[str]]:
    """Read the record of earlier test sets; it is empty when the file does not exist.

    Raises:
        ValueError: the file is not a record.
    """
    if not file.exists():
        return {}
    record = json.loads(file.read_bytes())
    if not isinstance(record, dict) or not all(isinstance(each, list) for each in record.values()):
        raise ValueError(f"{file} is not a record of test sets, expected an object of lists")
    return record


def used_before(record: dict[str, list[str]], samples: Samples) -> dict[str, int]:
    """Return, for each earlier test set that shares samples with these, how many it shares."""
    own = set(sample_digests(samples))
    shared = {manifest: len(own & set(digests)) for manifest, digests in record.items()}
    return {manifest: count for manifest, count in shared.items() if count}


def remember(file: Path, manifest: bytes, samples: Samples) -> None:
    """Add a test set to the record; ``manifest`` is the digest (bytes32)."""
    record = read_history(file) | {"0x" + manifest.hex(): sample_digests(samples)}
    write_bytes(file, json.dumps(record).encode())
