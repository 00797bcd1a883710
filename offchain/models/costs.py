"""Upper bounds of the work of one node, and of the memory it needs beside its values."""

from math import prod
from typing import Final

from onnx import NodeProto

from offchain.models.attributes import attribute_of
from offchain.models.operators import domain_of
from offchain.models.shapes import RECURRENT
from offchain.models.tensors import Types, elements, shape_of, tensor_bytes

_WEIGHT_INPUT: Final = {"Conv": 1, "ConvInteger": 1, "ConvTranspose": 1, "QLinearConv": 3}
_PRODUCTS: Final = ("MatMul", "MatMulInteger", "QLinearMatMul")

SORT_FACTOR: Final = 64
"""Charged for each element that is sorted."""


def operations(node: NodeProto, types: Types) -> int:
    """Returns an upper bound of a node's multiplications (or comparisons).

    Args:
        types: the types of its inputs and outputs, all with known shapes.
    """
    inputs = [_elements(types, name) for name in node.input]
    outputs = [_elements(types, name) for name in node.output]
    moved = sum(inputs) + sum(outputs)
    kind = node.op_type
    if domain_of(node) == "ai.onnx.ml":
        return moved + _rows(node, types) * sum(_attribute_elements(node))
    if kind in _PRODUCTS:
        return moved + max(outputs) * _shape(types, node.input[0])[-1]
    if kind == "Gemm":
        return moved + max(outputs) * max(_shape(types, node.input[0]))
    if kind == "ConvTranspose":
        return moved + inputs[0] * _window(node, types)
    if kind in _WEIGHT_INPUT:
        return moved + max(outputs) * _window(node, types)
    if kind in ("AveragePool", "MaxPool"):
        kernel = attribute_of(node, "kernel_shape")
        return moved + max(outputs) * prod(kernel.ints if kernel else ())
    if kind in RECURRENT:
        sequence, batch = _shape(types, node.input[0])[:2]
        return moved + sequence * batch * (inputs[1] + inputs[2])
    if kind == "LRN":
        size = attribute_of(node, "size")
        return moved + max(outputs) * (size.i if size else 1)
    if kind in ("TopK", "Resize"):
        return moved * SORT_FACTOR
    return moved


def scratch_bytes(node: NodeProto, types: Types) -> int:
    """Returns an upper bound of a node's memory beside its inputs and outputs, in bytes.

    Most operators copy at most what goes in and out. Convolutions lay every window of one image
    out as a column; recurrent layers keep their gates for all steps.

    Args:
        types: the types of its inputs and outputs, all with known shapes.
    """
    names = [*node.input, *node.output]
    copied = sum(tensor_bytes(types[name]) for name in names if name)
    if node.op_type in _WEIGHT_INPUT:
        image = node.input[0] if node.op_type == "ConvTranspose" else node.output[0]
        return copied + 4 * _window(node, types) * prod(_shape(types, image)[2:])
    if node.op_type in RECURRENT:
        sequence, batch = _shape(types, node.input[0])[:2]
        directions, gates = _shape(types, node.input[1])[:2]
        return copied + 16 * sequence * batch * directions * gates
    return copied


def _shape(types: Types, name: str) -> tuple[int, ...]:
    return shape_of(types[name]) or (1,)


def _elements(types: Types, name: str) -> int:
    return elements(shape_of(types[name]) or ()) if name else 0


def _rows(node: NodeProto, types: Types) -> int:
    shape = _shape(types, node.input[0])
    return prod(shape[:-1])


def _attribute_elements(node: NodeProto) -> list[int]:
    return [len(a.floats) + len(a.ints) + len(a.strings) for a in node.attribute]


def _window(node: NodeProto, types: Types) -> int:
    """Returns the size of one window: the weights' elements for one channel of their first axis."""
    return prod(_shape(types, node.input[_WEIGHT_INPUT[node.op_type]])[1:])
