"""Type and shape of what one node makes, and its value where it is a small constant.

Most rules are ONNX's own (``onnx.shape_inference``), which lack some operators of ``ai.onnx.ml``.
"""

from collections.abc import Mapping
from math import prod
from typing import Final

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto, TypeProto, helper, numpy_helper
from onnx.shape_inference import InferenceError, infer_node_outputs

from offchain.models.operators import domain_of
from offchain.models.refusals import Reason, Refusal
from offchain.models.runtime import open_session, run_session

Shape = tuple[int, ...]
Types = Mapping[str, TypeProto]

ITEM_BYTES: Final[dict[int, int]] = {
    TensorProto.BOOL: 1,
    TensorProto.INT8: 1,
    TensorProto.UINT8: 1,
    TensorProto.INT16: 2,
    TensorProto.UINT16: 2,
    TensorProto.FLOAT16: 2,
    TensorProto.BFLOAT16: 2,
    TensorProto.INT32: 4,
    TensorProto.UINT32: 4,
    TensorProto.FLOAT: 4,
    TensorProto.INT64: 8,
    TensorProto.UINT64: 8,
    TensorProto.DOUBLE: 8,
}
"""The allowed element types and their sizes."""

KNOWN_ELEMENTS: Final = 256
"""Constants up to this size are followed through shape arithmetic."""

MAX_RANK: Final = 16

_SAME_SHAPE: Final = ("Imputer", "Normalizer", "Scaler")
_REGRESSORS: Final = {
    "LinearRegressor": "targets",
    "SVMRegressor": "n_targets",
    "TreeEnsembleRegressor": "n_targets",
}


def shape_of(value: TypeProto) -> Shape | None:
    """Return the shape of a tensor type, ``None`` unless every dimension is a number.

    :raises Refusal: ``OPERATOR`` for what is not a tensor of numbers, ``SHAPE`` for more than
        ``MAX_RANK`` dimensions.
    """
    tensor = value.tensor_type
    if not value.HasField("tensor_type") or tensor.elem_type not in ITEM_BYTES:
        kind = value.WhichOneof("value")
        raise Refusal(
            Reason.OPERATOR,
            f"a value of {kind}, element type {tensor.elem_type}, expected a tensor of numbers",
        )
    if not tensor.HasField("shape"):
        return None
    dims = tensor.shape.dim
    if len(dims) > MAX_RANK:
        raise Refusal(Reason.SHAPE, f"{len(dims)} dimensions, expected {MAX_RANK} at most")
    if not all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in dims):
        return None
    return tuple(dim.dim_value for dim in dims)


def tensor_bytes(value: TypeProto) -> int:
    """Return the size of a tensor of known type, 0 when its shape is not known."""
    shape = shape_of(value)
    return 0 if shape is None else prod(shape) * ITEM_BYTES[value.tensor_type.elem_type]


def infer(
    node: NodeProto, types: Types, known: Mapping[str, TensorProto], versions: Mapping[str, int]
) -> dict[str, TypeProto]:
    """Return the types of a node's outputs, as far as they follow from its inputs.

    :param types: the types of its inputs.
    :param known: the values of those inputs that are small constants.
    :param versions: opset version of each domain.
    :raises Refusal: ``SHAPE`` when types or shapes do not fit the operator.
    """
    domain = domain_of(node)
    if domain == "ai.onnx.ml":
        outputs = _infer_classical(node, types)
        if outputs:
            return outputs
    schema = onnx.defs.get_schema(node.op_type, versions[domain], domain)
    imports = [helper.make_opsetid(name, version) for name, version in versions.items()]
    try:
        return infer_node_outputs(schema, node, dict(types), dict(known), opset_imports=imports)
    except (InferenceError, onnx.checker.ValidationError) as error:
        raise Refusal(Reason.SHAPE, f"{node.op_type} {node.name!r}: {error}") from error


