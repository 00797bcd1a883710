"""The child's last check, of what the runtime returns."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from offchain.enclave.models import child
from offchain.enclave.models.child import _decode, _Samples, predict
from offchain.enclave.models.static import Plan
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelSpec
from tests.offchain.enclave.models.onnx_files import LABELS, PROBABILITIES, VALUES

ROWS = 4
COLUMN, SCORES = (ROWS,), (ROWS, LABELS.classes)
INTEGERS, FLOATS = ("int32", "int64"), ("float16", "float32", "float64")
KINDS = (
    *(*INTEGERS, *FLOATS, "bool", "uint64", "complex64", "complex128"),
    *("S3", "U3", "object", "M8[s]", "m8[s]", "V8"),
)
FORMS = [(VALUES, False, COLUMN, FLOATS), (LABELS, False, COLUMN, INTEGERS)]
FORMS += [(LABELS, True, SCORES, FLOATS)]


def plan(argmax: bool, shape: tuple[int, ...], *, column: bool = False) -> Plan:
    return Plan("x", "y", shape, argmax, column, ROWS, b"", 0, 0)


@pytest.mark.parametrize(("spec", "argmax", "shape", "allowed"), FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_decode__any_dtype__is_read_or_the_models_fault(
    spec: ModelSpec, argmax: bool, shape: tuple[int, ...], allowed: tuple[str, ...], kind: str
):
    output = np.zeros(shape, kind)
    if kind in allowed:
        assert _decode(output, plan(argmax, shape), spec).tolist() == [0] * ROWS
        return
    with pytest.raises(InvalidModel) as refusal:
        _decode(output, plan(argmax, shape), spec)
    assert refusal.value.reason is ModelFault.OUTPUT
    assert refusal.value.detail.startswith(f"output of {output.dtype}, expected ")


@pytest.mark.parametrize("output", [None, [0.0] * ROWS, {"a": 1.0}, 0.0, np.float32(0)])
def test_decode__no_array__is_the_models_fault(output: object):
    with pytest.raises(InvalidModel, match="output of shape") as refusal:
        _decode(output, plan(False, COLUMN), VALUES)
    assert refusal.value.reason is ModelFault.OUTPUT


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_decode__one_column__is_the_probability_of_the_second_class(shape: tuple[int, ...]):
    two = replace(PROBABILITIES, classes=2)
    output = np.array([0.25, 1.0]).reshape(shape)
    decoded = _decode(output, plan(False, shape, column=True), two)
    assert decoded.tolist() == [[0.75, 0.25], [0.0, 1.0]]


def test_decode__label_from_one_column__is_that_of_a_probability():
    two, wanted = replace(LABELS, classes=2), plan(True, (3,), column=True)
    assert _decode(np.array([0.0, 0.75, 1.0]), wanted, two).tolist() == [0, 1, 1]
    for beyond in ([0.0, 0.5, 1.001], [-0.001, 0.5, 1.0]):
        with pytest.raises(InvalidModel, match="one column beyond 0 to 1") as refusal:
            _decode(np.array(beyond), wanted, two)
        assert refusal.value.reason is ModelFault.OUTPUT


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_decode__label_of_scores_that_are_not_finite__is_the_models_fault(value: float):
    scores = np.zeros(SCORES)
    scores[1, 2] = value
    with pytest.raises(InvalidModel) as refusal:
        _decode(scores, plan(True, SCORES), LABELS)
    assert refusal.value.reason is ModelFault.NOT_FINITE


def test_predict__last_batch__is_filled_up_with_copies_of_the_last_sample(monkeypatch):
    seen = []

    def session_of(_: object, __: object, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        seen.append(feeds["x"].ravel().tolist())
        return [feeds["x"].ravel()]

    monkeypatch.setattr(child, "run_session", session_of)
    table = np.arange(ROWS + 2, dtype=np.float32)[:, None]
    spec = replace(VALUES, input_shape=(1,))
    taken = _Samples(BytesIO(), spec, table)
    assert predict(None, plan(False, COLUMN), spec, ROWS + 2, taken).tolist() == [*range(ROWS + 2)]
    assert seen == [[0, 1, 2, 3], [4, 5, 5, 5]]
