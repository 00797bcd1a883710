"""Upper bounds of the work of one node, and of the memory that it needs beside its values."""

from math import prod
from typing import Final

from onnx import NodeProto, TensorProto

from offchain.enclave.models.attention import heads_of
from offchain.enclave.models.attributes import attribute_of
from offchain.enclave.models.ops import domain_of
from offchain.enclave.models.shapes import RECURRENT
from offchain.enclave.models.tensors import ITEM_BYTES, Types, elements, shape_of, tensor_bytes

_WEIGHT_INPUT: Final = {
    **dict.fromkeys(("Conv", "ConvInteger", "ConvTranspose", "FusedConv"), 1),
    "QLinearConv": 3,
}
_PRODUCTS: Final = ("FusedMatMul", "MatMul", "MatMulInteger", "QLinearMatMul")
_INTEGERS: Final = (TensorProto.INT32, TensorProto.INT64, TensorProto.UINT32, TensorProto.UINT64)
"""Element types whose matrix products have no fast kernel, unlike those of bytes."""

ELEMENT_WORK: Final = 64
"""Work per element of inputs and outputs: it is fetched, and its function may be slow."""

FUNCTION_WORK: Final = dict.fromkeys(
    """
    Acosh Asinh Atanh Cosh MeanVarianceNormalization Mish Pow ReduceLogSumExp Sinh Softplus Tan
    """.split(),  # noqa: SIM905 - read as a list of words
    256,
) | {"Cos": 1024, "GroupNormalization": 1024, "Mod": 4096, "Sin": 1024}
"""Work per element of functions that are slower on some values (`scripts.models.speeds`)."""

NODE_WORK: Final = 2**15
"""Work to call a node once, whatever its size."""

EINSUM_WORK: Final = 64
"""Work per element of the product of all letters, for each input: it may be transposed."""

SLOW_WORK: Final = 512
"""Work per element for ops that sort or interpolate."""

CUBIC_WORK: Final = 4096
"""Work per element for cubic interpolation, which looks its weights up."""

CALL_WORK: Final = 1024
"""Work per matrix product: a stack of tiny ones takes longer than its multiplications."""

TAP_WORK: Final = 16
"""Work per element that is read one by one, in a window or a support vector."""

SCORE_WORK: Final = 256
"""Work per score of an attention: it is scaled, masked, capped, and part of a softmax."""

SCORE_COPIES: Final = 4
"""Tables of an attention's scores at a time, where the runtime runs it as many ops."""

PRODUCT_BYTES: Final = 256
"""Memory for the description of one matrix product in a stack."""

POSITION_BYTES: Final = 512
"""Memory for the weights of one position along a resized axis."""


def operations(node: NodeProto, types: Types) -> int:
    """Return an upper bound of a node's work, in multiplications of a large matrix product.

    The factors were measured on one core of an EPYC by `scripts.models.speeds`. With them an
    operation of any model takes at most `OPERATION_SECONDS`.

    Args:
        types: the types of its inputs and outputs, all with known shapes.
    """
    inputs = [_elements(types, name) for name in node.input]
    outputs = [_elements(types, name) for name in node.output]
    moved = sum(inputs) + sum(outputs)
    if node.op_type == "TopK":
        return NODE_WORK + SLOW_WORK * moved
    if node.op_type == "Resize":
        mode = attribute_of(node, "mode")
        positions = sum(_shape(types, node.output[0]))
        work = CUBIC_WORK if mode and mode.s == b"cubic" else SLOW_WORK
        return NODE_WORK + work * (moved + 4 * positions)
    work = FUNCTION_WORK.get(node.op_type, ELEMENT_WORK) * moved
    return NODE_WORK + work + _inner_work(node, types, inputs, max(outputs, default=0))