def _infer_classical(node: NodeProto, types: Types) -> dict[str, TypeProto]:
    """Apply the rules that ONNX lacks; rows are samples, columns are features."""
    shape = shape_of(types[node.input[0]]) if node.input[0] in types else None
    if not shape:
        return {}
    rows = shape[0] if len(shape) > 1 else 1
    if node.op_type == "ArrayFeatureExtractor":
        chosen = shape_of(types[node.input[1]]) if node.input[1] in types else None
        if chosen is None:
            return {}
        made = (*(shape[:-1] or (1,)), prod(chosen))
        kind = types[node.input[0]].tensor_type.elem_type
        return {node.output[0]: helper.make_tensor_type_proto(kind, made)}
    if node.op_type in _SAME_SHAPE:
        return {node.output[0]: helper.make_tensor_type_proto(TensorProto.FLOAT, shape)}
    if node.op_type in _REGRESSORS:
        targets = _integer(node, _REGRESSORS[node.op_type])
        return {node.output[0]: helper.make_tensor_type_proto(TensorProto.FLOAT, (rows, targets))}
    if node.op_type == "TreeEnsembleClassifier":
        integers = attribute_of(node, "classlabels_int64s")
        strings = attribute_of(node, "classlabels_strings")
        kind = TensorProto.INT64 if strings is None else TensorProto.STRING
        classes = len(integers.ints) if integers else len(strings.strings) if strings else 0
        made = (
            helper.make_tensor_type_proto(kind, (rows,)),
            helper.make_tensor_type_proto(TensorProto.FLOAT, (rows, classes)),
        )
        return {name: value for name, value in zip(node.output, made, strict=False) if name}
    return {}


def fold(
    node: NodeProto, types: Types, known: Mapping[str, TensorProto], versions: Mapping[str, int]
) -> dict[str, TensorProto]:
    """Return the values of a node's outputs where they are small constants, else nothing.

    :param types: the types of its inputs and outputs.
    :param known: the values of those inputs that are small constants.
    """
    outputs = [name for name in node.output if name]
    shapes = [shape_of(types[name]) if name in types else None for name in outputs]
    if not all(shape is not None and prod(shape) <= KNOWN_ELEMENTS for shape in shapes):
        return {}
    if node.op_type in ("Shape", "Size"):
        return _fold_shape(node, shape_of(types[node.input[0]]))
    constant = attribute_of(node, "value")
    if node.op_type == "Constant" and constant is not None:
        return {outputs[0]: constant.t}
    if all(name in known for name in node.input if name):
        return _evaluate(node, outputs, types, known, versions)
    return {}


def _fold_shape(node: NodeProto, shape: Shape | None) -> dict[str, TensorProto]:
    if shape is None:
        return {}
    if node.op_type == "Size":
        value = np.array(prod(shape), dtype=np.int64)
    else:
        end = attribute_of(node, "end")
        bounds = slice(_integer(node, "start", 0), end.i if end else None)
        value = np.array(shape[bounds], dtype=np.int64)
    return {node.output[0]: numpy_helper.from_array(value)}


def _evaluate(
    node: NodeProto,
    outputs: list[str],
    types: Types,
    known: Mapping[str, TensorProto],
    versions: Mapping[str, int],
) -> dict[str, TensorProto]:
    """Compute a node by the runtime itself; a node that it refuses has no known value."""
    inputs = dict.fromkeys(name for name in node.input if name)
    graph = helper.make_graph(
        [node],
        "constant",
        [helper.make_value_info(name, types[name]) for name in inputs],
        [helper.make_value_info(name, types[name]) for name in outputs],
    )
    imports = [helper.make_opsetid(name, version) for name, version in versions.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    feeds = {name: numpy_helper.to_array(known[name]) for name in inputs}
    try:
        session = open_session(model.SerializeToString(), optimised=False)
        values = run_session(session, outputs, feeds)
    except Refusal:
        return {}
    return {name: numpy_helper.from_array(v) for name, v in zip(outputs, values, strict=True)}


def attribute_of(node: NodeProto, name: str) -> AttributeProto | None:
    """Return a node's attribute of that name, if it has one."""
    return next((attribute for attribute in node.attribute if attribute.name == name), None)


def _integer(node: NodeProto, name: str, default: int = 1) -> int:
    attribute = attribute_of(node, name)
    return default if attribute is None else attribute.i
