"""Costs of nodes, exactly: what a model is charged decides if it is accepted, and how long it runs.

Expected numbers are written out from the sizes. The factors were measured; where one has changed,
`scripts.models.speeds` has to be run again.
"""

from collections.abc import Mapping

import numpy as np
import pytest
from onnx import NodeProto, helper

from offchain.enclave.models.costs import operations, scratch_bytes
from offchain.enclave.models.tensors import Types, tensor_type
from tests.offchain.enclave.models.onnx_files import node

ML = "ai.onnx.ml"
NODE, ELEMENT, CALL = 2**15, 64, 1024
Shapes = Mapping[str, tuple[int, ...]]


def types_of(shapes: Shapes, dtype: object = np.float32) -> Types:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return {name: tensor_type(kind, shape) for name, shape in shapes.items()}


FUNCTIONS = (
    dict.fromkeys(["Acosh", "Asinh", "Atanh", "Cosh", "MeanVarianceNormalization", "Mish"], 256)
    | dict.fromkeys(["Pow", "ReduceLogSumExp", "Sinh", "Softplus", "Tan"], 256)
    | {"Cos": 1024, "GroupNormalization": 1024, "Mod": 4096, "Sin": 1024, "Neg": 64, "Where": 64}
)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_operations__function_of_elements__is_charged_for_each(kind):
    types = types_of({"x": (3, 5), "y": (5,), "z": (3, 2)})
    work = operations(node(kind, ["x", "", "y"], ["z", ""]), types)
    assert work == NODE + FUNCTIONS[kind] * (15 + 5 + 6)


PRODUCT = {"a": (7, 3, 5), "b": (5, 2), "z": (7, 3, 2)}
TURNED = {"a": (9, 5, 3), "b": (5, 2), "z": (9, 3, 2)}
IMAGES = {"x": (2, 4, 10), "w": (6, 2, 3), "z": (2, 6, 8)}
BACK = {"x": (2, 4, 10), "w": (4, 3, 3), "z": (2, 3, 12)}
BYTES = dict.fromkeys(["s", "o"], ()) | IMAGES
HEADS = {"q": (2, 4, 5, 6), "k": (2, 2, 7, 6), "v": (2, 2, 7, 3), "z": (2, 4, 5, 3)}
SIZES = {"x": (1, 2, 4, 6), "n": (4,), "z": (1, 2, 8, 9)}
STEPS = {"x": (5, 3, 6), "w": (2, 4, 6), "r": (2, 4, 8), "h": (2, 3, 8)}
ROWS = {"x": (3, 2, 5), "y": (6, 1)}
WINDOW, LINE = {"x": (2, 2, 8), "z": (2, 2, 6)}, {"x": (2, 4, 3, 5), "z": (2, 4, 3, 5)}
VECTORS = {"coefficients": [1.0] * 4, "support_vectors": [1.0] * 20, "rho": [0.0]}
PAIRS = {"prob_a": [1.0] * 3, "prob_b": [1.0] * 3}
QUANTISED = ["x", "s", "o", "w", "s", "o", "s", "o"]

