"""Constant folding: values of small constants, such as shapes, computed through a graph."""

from collections.abc import Mapping
from math import prod
from typing import Final

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from offchain.enclave.models.attributes import attribute_of, integer_of
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.tensors import Shape, Types, elements, shape_of
from offchain.protocol.errors import InvalidModel

KNOWN_ELEMENTS: Final = 256
"""Maximum number of elements of a constant that is folded."""


def fold(
    node: NodeProto, types: Types, known: Mapping[str, TensorProto], versions: Mapping[str, int]
) -> dict[str, TensorProto]:
    """Return the values of a node's outputs if they are small constants, else none.

    Args:
        types: types of its inputs and outputs, all with known shapes.
        known: values of those inputs that are small constants.
        versions: opset version of each domain.
    """
    outputs = [name for name in node.output if name]
    if any(elements(shape_of(types[name]) or ()) > KNOWN_ELEMENTS for name in outputs):
        return {}
    if node.op_type in ("Shape", "Size"):
        return {outputs[0]: _fold_shape(node, shape_of(types[node.input[0]]) or ())}
    if all(name in known for name in node.input if name):
        return _evaluate(node, outputs, types, known, versions)
    return {}


def _fold_shape(node: NodeProto, shape: Shape) -> TensorProto:
    if node.op_type == "Size":
        return numpy_helper.from_array(np.array(prod(shape), np.int64))
    end = attribute_of(node, "end")
    bounds = slice(integer_of(node, "start", 0), end.i if end else None)
    return numpy_helper.from_array(np.array(shape[bounds], np.int64))


def _evaluate(
    node: NodeProto,
    outputs: list[str],
    types: Types,
    known: Mapping[str, TensorProto],
    versions: Mapping[str, int],
) -> dict[str, TensorProto]:
    """Compute a node with the runtime; if the runtime refuses it, return no values."""
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
    except InvalidModel:
        return {}
    return {name: numpy_helper.from_array(v) for name, v in zip(outputs, values, strict=True)}
