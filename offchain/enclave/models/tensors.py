"""Types of values in a graph: tensors of numbers or text with a bounded number of dimensions."""

from collections.abc import Mapping
from math import prod
from typing import Final

from onnx import TensorProto, TypeProto, helper

from offchain.protocol.errors import InvalidModel, ModelFault

Shape = tuple[int, ...]
Types = Mapping[str, TypeProto]
"""Types of values by name."""

MAX_RANK: Final = 16
"""Maximum number of dimensions of a tensor."""

ITEM_BYTES: Final[dict[int, int]] = {
    TensorProto.BOOL: 1,
    TensorProto.INT8: 1,
    TensorProto.UINT8: 1,
    TensorProto.INT16: 2,
    TensorProto.UINT16: 2,
    TensorProto.FLOAT16: 2,
    TensorProto.INT32: 4,
    TensorProto.UINT32: 4,
    TensorProto.FLOAT: 4,
    TensorProto.INT64: 8,
    TensorProto.UINT64: 8,
    TensorProto.DOUBLE: 8,
    TensorProto.STRING: 128,
}
"""Allowed element types and their sizes in bytes; of text without the text itself."""


def type_name(kind: int) -> str:
    """Return the name of an element type, such as ``float32``, ``bfloat16`` or ``string``."""
    known = kind in TensorProto.DataType.values()
    name = TensorProto.DataType.Name(kind).lower() if known else f"type {kind}"
    return {"float": "float32", "double": "float64"}.get(name, name)


def tensor_type(kind: int, shape: Shape) -> TypeProto:
    """Return the type of a tensor of known shape."""
    return helper.make_tensor_type_proto(kind, shape)


def shape_of(value: TypeProto) -> Shape | None:
    """Return the shape of a tensor type, or None unless every dimension is a number.

    Raises:
        InvalidModel: `UNSUPPORTED_OP` for values that are not tensors of numbers, `SHAPE` for more
            than `MAX_RANK` dimensions.
    """
    tensor = value.tensor_type
    if not value.HasField("tensor_type") or tensor.elem_type not in ITEM_BYTES:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP,
            f"a value of {value.WhichOneof('value')} of {type_name(tensor.elem_type)}, expected a "
            "tensor of numbers",
        )
    if not tensor.HasField("shape"):
        return None
    dims = tensor.shape.dim
    if len(dims) > MAX_RANK:
        raise InvalidModel(ModelFault.SHAPE, f"{len(dims)} dimensions, expected {MAX_RANK} at most")
    if not all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in dims):
        return None
    return tuple(dim.dim_value for dim in dims)


def elements(shape: Shape) -> int:
    """Return the number of elements; an empty dimension counts as one, or it would hide others."""
    return prod(max(size, 1) for size in shape)


def tensor_bytes(value: TypeProto) -> int:
    """Return the size of a tensor in bytes, counted as by `elements`; 0 if its shape is unknown."""
    shape = shape_of(value)
    return 0 if shape is None else elements(shape) * ITEM_BYTES[value.tensor_type.elem_type]
