"""Types of values: sizes of elements, and shapes that are known."""

import pytest
from onnx import TensorProto, TypeProto, helper

from offchain.enclave.models.tensors import (
    ITEM_BYTES,
    MAX_RANK,
    elements,
    shape_of,
    tensor_bytes,
    tensor_type,
)
from offchain.protocol.errors import InvalidModel, ModelFault


@pytest.mark.parametrize("kind", ITEM_BYTES.keys() - {TensorProto.STRING})
def test_item_bytes__number__is_the_size_of_numpys(kind):
    assert ITEM_BYTES[kind] == helper.tensor_dtype_to_np_dtype(kind).itemsize


@pytest.mark.parametrize(
    ("shape", "count"), [((), 1), ((3, 5), 15), ((0,), 1), ((0, 5), 5), ((1,) * MAX_RANK, 1)]
)
def test_tensor_bytes__any_shape__counts_an_empty_dimension_as_one(shape, count):
    assert elements(shape) == count
    assert tensor_bytes(tensor_type(TensorProto.DOUBLE, shape)) == 8 * count
    assert tensor_bytes(tensor_type(TensorProto.STRING, shape)) == 128 * count
    assert shape_of(tensor_type(TensorProto.FLOAT, shape)) == shape


@pytest.mark.parametrize("size", [None, "N", -1])
def test_shape_of__size_that_is_not_known__is_none(size):
    value = helper.make_tensor_type_proto(TensorProto.FLOAT, (3, size))
    assert shape_of(value) is None
    assert tensor_bytes(value) == 0


def test_shape_of__no_shape_or_too_many_dimensions__is_none_or_refused():
    assert shape_of(helper.make_tensor_type_proto(TensorProto.FLOAT, None)) is None
    with pytest.raises(InvalidModel, match="17 dimensions, expected 16 at most") as refusal:
        shape_of(tensor_type(TensorProto.FLOAT, (1,) * 17))
    assert refusal.value.reason is ModelFault.SHAPE


@pytest.mark.parametrize(
    "value",
    [
        TypeProto(),
        helper.make_sequence_type_proto(tensor_type(TensorProto.FLOAT, ())),
        helper.make_tensor_type_proto(TensorProto.BFLOAT16, ()),
    ],
)
def test_shape_of__no_tensor_of_numbers__is_refused(value):
    with pytest.raises(InvalidModel, match="expected a tensor of numbers") as refusal:
        shape_of(value)
    assert refusal.value.reason is ModelFault.UNSUPPORTED_OP
