"""Ranges of a node's attributes: ONNX and its runtime do not check them, and disagree on some."""

from typing import Final

from onnx import AttributeProto, NodeProto, TensorProto

from offchain.enclave.models.tensors import ITEM_BYTES, MAX_RANK
from offchain.protocol.errors import InvalidModel, ModelFault

MAX_SIZE: Final = 2**31 - 1
"""Maximum of sizes, strides, paddings and similar attributes."""

_AXES: Final = ("axes", "axis", "perm")
_TYPES: Final = ("dtype", "output_dtype", "stash_type", "to")
_FLAGS: Final = frozenset(
    """
    allowzero antialias ceil_mode count_include_pad detect_negative detect_positive exclude_outside
    exclusive fmod input_forget keepdims largest layout linear_before_reset noop_with_empty_axes
    reverse saturate select_last_index sorted storage_order training_mode transA transB upper
    """.split()  # noqa: SIM905 - read as a list of words
)
"""Booleans. ONNX reads any number but 0 as true. The runtime reads only 1 as true, or returns
outputs that it has not written."""
_BOUNDS: Final = ("end", "ends", "start", "starts")
"""Bounds that are clipped to the tensor's size; exporters write the largest number for its end."""


def attribute_of(node: NodeProto, name: str) -> AttributeProto | None:
    """Return a node's attribute with a name, or None."""
    return next((attribute for attribute in node.attribute if attribute.name == name), None)


def integer_of(node: NodeProto, name: str, default: int) -> int:
    """Return a node's integer attribute with a name, or a default."""
    attribute = attribute_of(node, name)
    return default if attribute is None else attribute.i


def check_attributes(node: NodeProto) -> None:
    """Check the integers among the attributes of a node of the default domain.

    Raises:
        InvalidModel: `SHAPE`, or `UNSUPPORTED_OP` for an element type that is not a number's.
    """
    for attribute in node.attribute:
        name, values = attribute.name, [attribute.i, *attribute.ints]
        if name in _AXES:
            _check_all(node, name, values, -MAX_RANK, MAX_RANK)
        elif name in _FLAGS:
            _check_all(node, name, values, 0, 1)
        elif name == "batch_dims":
            _check_all(node, name, values, 0, MAX_RANK)
        elif name == "num_outputs":
            _check_all(node, name, [attribute.i], len(node.output), len(node.output))
        elif name in _TYPES:
            _check_type(node, name, attribute.i)
        elif name not in _BOUNDS and node.op_type != "Constant":
            _check_all(node, name, values, -MAX_SIZE, MAX_SIZE)


def _check_type(node: NodeProto, name: str, value: int) -> None:
    inferred = name == "output_dtype" and value == TensorProto.UNDEFINED
    if (value not in ITEM_BYTES or value == TensorProto.STRING) and not inferred:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP,
            f"{name} of {node.op_type} is {value}, expected an element type of numbers",
        )


def _check_all(node: NodeProto, name: str, values: list[int], least: int, most: int) -> None:
    for value in values:
        if not least <= value <= most:
            raise InvalidModel(
                ModelFault.SHAPE, f"{name} of {node.op_type} is {value}, expected {least} to {most}"
            )