def _inner_work(node: NodeProto, types: Types, inputs: list[int], output: int) -> int:
    """Return the work beyond that for the elements of inputs and outputs."""
    kind = node.op_type
    if domain_of(node) == "ai.onnx.ml":
        return _rows(node, types) * _classical_work(node)
    if kind in _PRODUCTS:
        matrices = prod(_shape(types, node.output[0])[:-2])
        naive = types[node.input[0]].tensor_type.elem_type in _INTEGERS
        depth = max(_shape(types, node.input[0])[-2 if kind == "FusedMatMul" else -1 :])
        return output * depth * (TAP_WORK if naive else 1) + CALL_WORK * matrices
    if kind in ("FusedGemm", "Gemm", "QGemm"):
        return output * max(_shape(types, node.input[0]))
    if kind in _WEIGHT_INPUT:
        image, spatial, window = _convolved(node, types)
        group = attribute_of(node, "group")
        calls = _shape(types, node.input[0])[0] * (group.i if group else 1)
        return image * window + calls * (CALL_WORK + TAP_WORK * spatial * window)
    if kind == "Attention":
        heads = heads_of(node, types)
        work = SCORE_WORK * heads.scores + ELEMENT_WORK * heads.keys + 2 * CALL_WORK * heads.count
        return work + heads.scores * heads.depth
    if kind in ("AveragePool", "MaxPool", "QLinearAveragePool"):
        kernel = attribute_of(node, "kernel_shape")
        return TAP_WORK * output * prod(kernel.ints if kernel else ())
    if kind in RECURRENT:
        sequence, batch = _shape(types, node.input[0])[:2]
        directions, gates = _shape(types, node.input[1])[:2]
        weights = inputs[1] + inputs[2] + ELEMENT_WORK * directions * gates
        return sequence * (batch * weights + CALL_WORK * directions)
    if kind == "LRN":
        size = attribute_of(node, "size")
        return TAP_WORK * output * (size.i if size else 1)
    return 0


def scratch_bytes(node: NodeProto, types: Types) -> int:
    """Return an upper bound of a node's memory beside its inputs and outputs, in bytes.

    Most ops copy at most their inputs and outputs. Convolutions store every window of one image as
    a column (im2col), recurrent layers their gates for all steps, stacks of matrix products a
    description of each, resizing the weights of every position along an axis, and support vector
    machines the product of every row with every vector.

    Args:
        types: the types of its inputs and outputs, all with known shapes.
    """
    kind = node.op_type
    names = [*node.input, *node.output]
    copied = sum(tensor_bytes(types[name]) for name in names if name)
    if kind == "GroupNormalization":  # the runtime runs it as a dozen ops
        return 16 * copied
    if kind.startswith("Q"):  # sums in int32
        copied += 4 * _elements(types, node.output[0])
    if kind in _WEIGHT_INPUT:
        _, spatial, window = _convolved(node, types)
        return copied + 4 * window * spatial
    if kind == "Attention":
        heads = heads_of(node, types)
        item = max(4, ITEM_BYTES[types[node.input[0]].tensor_type.elem_type])
        return copied + item * (SCORE_COPIES * heads.scores + 2 * heads.keys)
    if kind in RECURRENT:
        sequence, batch = _shape(types, node.input[0])[:2]
        directions, gates = _shape(types, node.input[1])[:2]
        return copied + 16 * sequence * batch * directions * gates
    if kind in _PRODUCTS:
        return copied + PRODUCT_BYTES * prod(_shape(types, node.output[0])[:-2])
    if kind == "Resize":
        sizes = _shape(types, node.input[0]) + _shape(types, node.output[0])
        return copied + POSITION_BYTES * sum(sizes)
    if kind == "LRN":
        size = attribute_of(node, "size")
        return copied + 8 * (size.i if size else 1) * prod(_shape(types, node.input[0])[2:])
    if kind.startswith("SVM"):
        coefficients = attribute_of(node, "coefficients")
        return copied + 4 * _rows(node, types) * len(coefficients.floats if coefficients else ())
    return copied


def _shape(types: Types, name: str) -> tuple[int, ...]:
    return shape_of(types[name]) or (1,)


def _elements(types: Types, name: str) -> int:
    return elements(shape_of(types[name]) or ()) if name else 0


def _rows(node: NodeProto, types: Types) -> int:
    shape = _shape(types, node.input[0])
    return prod(shape[:-1])


def _classical_work(node: NodeProto) -> int:
    """Return the work for one row, in which every number among the attributes is read."""
    numbers = {a.name: len(a.floats) + len(a.ints) + len(a.strings) for a in node.attribute}
    if not node.op_type.startswith("SVM"):
        return sum(numbers.values())
    # The runtime couples the probabilities of pairs of classes in max(100, classes) iterations.
    turns = max(100, numbers.get("classlabels_ints", 0))
    return TAP_WORK * sum(numbers.values()) + 2 * turns * numbers.get("prob_a", 0)


def _convolved(node: NodeProto, types: Types) -> tuple[int, int, int]:
    """Return element counts: the image over which the window slides, one channel of it, the window.

    The window has the weights for one position of their first axis.
    """
    name = node.input[0] if node.op_type == "ConvTranspose" else node.output[0]
    window = prod(_shape(types, node.input[_WEIGHT_INPUT[node.op_type]])[1:])
    return _elements(types, name), prod(_shape(types, name)[2:]), window
