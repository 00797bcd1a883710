"""The manifest: the rules of a task's measurement, in a document whose digest the task holds.

It is a JSON object (`docs/manifest.schema.json`). Its digest is keccak256 of its canonical bytes
(RFC 8785) with every field written out, so blanks and the order of fields in a file do not matter.
"""

from enum import StrEnum
from math import prod
from typing import Annotated, Any

from annotated_types import Ge, Le, Len
from eth_utils.crypto import keccak
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from offchain.protocol import bounds, metrics
from offchain.protocol.encoding import MAX_SCORE, STRICT, Bytes32, Version, to_json
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

MIN_CONFIDENCE, MAX_CONFIDENCE = 500_000, 990_000
Count = Annotated[int, Ge(1), Le(2**32)]


class Selection(StrEnum):
    """Rules that decide which of the models that sell are bought."""

    TOP = "top"
    """The best models, each by its own score."""
    ENSEMBLE = "ensemble"
    """A team; each step adds the model that improves the soft vote most."""


@dataclass(frozen=True, config=STRICT)
class HiddenSet:
    """The encrypted test set.

    Args:
        samples: number of samples.
        artifact_digest: sha256 of the ciphertext.
        key_commitment: `offchain.protocol.release.key_commitment` of its key.
        weighted: True if every sample has a weight.
    """

    samples: Count
    artifact_digest: Bytes32
    key_commitment: Bytes32
    weighted: bool = False


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """The rules of a task's measurement.

    Args:
        description: text for people.
        metric: a name in `offchain.protocol.metrics`.
        model: shapes and types of inputs and outputs.
        limits: resource limits of a model.
        test_set: the hidden test set.
        sample_size: rows that the seed selects from the test set.
        selection: the rule that decides which models are bought.
        minimum_gain: minimum that a model must add to the team (parts per million), at least 1; for
            `TOP` it is 0.
        class_names: name of each class, label or value, in the order of the model's columns; empty
            if they have none. For people and tools: the measurement does not read them.
        confidence: if not 0, the scores that prices follow from are one-sided lower confidence
            bounds at this level (parts per million), `offchain.protocol.bounds.lower_bound`.
    """

    description: Annotated[str, Len(0, 4096)]
    metric: str
    model: ModelSpec
    limits: ModelLimits
    test_set: HiddenSet
    sample_size: Count
    selection: Selection
    minimum_gain: Annotated[int, Ge(0), Le(MAX_SCORE)]
    class_names: tuple[Annotated[str, Len(1, 256)], ...] = ()
    confidence: Annotated[int, Ge(0), Le(MAX_CONFIDENCE)] = 0
    version: Version = 1

    def __post_init__(self) -> None:
        self._check_metric(metrics.get(self.metric))
        if self.sample_size > self.test_set.samples:
            raise ValueError(
                f"sample of {self.sample_size} rows, expected 1 to {self.test_set.samples}"
            )
        if (self.selection is Selection.ENSEMBLE) != (self.minimum_gain > 0):
            raise ValueError(
                f"minimum gain {self.minimum_gain} for selection {self.selection}, expected 0 for "
                "top and at least 1 for ensemble"
            )
        if self.selection is Selection.ENSEMBLE and self.model.output is Output.LABELS:
            raise ValueError("labels do not add up to a vote, expected another output")
        names = self.class_names
        if (names and len(set(names)) != self.model.classes) or len(set(names)) != len(names):
            raise ValueError(
                f"class_names {names}, expected {self.model.classes} different ones or none"
            )
        if 0 < self.confidence < MIN_CONFIDENCE:
            raise ValueError(
                f"confidence {self.confidence}, expected 0 or {MIN_CONFIDENCE} to {MAX_CONFIDENCE}"
            )
        if self.confidence:
            columns = prod(self.model.columns)
            bounds.resamples(metrics.get(self.metric), self.sample_size, columns)
        self.digest()  # raises ValueError for integers and texts without a canonical form

    def _check_metric(self, metric: metrics.Metric) -> None:
        spec = self.model
        if spec.output not in metric.outputs:
            raise ValueError(
                f"output {spec.output} for {self.metric}, expected {sorted(metric.outputs)}"
            )
        if metric.classes not in (None, spec.classes):
            raise ValueError(f"{spec.classes} classes for {self.metric}, expected {metric.classes}")
        if self.test_set.weighted and not metric.weighted:
            raise ValueError(f"weights for {self.metric}, expected none: it does not take them")

    def digest(self) -> bytes:
        """Return the digest (bytes32), which is the task's ``benchmark``."""
        return keccak(to_json(self))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest: ``docs/manifest.schema.json``."""
    made = TypeAdapter(Manifest).json_schema()
    for part in (made, *made["$defs"].values()):
        del part["description"]  # pydantic fills it with Python docstrings
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made
