"""Shapes of the ops of ``com.microsoft`` that onnxruntime's quantisation writes (QOperator).

Scales and zero points follow each quantised tensor among the inputs; ONNX has no rule for them.
"""

from typing import Final

import numpy as np
from onnx import NodeProto, TensorProto, TypeProto

from offchain.enclave.models.attributes import check_attributes, integer_of
from offchain.enclave.models.tensors import Types, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault

FUSED: Final = frozenset(
    {
        *("QGemm", "QLinearAdd", "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearMul"),
        *("QLinearSigmoid", "QLinearSoftmax"),
    }
)


def infer_fused(node: NodeProto, types: Types) -> dict[str, TypeProto]:
    """Return the types of a node's outputs; empty for other ops.

    Raises:
        InvalidModel: `SHAPE`: types or shapes do not fit the op.
    """
    if node.op_type not in FUSED:
        return {}
    check_attributes(node)
    inputs = [shape_of(types[name]) if name else () for name in node.input]
    kind = types[node.input[0]].tensor_type.elem_type if node.input else 0
    shape: tuple[int, ...]
    pairs = node.op_type in ("QGemm", "QLinearAdd", "QLinearMul")
    try:
        if kind not in (TensorProto.UINT8, TensorProto.INT8) or None in inputs:
            raise ValueError("expected bytes of known shape")
        first, second = inputs[0] or (), (inputs[3] or ()) if pairs else ()
        if node.op_type == "QGemm":
            left = first[::-1] if integer_of(node, "transA", 0) else first
            right = second[::-1] if integer_of(node, "transB", 0) else second
            if len(left) != 2 or len(right) != 2 or left[1] != right[0]:
                raise ValueError("expected two matrices that fit")
            kind = kind if len(node.input) > 8 and node.input[8] else TensorProto.FLOAT
            shape = (left[0], right[1])
        elif pairs:
            shape = np.broadcast_shapes(first, second)
        elif node.op_type == "QLinearGlobalAveragePool":
            if len(first) < 3 or integer_of(node, "channels_last", 0):
                raise ValueError("expected an image with the channels first")
            shape = (*first[:2], *(1 for _ in first[2:]))
        else:
            shape = first
    except (ValueError, IndexError) as error:
        raise InvalidModel(
            ModelFault.SHAPE, f"{node.op_type} of shapes {inputs[:4]}: {error}"
        ) from error
    return {node.output[0]: tensor_type(kind, shape)}
