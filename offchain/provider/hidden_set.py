"""Preparation of a test set: arrays become an encrypted test set and its manifest.

A record of earlier test sets shows which samples were used before, because the scores of each sale
reveal a little of its samples to developers. It is a JSON object that maps a manifest's digest to
the digests of its samples (16 bytes of the sha256 of input and target, in hex).
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np

from offchain.protocol import metrics
from offchain.protocol.artifacts import TEST_SET, encrypt
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, pack
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
        limits: sizes and operations that a model may need.
        description: text for people.
    """

    metric: str
    selection: Selection = Selection.ENSEMBLE
    minimum_gain: int = 1_000
    sample_size: int | None = None
    output: Output | None = None
    limits: ModelLimits = ModelLimits()  # noqa: RUF009 - frozen
    description: str = ""


def read_samples(file: Path, metric: str) -> Samples:
    """Read the arrays ``inputs`` and ``targets`` of an ``.npz`` file.

    Targets are returned as the metric takes them: float64 values or int64 classes.

    Raises:
        ValueError: an array is missing or holds Python objects, which are never loaded, or targets
            that should be classes are not integers.
    """
    with np.load(file, allow_pickle=False) as arrays:
        for name in ("inputs", "targets"):
            if name not in arrays:
                raise ValueError(f"{file} holds {arrays.files}, expected inputs and targets")
        inputs, targets = arrays["inputs"], arrays["targets"]
    if Output.VALUES in metrics.get(metric).outputs:
        return Samples(inputs, targets.astype("f8"))
    if targets.dtype.kind not in "iub":
        raise ValueError(f"targets of {targets.dtype}, expected classes as integers for {metric}")
    return Samples(inputs, targets.astype("i8"))


def draft(samples: Samples, terms: BenchmarkTerms, secret: bytes) -> tuple[Manifest, bytes]:
    """Return the manifest and the encrypted test set.

    Args:
        samples: the whole test set.
        terms: the provider's choices.
        secret: the test set's key, 32 random bytes, for this test set only.

    Raises:
        ValueError: samples and terms do not fit together; the message says how.
    """
    outputs = metrics.get(terms.metric).outputs
    if Output.VALUES in outputs:
        output, classes = Output.VALUES, 0
    else:
        output, classes = terms.output or Output.PROBABILITIES, int(samples.targets.max()) + 1
    spec = ModelSpec(samples.inputs.shape[1:], output, classes, str(samples.inputs.dtype))
    sink = BytesIO()
    digests = encrypt(BytesIO(pack(samples, spec)), sink, secret, TEST_SET)
    manifest = Manifest(
        description=terms.description,
        metric=terms.metric,
        model=spec,
        limits=terms.limits,
        test_set=HiddenSet(len(samples.targets), digests.artifact, key_commitment(secret)),
        sample_size=terms.sample_size or len(samples.targets),
        selection=terms.selection,
        minimum_gain=terms.minimum_gain if terms.selection is Selection.ENSEMBLE else 0,
    )
    return manifest, sink.getvalue()


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
