"""The manifest: how a task measures, in a document whose digest the task holds.

A JSON object (`docs/manifest.schema.json`). Its digest is keccak256 of its canonical bytes
(RFC 8785) with every field written out, so blanks and the order of fields in a file do not matter.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len
from eth_utils.crypto import keccak
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from offchain.protocol import metrics
from offchain.protocol.encoding import MAX_SCORE, STRICT, Bytes32, to_json
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

Count = Annotated[int, Ge(1), Le(2**32)]


class Selection(StrEnum):
    """Which of the models that sell are bought."""

    TOP = "top"
    """The best, each by its own score."""
    ENSEMBLE = "ensemble"
    """A team: one by one the model that adds most to the soft vote of those before it."""


@dataclass(frozen=True, config=STRICT)
class HiddenSet:
    """The encrypted test set.

    Args:
        samples: how many there are.
        artifact_digest: sha256 of the ciphertext.
        key_commitment: `offchain.protocol.release.key_commitment` of its key.
    """

    samples: Count
    artifact_digest: Bytes32
    key_commitment: Bytes32


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """How a task measures.

    Args:
        description: for people.
        metric: a name in `offchain.protocol.metrics`.
        model: shapes and types of inputs and outputs.
        limits: what a model may need.
        test_set: what is hidden.
        sample_size: rows that the seed draws from the test set.
        selection: which models are bought.
        minimum_gain: what a model must add to the team (parts per million), at least 1; for `TOP`
            it is 0.
    """

    description: Annotated[str, Len(0, 4096)]
    metric: str
    model: ModelSpec
    limits: ModelLimits
    test_set: HiddenSet
    sample_size: Count
    selection: Selection
    minimum_gain: Annotated[int, Ge(0), Le(MAX_SCORE)]
    version: Literal[1] = 1

    def __post_init__(self) -> None:
        outputs = metrics.get(self.metric).outputs
        if self.model.output not in outputs:
            raise ValueError(
                f"output {self.model.output} for {self.metric}, expected {sorted(outputs)}"
            )
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
            raise ValueError("labels do not add up to a vote, expected probabilities or values")
        self.digest()  # raises for integers and texts that have no canonical form

    def digest(self) -> bytes:
        """bytes32: the task's ``benchmark``."""
        return keccak(to_json(self))


def schema() -> dict[str, Any]:
    """The JSON Schema of a manifest: ``docs/manifest.schema.json``."""
    made = TypeAdapter(Manifest).json_schema()
    for part in (made, *made["$defs"].values()):
        del part["description"]  # Python's docstrings
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made
