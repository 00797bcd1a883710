"""The manifest: its digest, its schema, and its refusals."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from eth_utils.crypto import keccak

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.manifest import HiddenSet, Manifest, Selection, schema
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from tests.vectors.generate import word

SCHEMA = Path(__file__).parents[3] / "docs" / "manifest.schema.json"
MANIFEST = Manifest(
    description="digits",
    metric="accuracy",
    model=ModelSpec((64,), Output.PROBABILITIES, 10),
    limits=ModelLimits(),
    test_set=HiddenSet(500, word("artifact"), word("commitment")),
    sample_size=400,
    selection=Selection.ENSEMBLE,
    minimum_gain=1_000,
)


def test_digest__file_with_blanks_and_another_order__is_the_same() -> None:
    fields = json.loads(to_json(MANIFEST))
    file = json.dumps(dict(reversed(fields.items())), indent=4).encode()
    assert from_json(Manifest, file).digest() == MANIFEST.digest()


# Holds S-77.
def test_digest__fields_with_their_defaults__covers_all_of_the_schema() -> None:
    fields = json.loads(to_json(MANIFEST))
    parts = {"Manifest": fields, "ModelSpec": fields["model"], "HiddenSet": fields["test_set"]}
    made = schema()
    for name, part in (parts | {"ModelLimits": fields["limits"]}).items():
        assert part.keys() == made["$defs"].get(name, made)["properties"].keys()
    assert keccak(rfc8785.dumps(fields)) == MANIFEST.digest()


def test_digest__any_field_changed__differs() -> None:
    changed = [
        {"description": "other"},
        {"metric": "f1_macro"},
        {"model": replace(MANIFEST.model, input_shape=(8, 8))},
        {"limits": replace(MANIFEST.limits, nodes=1)},
        {"test_set": replace(MANIFEST.test_set, samples=501)},
        {"sample_size": 401},
        {"selection": Selection.TOP, "minimum_gain": 0},
        {"minimum_gain": 1_001},
        {"class_names": tuple("abcdefghij")},
        {"class_names": tuple("jabcdefghi")},
        {"confidence": 500_000},
        {"test_set": replace(MANIFEST.test_set, artifact_digest=word("other"))},
        {"test_set": replace(MANIFEST.test_set, key_commitment=word("other"))},
        {"test_set": replace(MANIFEST.test_set, weighted=True)},
    ]
    made = [MANIFEST, *(replace(MANIFEST, **change) for change in changed)]  # type: ignore[arg-type]
    assert len({each.digest() for each in made}) == 1 + len(changed)


# Holds S-95.
@pytest.mark.parametrize(
    ("output", "classes", "metric"),
    [
        (Output.PROBABILITIES, 10, "log_loss_skill"),
        (Output.SCORES, 10, "accuracy"),
        (Output.VALUES, 0, "r2"),
        (Output.VECTORS, 3, "r2"),
        (Output.MULTILABEL, 3, "dice"),
    ],
)
def test_manifest__ensemble__takes_all_outputs_but_labels(
    output: Output, classes: int, metric: str
) -> None:
    assert replace(MANIFEST, model=ModelSpec((64,), output, classes), metric=metric)


@pytest.mark.parametrize("confidence", [0, 500_000, 990_000])
def test_manifest__confidence__is_none_or_from_a_half_to_99_percent(confidence: int) -> None:
    assert replace(MANIFEST, confidence=confidence)
    with pytest.raises(ValueError, match="confidence"):
        replace(MANIFEST, confidence={0: 1, 500_000: 499_999, 990_000: 990_001}[confidence])


def test_manifest__bound_that_is_too_much_work__is_refused_with_the_remedy() -> None:
    large = {"test_set": HiddenSet(10**6, word("artifact"), word("commitment"))}
    area = {"metric": "roc_auc_ovr", "confidence": 950_000, **large}
    assert replace(MANIFEST, sample_size=45_000, **area)
    with pytest.raises(ValueError, match="expected a sample of at most 45000, or no confidence"):
        replace(MANIFEST, sample_size=45_001, **area)
    assert replace(MANIFEST, sample_size=45_001, **area | {"confidence": 0})
    assert replace(MANIFEST, sample_size=10**6, confidence=950_000, **large)  # exact


def test_schema__in_the_docs__is_that_of_the_type() -> None:
    assert json.loads(SCHEMA.read_text()) == schema()


def test_schema__of_a_manifest__accepts_it_and_refuses_others() -> None:
    document = json.loads(to_json(MANIFEST))
    jsonschema.validate(document, schema())
    for change in ({"version": 2}, {"metric": 5}, {"extra": 1}, {"sample_size": 0}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | change, schema())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"metric": "luck"}, "metric 'luck', expected one of accuracy"),
        ({"metric": "r2"}, r"output probabilities for r2, expected \[.*values"),
        ({"sample_size": 501}, "sample of 501 rows, expected 1 to 500"),
        ({"sample_size": 0}, "greater than or equal to 1"),
        ({"minimum_gain": 0}, "minimum gain 0 for selection ensemble"),
        ({"selection": Selection.TOP}, "minimum gain 1000 for selection top, expected 0 for top"),
        ({"minimum_gain": 1_000_001}, "less than or equal to 1000000"),
        (
            {"model": ModelSpec((64,), Output.LABELS, 10)},
            "labels do not add up to a vote, expected another output",
        ),
        ({"class_names": ("a",) * 10}, r"class_names .*, expected 10 different ones or none"),
        ({"class_names": ("a", "b")}, r"class_names .*, expected 10 different ones or none"),
        (
            {"model": ModelSpec((64,), Output.VALUES, 0), "metric": "r2", "class_names": ("a",)},
            r"class_names \('a',\), expected 0 different ones or none",
        ),
        ({"metric": "f1_binary"}, "10 classes for f1_binary, expected 2"),
        (
            {
                "metric": "spearman",
                "model": ModelSpec((64,), Output.VALUES, 0),
                "test_set": replace(MANIFEST.test_set, weighted=True),
            },
            "weights for spearman, expected none",
        ),
        ({"version": 2}, "Input should be 1"),
    ],
)
def test_manifest__impossible__raises(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(MANIFEST, **changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "Input should be 1"),
        ({"sample_size": "400"}, "valid integer"),
        ({"sample_size": 400.0}, "valid integer"),
        ({"surprise": 1}, "surprise"),
        ({"selection": "random"}, "'top' or 'ensemble'"),
    ],
)
def test_from_json__not_a_manifest__raises(change: dict[str, Any], reason: str) -> None:
    document = json.loads(to_json(MANIFEST)) | change
    with pytest.raises(ValueError, match=reason):
        from_json(Manifest, json.dumps(document).encode())