# Kind, its node, the shapes, the work beyond that for elements, the memory beyond one copy of them.
CASES: dict[str, tuple[NodeProto, Shapes, int, int]] = {
    "stack of products": (node("MatMul", ["a", "b"], ["z"]), PRODUCT, 42 * 5 + 7 * CALL, 7 * 256),
    "product of transposed": (
        node("FusedMatMul", ["a", "b"], ["z"], transA=1),
        TURNED,
        54 * 5 + 9 * CALL,
        9 * 256,
    ),
    "layer": (
        node("Gemm", ["a", "b"], ["z"]),
        {"a": (4, 6), "b": (6, 2), "z": (4, 2)},
        8 * 6,
        0,
    ),
    "transposed layer": (
        node("Gemm", ["a", "b"], ["z"], transA=1),
        {"a": (6, 4), "b": (6, 2), "z": (4, 2)},
        8 * 6,
        0,
    ),
    "convolution": (
        node("Conv", ["x", "w"], ["z"], group=2),
        IMAGES,
        96 * 6 + 2 * 2 * (CALL + 16 * 8 * 6),
        4 * 6 * 8,
    ),
    "transposed convolution": (
        node("ConvTranspose", ["x", "w"], ["z"]),
        BACK,
        80 * 9 + 2 * (CALL + 16 * 10 * 9),
        4 * 9 * 10,
    ),
    "quantised convolution": (
        node("QLinearConv", QUANTISED, ["z"]),
        BYTES,
        96 * 6 + 2 * (CALL + 16 * 8 * 6),
        4 * 96 + 4 * 6 * 8,
    ),
    "attention": (
        node("Attention", ["q", "k", "v"], ["z"]),
        HEADS,
        256 * 280 + 64 * 504 + 2 * 8 * CALL + 280 * 9,
        4 * (4 * 280 + 2 * 504),
    ),
    "average": (node("AveragePool", ["x"], ["z"], kernel_shape=[3]), WINDOW, 16 * 24 * 3, 0),
    "neighbours": (node("LRN", ["x"], ["z"], size=7), LINE, 16 * 120 * 7, 8 * 7 * 15),
    "recurrence": (
        node("RNN", ["x", "w", "r"], ["", "h"]),
        STEPS,
        5 * (3 * (48 + 64 + 64 * 2 * 4) + 2 * CALL),
        16 * 5 * 3 * 2 * 4,
    ),
    "regression": (
        node("LinearRegressor", ["x"], ["y"], domain=ML, coefficients=[1.0] * 5, targets=1),
        ROWS,
        6 * 5,
        0,
    ),
    "support vectors": (
        node("SVMRegressor", ["x"], ["y"], domain=ML, **VECTORS),
        ROWS,
        6 * 16 * 25,
        4 * 6 * 4,
    ),
    "probabilities of few classes": (
        node("SVMClassifier", ["x"], ["y"], domain=ML, classlabels_ints=[0, 1, 2], **PAIRS),
        ROWS,
        6 * (16 * 9 + 2 * 100 * 3),
        0,
    ),
    "probabilities of many classes": (
        node("SVMClassifier", ["x"], ["y"], domain=ML, classlabels_ints=range(101), **PAIRS),
        ROWS,
        6 * (16 * 107 + 2 * 101 * 3),
        0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_costs__kind_of_node__are_those_of_its_sizes(name):
    made, shapes, work, memory = CASES[name]
    types = types_of(shapes)
    moved = sum(int(np.prod(shapes[each])) for each in [*made.input, *made.output] if each)
    assert operations(made, types) == NODE + ELEMENT * moved + work
    assert scratch_bytes(made, types) == 4 * moved + memory


@pytest.mark.parametrize(("dtype", "factor"), [("int32", 16), ("uint64", 16), ("int8", 1)])
def test_operations__product_of_integers__is_slow_unless_of_bytes(dtype, factor):
    made = node("MatMulInteger", ["a", "b"], ["z"])
    expected = NODE + ELEMENT * (105 + 10 + 42) + factor * 42 * 5 + 7 * CALL
    assert operations(made, types_of(PRODUCT, dtype)) == expected


@pytest.mark.parametrize(("dtype", "item", "width"), [("float16", 4, 2), ("float64", 8, 8)])
def test_scratch_bytes__attention__has_scores_of_single_precision_at_least(dtype, item, width):
    made = node("Attention", ["q", "k", "v"], ["z"])
    moved = 240 + 168 + 84 + 120
    expected = width * moved + item * (4 * 280 + 2 * 504)
    assert scratch_bytes(made, types_of(HEADS, dtype)) == expected


def test_costs__sorting__is_of_its_elements():
    made = node("TopK", ["x", "k"], ["z", "i"])
    types = types_of({"x": (3, 5), "k": (1,), "z": (3, 2), "i": (3, 2)})
    assert operations(made, types) == NODE + 512 * (15 + 1 + 6 + 6)
    assert scratch_bytes(made, types) == 4 * (15 + 1 + 6 + 6)


@pytest.mark.parametrize(("mode", "factor"), [("linear", 512), ("cubic", 4096)])
def test_costs__resizing__is_of_elements_and_positions(mode, factor):
    made, types = node("Resize", ["x", "", "", "n"], ["z"], mode=mode), types_of(SIZES)
    moved, before, after = 48 + 4 + 144, 1 + 2 + 4 + 6, 1 + 2 + 8 + 9
    assert operations(made, types) == NODE + factor * (moved + 4 * after)
    assert scratch_bytes(made, types) == 4 * moved + 512 * (before + after)


def test_scratch_bytes__normalisation_of_groups__is_that_of_a_dozen_ops():
    made = node("GroupNormalization", ["x", "s", "s"], ["z"])
    types = types_of({"x": (2, 4, 3), "s": (4,), "z": (2, 4, 3)})
    assert scratch_bytes(made, types) == 16 * 4 * (24 + 4 + 4 + 24)


def test_costs__number_without_dimensions__is_one_element():
    types = types_of({"x": (), "z": ()})
    assert operations(node("Neg", ["x"], ["z"]), types) == NODE + ELEMENT * 2
    assert scratch_bytes(node("Neg", ["x"], ["z"]), types) == 8
