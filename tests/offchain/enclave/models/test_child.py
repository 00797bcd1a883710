"""The child's last check, of what the runtime returns."""

import numpy as np
import pytest

from offchain.enclave.models.child import _decode
from offchain.enclave.models.static import Plan
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelSpec
from tests.offchain.enclave.models.onnx_files import LABELS, VALUES

ROWS = 4
COLUMN, SCORES = (ROWS,), (ROWS, LABELS.classes)
INTEGERS, FLOATS = ("int32", "int64"), ("float16", "float32", "float64")
KINDS = (
    *(*INTEGERS, *FLOATS, "bool", "uint64", "complex64", "complex128"),
    *("S3", "U3", "object", "M8[s]", "m8[s]", "V8"),
)
FORMS = [(VALUES, False, COLUMN, FLOATS), (LABELS, False, COLUMN, INTEGERS)]
FORMS += [(LABELS, True, SCORES, FLOATS)]


def plan(argmax: bool, shape: tuple[int, ...]) -> Plan:
    return Plan("x", "y", shape, argmax, False, ROWS, b"", 0, 0)


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
