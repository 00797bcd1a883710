"""The provider's tool: from arrays to an encrypted test set and its manifest.

Which samples have been in a test set before: each sale of models tells a little of them.

A record is a JSON object from a manifest's digest to the digests of its samples (16 bytes of the
sha256 of input and target, in hex).
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from offchain.protocol import metrics
from offchain.protocol.artifacts import TEST_SET, encrypt
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, pack
from offchain.storage.files import write_atomically


@dataclass(frozen=True)
class BenchmarkTerms:
    """What a provider decides beside its data.

    Args:
        metric: a name in `offchain.protocol.metrics`.
        selection: which models are bought.
        minimum_gain: see `Manifest`.
        sample_size: rows that the seed draws; None for all.
        output: what is read of a model's outputs; None for what metric and selection allow.
        limits: what a model may need.
        description: for people.
    """

    metric: str
    selection: Selection = Selection.ENSEMBLE
    minimum_gain: int = 1_000
    sample_size: int | None = None
    output: Output | None = None
    limits: ModelLimits = ModelLimits()  # noqa: RUF009 - frozen
    description: str = ""


def read_samples(file: Path, metric: str) -> Samples:
    """The arrays ``inputs`` and ``targets`` of an ``.npz`` file, targets as the metric takes them.

    Raises:
        ValueError: no such arrays, or they are Python objects, which are never loaded, or targets
            that should be classes are not whole numbers.
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
    """The manifest and the encrypted test set.

    Args:
        samples: the whole test set.
        terms: of the provider.
        secret: the test set's key, 32 random bytes, for this test set only.

    Raises:
        ValueError: samples and terms do not fit; says how.
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


_BYTES = 16


def sample_digests(samples: Samples) -> list[str]:
    """One for each sample."""
    pairs = zip(samples.inputs, samples.targets, strict=True)
    return [
        sha256(one.tobytes() + target.tobytes()).hexdigest()[: 2 * _BYTES] for one, target in pairs
    ]


def read_history(file: Path) -> dict[str, list[str]]:
    """The record, empty where there is no file.

    Raises:
        ValueError: the file is not a record.
    """
    if not file.exists():
        return {}
    record = json.loads(file.read_bytes())
    if not isinstance(record, dict) or not all(isinstance(each, list) for each in record.values()):
        raise ValueError(f"{file} is not a record of test sets")
    return record


def used_before(record: dict[str, list[str]], samples: Samples) -> dict[str, int]:
    """How many of the samples were in each earlier test set that shares any."""
    own = set(sample_digests(samples))
    shared = {manifest: len(own & set(digests)) for manifest, digests in record.items()}
    return {manifest: count for manifest, count in shared.items() if count}


def remember(file: Path, manifest: bytes, samples: Samples) -> None:
    """Adds a test set to the record; ``manifest`` is the digest (bytes32)."""
    record = read_history(file) | {"0x" + manifest.hex(): sample_digests(samples)}

    def write(sink: IO[bytes]) -> None:
        sink.write(json.dumps(record).encode())

    write_atomically(file, write)
