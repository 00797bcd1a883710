"""Shapes of the ops of ``com.microsoft`` that onnxruntime's own tools write.

Its quantisation (QOperator) puts scales and zero points behind each quantised tensor. Its
optimisations join a standard op with an activation. ONNX has no rules for them.
"""

from typing import Final

import numpy as np
from onnx import NodeProto, TensorProto, TypeProto

from offchain.enclave.models.attributes import check_attributes, integer_of
from offchain.enclave.models.tensors import Shape, Types, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault

_PAIRS: Final = ("QGemm", "QLinearAdd", "QLinearMul")
_FLOATS: Final = ("BiasGelu", "FusedMatMul", "Gelu")
_STANDARD: Final = {
    "FusedConv": ("Conv", 3),
    "FusedGemm": ("Gemm", 3),
    "QLinearAveragePool": ("AveragePool", 1),
}
"""Ops that make what a standard op makes of their first inputs, and the number of these."""
_OWN: Final = ("activation", "channels_last")
"""Start of the names of attributes that those standard ops lack."""

FUSED: Final = frozenset(
    {
        *("QLinearConcat", "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearSigmoid"),
        *("QLinearSoftmax", *_PAIRS, *_FLOATS, *_STANDARD),
    }
)


def standard_of(node: NodeProto) -> NodeProto:
    """Return the standard op whose outputs have the shapes of a node's, or the node itself."""
    if node.domain != "com.microsoft" or node.op_type not in _STANDARD:
        return node
    name, count = _STANDARD[node.op_type]
    standard = NodeProto(op_type=name, input=node.input[:count], output=node.output)
    standard.attribute.extend(a for a in node.attribute if not a.name.startswith(_OWN))
    return standard


def infer_fused(node: NodeProto, types: Types) -> dict[str, TypeProto]:
    """Return the types of a node's outputs; empty for other ops, and those of `standard_of`.

    Raises:
        InvalidModel: `SHAPE`: types or shapes do not fit the op.
    """
    if node.domain != "com.microsoft" or node.op_type not in FUSED:
        return {}
    check_attributes(node)
    inputs = [shape_of(types[name]) if name else () for name in node.input]
    try:
        if None in inputs or integer_of(node, "channels_last", 0):
            raise ValueError("expected known shapes, with the channels first")
        if node.op_type in _STANDARD:
            if len(node.input) > 3 and node.op_type == "FusedConv":
                raise ValueError("expected an image, weights and a bias")
            return {}
        kind, shape = _made(node, types, [each or () for each in inputs])
    except (ValueError, IndexError) as error:
        raise InvalidModel(
            ModelFault.SHAPE, f"{node.op_type} of shapes {inputs[:4]}: {error}"
        ) from error
    return {node.output[0]: tensor_type(kind, shape)}


def _made(node: NodeProto, types: Types, inputs: list[Shape]) -> tuple[int, Shape]:
    """Return element type and shape of the output."""
    concatenated = node.op_type == "QLinearConcat"
    first = inputs[2] if concatenated else inputs[0]
    second = inputs[3] if node.op_type in _PAIRS else inputs[1] if len(inputs) > 1 else ()
    kind = types[node.input[2 if concatenated else 0]].tensor_type.elem_type
    floats = node.op_type in _FLOATS
    if kind not in ((TensorProto.FLOAT,) if floats else (TensorProto.UINT8, TensorProto.INT8)):
        raise ValueError(f"expected {'float32' if floats else 'bytes'}")
    if node.op_type in ("FusedMatMul", "QGemm"):
        if node.op_type == "QGemm" and not (len(node.input) > 8 and node.input[8]):
            kind = TensorProto.FLOAT
        return kind, _product(node, first, second)
    if node.op_type in ("QLinearAdd", "QLinearMul"):
        return kind, np.broadcast_shapes(first, second)
    if node.op_type == "QLinearGlobalAveragePool":
        if len(first) < 3:
            raise ValueError("expected an image")
        return kind, (*first[:2], *(1 for _ in first[2:]))
    if concatenated:
        return kind, _joined(inputs[2::3], integer_of(node, "axis", 0) % len(first))
    if node.op_type == "BiasGelu" and second != first[-1:]:
        raise ValueError("expected a bias of the last size")
    return kind, first


def _product(node: NodeProto, first: Shape, second: Shape) -> Shape:
    left = _turned(first, integer_of(node, "transA", 0))
    right = _turned(second, integer_of(node, "transB", 0))
    batches = [integer_of(node, name, 0) for name in ("transBatchA", "transBatchB")]
    flat = node.op_type == "FusedMatMul" or len(left) + len(right) == 4
    if left[-1] != right[-2] or any(batches) or not flat:
        raise ValueError("expected two matrices that fit")
    return (*np.broadcast_shapes(left[:-2], right[:-2]), left[-2], right[-1])


def _joined(parts: list[Shape], axis: int) -> Shape:
    if len({(*each[:axis], *each[axis + 1 :], len(each)) for each in parts}) != 1:
        raise ValueError("expected parts that fit")
    first = parts[0]
    return (*first[:axis], sum(each[axis] for each in parts), *first[axis + 1 :])


def _turned(shape: Shape, turn: int) -> Shape:
    if len(shape) < 2:
        raise ValueError("expected matrices")
    return (*shape[:-2], shape[-1], shape[-2]) if turn else shape
