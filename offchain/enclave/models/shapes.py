"""Types and shapes of a node's outputs, by ONNX's rules; what crashes those is refused before."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, TypeProto, helper
from onnx.shape_inference import InferenceError, infer_node_outputs

from offchain.enclave.models.attention import heads_of
from offchain.enclave.models.attributes import attribute_of, check_attributes
from offchain.enclave.models.classical import infer_classical
from offchain.enclave.models.fused import standard_of
from offchain.enclave.models.ops import domain_of
from offchain.enclave.models.tensors import Shape, Types, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault

RECURRENT: Final = ("GRU", "LSTM", "RNN")


def infer(
    node: NodeProto, types: Types, known: Mapping[str, TensorProto], versions: Mapping[str, int]
) -> dict[str, TypeProto]:
    """Return the types of a node's outputs, as far as they can be inferred from its inputs.

    Args:
        types: types of its inputs.
        known: values of those inputs that are small constants.
        versions: opset version of each domain.

    Raises:
        InvalidModel: `SHAPE`: types or shapes do not fit the op.
    """
    unknown = [name for name in node.input if name and name not in types]
    if unknown:
        raise InvalidModel(
            ModelFault.SHAPE,
            f"inputs {unknown} of {node.op_type} are unknown, expected known types",
        )
    if node.op_type == "QLinearAveragePool":  # as of floats, of which ONNX has a rule
        kind, shape = types[node.input[0]].tensor_type.elem_type, shape_of(types[node.input[0]])
        floats = {node.input[0]: tensor_type(TensorProto.FLOAT, shape or ())}
        made = shape_of(infer(standard_of(node), floats, {}, versions)[node.output[0]])
        return {node.output[0]: tensor_type(kind, made)} if made else {}
    node = standard_of(node)
    domain = domain_of(node)
    if domain == "ai.onnx.ml" and (outputs := infer_classical(node, types)):
        return outputs
    if domain == "":
        _check_node(node, types)
        _check_axes(node, versions[domain])
        if outputs := _infer_lacking(node, types, versions[domain]):
            return outputs
        node = _with_positive_axis(node, types, versions[domain])
    try:
        schema = onnx.defs.get_schema(node.op_type, versions[domain], domain)
        imports = [helper.make_opsetid(name, version) for name, version in versions.items()]
        return infer_node_outputs(schema, node, dict(types), dict(known), opset_imports=imports)
    except (InferenceError, onnx.checker.ValidationError) as error:
        raise InvalidModel(ModelFault.SHAPE, f"{node.op_type} {node.name!r}: {error}") from error


def _infer_lacking(node: NodeProto, types: Types, version: int) -> dict[str, TypeProto]:
    """Return the types of an op's outputs for which ONNX has no rule in some opset."""
    shapes = [shape_of(types[name]) for name in node.input if name]
    if not shapes or shapes[0] is None or None in shapes:
        return {}
    first, same = shapes[0], types[node.input[0]]
    if node.op_type in ("GreaterOrEqual", "LessOrEqual"):
        try:
            shape = np.broadcast_shapes(*(shape or () for shape in shapes))
        except ValueError as error:
            raise InvalidModel(ModelFault.SHAPE, f"{node.op_type}: {error}") from error
        return {node.output[0]: tensor_type(TensorProto.BOOL, shape)}
    if node.op_type == "GroupNormalization":
        if len(first) < 2 or any(shape != first[1:2] for shape in shapes[1:]):
            raise InvalidModel(
                ModelFault.SHAPE, f"GroupNormalization of {shapes}, expected one of each channel"
            )
        return {node.output[0]: same}
    if node.op_type == "MeanVarianceNormalization":
        return {node.output[0]: same}
    if node.op_type == "Dropout":
        kind = TensorProto.BOOL if version >= 10 else same.tensor_type.elem_type
        made = (same, tensor_type(kind, first))
        return {name: value for name, value in zip(node.output, made, strict=False) if name}
    return {}


def _with_positive_axis(node: NodeProto, types: Types, version: int) -> NodeProto:
    """Return a ``Concat`` whose axis is counted from the front, as ONNX's old rule expects it."""
    axis, first = attribute_of(node, "axis"), shape_of(types[node.input[0]]) if node.input else None
    if node.op_type != "Concat" or version > 10 or axis is None or first is None or axis.i >= 0:
        return node
    changed = NodeProto()
    changed.CopyFrom(node)
    for attribute in changed.attribute:
        if attribute.name == "axis":
            attribute.i += len(first)
    return changed


def _check_node(node: NodeProto, types: Types) -> None:
    """Check the assumptions that shape inference makes without a check."""
    check_attributes(node)
    if node.op_type == "Split" and not all(node.output):
        raise InvalidModel(ModelFault.SHAPE, "Split with a nameless output, expected none")
    if node.op_type in ("LayerNormalization", "Squeeze") and not all(node.input):
        raise InvalidModel(ModelFault.SHAPE, f"{node.op_type} with a nameless input, expected none")
    if node.op_type == "Attention":
        heads_of(node, types)
    if node.op_type == "PRelu":
        _check_slope(*(shape_of(types[name]) or () for name in node.input))
    if node.op_type in RECURRENT:
        for name in node.input[:3]:
            shape = shape_of(types[name]) if name else None
            if shape is None or len(shape) != 3:
                raise InvalidModel(
                    ModelFault.SHAPE,
                    f"{name!r} of {node.op_type} has shape {shape}, expected three dimensions",
                )


def _check_axes(node: NodeProto, version: int) -> None:
    """Refuse negative axes in opsets without them: shape inference would ignore them, the runtime
    would not."""
    axes = attribute_of(node, "axes")
    if node.op_type == "Unsqueeze" and version < 11 and axes and min(axes.ints, default=0) < 0:
        raise InvalidModel(
            ModelFault.SHAPE,
            f"axes {list(axes.ints)} of Unsqueeze in opset {version}, expected none negative",
        )


def _check_slope(shape: Shape, slope: Shape) -> None:
    """Refuse a slope that does not broadcast to the input's shape: the runtime broadcasts both."""
    sizes = zip(reversed(slope), reversed(shape), strict=False)
    if len(slope) > len(shape) or any(size not in (1, wanted) for size, wanted in sizes):
        raise InvalidModel(
            ModelFault.SHAPE, f"slope of PRelu of shape {slope}, expected to fit {shape}"
        )
