"""Integers among a node's attributes: at each bound, and one beyond it."""

import pytest
from onnx import TensorProto

from offchain.enclave.models.attributes import MAX_SIZE, check_attributes
from offchain.enclave.models.tensors import MAX_RANK
from offchain.protocol.errors import InvalidModel, ModelFault
from tests.offchain.enclave.models.onnx_files import node

BOUNDS = [
    ("Softmax", "axis", -MAX_RANK, MAX_RANK),
    ("Transpose", "perm", -MAX_RANK, MAX_RANK),
    ("Gemm", "transA", 0, 1),
    ("GatherND", "batch_dims", 0, MAX_RANK),
    ("Conv", "group", -MAX_SIZE, MAX_SIZE),
    ("MaxPool", "pads", -MAX_SIZE, MAX_SIZE),
]
LISTS = "perm", "pads"


@pytest.mark.parametrize(("op", "name", "least", "most"), BOUNDS)
def test_check_attributes__integer__is_within_its_bounds(op, name, least, most):
    def checked(value: int) -> None:
        listed = [0, value] if name in LISTS else value
        check_attributes(node(op, ["x"], ["y"], **{name: listed}))

    checked(least)
    checked(most)
    for value in (least - 1, most + 1):
        with pytest.raises(InvalidModel, match=f"{name} of {op} is {value}, expected") as refusal:
            checked(value)
        assert refusal.value.reason is ModelFault.SHAPE


def test_check_attributes__number_of_outputs__is_theirs():
    check_attributes(node("Split", ["x"], ["y", "z"], num_outputs=2))
    for wrong in (1, 3):
        with pytest.raises(InvalidModel):
            check_attributes(node("Split", ["x"], ["y", "z"], num_outputs=wrong))


@pytest.mark.parametrize(("op", "name"), [("Slice", "ends"), ("Shape", "end")])
def test_check_attributes__bound_of_a_slice__may_be_any_number(op, name):
    end = 2**63 - 1
    check_attributes(node(op, ["x"], ["y"], **{name: [end] if name == "ends" else end}))


def test_check_attributes__number_that_is_a_constant__may_be_any():
    check_attributes(node("Constant", [], ["y"], value_int=2**63 - 1))


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (TensorProto.FLOAT, True),
        (TensorProto.BOOL, True),
        (TensorProto.STRING, False),
        (TensorProto.BFLOAT16, False),
        (TensorProto.UNDEFINED, False),
        (99, False),
    ],
)
def test_check_attributes__element_type__is_one_of_numbers(kind, allowed):
    made = node("Cast", ["x"], ["y"], to=kind)
    if allowed:
        check_attributes(made)
        return
    with pytest.raises(InvalidModel, match="expected an element type of numbers") as refusal:
        check_attributes(made)
    assert refusal.value.reason is ModelFault.UNSUPPORTED_OP


def test_check_attributes__output_type_that_is_inferred__may_be_undefined():
    check_attributes(node("QuantizeLinear", ["x", "s"], ["y"], output_dtype=0))
