"""Shapes: inferred before a run; nodes on which ONNX and its runtime disagree are refused."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from offchain.enclave.models.classical import MAX_DEPTH, infer_classical
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.shapes import infer
from offchain.enclave.models.static import check_model
from offchain.enclave.models.tensors import shape_of, tensor_type
from offchain.protocol.errors import ModelFault
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.checks import refused
from tests.offchain.enclave.models.onnx_files import (
    FEATURES,
    LAST,
    LIMITS,
    VALUES,
    constant,
    file,
    mean,
    node,
)

# ── Classical models ──


@pytest.mark.parametrize("shape", [(3, FEATURES), (FEATURES,)])
def test_infer_classical__regressor_of_several_targets__is_a_table(shape):
    made = node("LinearRegressor", ["x"], ["z"], domain="ai.onnx.ml", targets=2)
    types = infer_classical(made, {"x": tensor_type(TensorProto.FLOAT, shape)})
    assert shape_of(types["z"]) == ((3, 2) if len(shape) == 2 else (1, 2))


@pytest.mark.parametrize(
    ("shape", "result"), [((FEATURES,), (1, 3)), ((5, FEATURES), (5, 3)), ((2, 5, 4), (2, 5, 3))]
)
def test_infer_classical__chosen_features__are_the_runtimes(shape, result):
    made = node("ArrayFeatureExtractor", ["x", "chosen"], ["y"], domain="ai.onnx.ml")
    types = {
        "x": tensor_type(TensorProto.FLOAT, shape),
        "chosen": tensor_type(TensorProto.INT64, (3,)),
    }
    assert shape_of(infer_classical(made, types)["y"]) == result
    model = file([made], [constant("chosen", [0, 1, 2])], input_shape=shape)
    session = open_session(model, optimised=False)
    (ran,) = run_session(session, ["y"], {"x": np.zeros(shape, np.float32)})
    assert ran.shape == result


@pytest.mark.parametrize(("version", "kind"), [(9, "FLOAT"), (10, "BOOL"), (13, "BOOL")])
def test_infer__mask_of_dropout__is_of_the_type_of_its_opset(version, kind):
    types = {"x": tensor_type(TensorProto.FLOAT, (3, 2))}
    made = infer(node("Dropout", ["x"], ["y", "mask"]), types, {}, {"": version})
    assert made["mask"].tensor_type.elem_type == TensorProto.DataType.Value(kind)
    assert shape_of(made["mask"]) == shape_of(made["y"]) == (3, 2)


# ── Shape arithmetic ──


def test_check_model__shape_made_of_shapes__is_followed():
    """``x.view(x.size(0), -1)`` as PyTorch exports it."""
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "first"], ["size"]),
        node("Unsqueeze", ["size", "first_axis"], ["sizes"]),
        node("Concat", ["sizes", "rest"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["z"]),
        *mean(of="z"),
    ]
    constants = [constant("first", 0), constant("first_axis", [0]), constant("rest", [-1]), LAST]
    check_model(file(nodes, constants), VALUES, LIMITS, 100)


def test_check_model__shape_made_of_a_size__is_followed():
    nodes = [
        node("Size", ["x"], ["size"]),
        node("Unsqueeze", ["size", "first_axis"], ["sizes"]),
        node("Reshape", ["x", "sizes"], ["line"]),
        node("Add", ["line", "ones"], ["sum"]),
        node("Reshape", ["sum", "table"], ["z"]),
        *mean(of="z"),
    ]
    ones = constant("ones", np.ones(100 * FEATURES), np.float32)
    constants = [constant("first_axis", [0]), constant("table", [-1, FEATURES]), ones, LAST]
    check_model(file(nodes, constants), VALUES, LIMITS, 100)


@pytest.mark.parametrize("made", [True, False])
def test_check_model__shape_made_of_many_numbers__is_not_followed(made):
    """Constants of up to 256 elements are folded, computed ones and those of the file."""
    for count in (256, 257):
        many = [constant("many", [count]) if made else constant("ones", np.ones(count, np.int64))]
        one = helper.make_tensor("", TensorProto.INT64, [1], [1])
        nodes = [node("ConstantOfShape", ["many"], ["ones"], value=one)] if made else []
        nodes += [
            node("Gather", ["ones", "zero"], ["single"]),
            node("Tile", ["x", "repeats"], ["z"]),
            *mean(of="z"),
        ]
        nodes.insert(-3, node("Concat", ["single", "single"], ["repeats"], axis=0))
        model = file(nodes, [*many, constant("zero", [0]), LAST])
        if count == 256:
            check_model(model, VALUES, LIMITS, 100)
        else:
            assert refused(model) is ModelFault.SHAPE


def test_check_model__shape_from_values__is_refused():
    nodes = [
        node("ReduceSum", ["x"], ["sum"], keepdims=0),
        node("Cast", ["sum"], ["count"], to=7),
        node("Reshape", ["count", "one"], ["size"]),
        node("ConstantOfShape", ["size"], ["z"]),
        *mean(of="z"),
    ]
    assert refused(file(nodes, [constant("one", [1]), LAST])) is ModelFault.SHAPE


def test_check_model__shape_arithmetic_that_doubles__is_refused():
    assert refused(onnx_files.doubling(60)) in (
        ModelFault.MEMORY,
        ModelFault.SHAPE,
        ModelFault.WORK,
    )


def test_check_model__shape_arithmetic_with_endless_work__is_not_computed():
    """A constant in a pool with a window of two thousand million costs no time."""
    nodes = [
        node("MaxPool", ["image"], ["p"], kernel_shape=[2**31 - 2], pads=[2**30 - 2] * 2),
        node("ReduceMax", ["p"], ["m"], keepdims=0),
        node("Add", ["x", "m"], ["z"]),
        *mean(of="z"),
    ]
    constants = [constant("image", np.zeros((1, 1, 8)), np.float32), LAST]
    assert refused(file(nodes, constants)) is ModelFault.WORK


CRASHING = {
    "Split": node("Split", ["x"], ["z", "z2"], num_outputs=1),
    "huge Split": node("Split", ["x"], ["z"], num_outputs=2**31),
    "GatherND": node("GatherND", ["x", "indices"], ["z"], batch_dims=-15),
    "LayerNormalization": node("LayerNormalization", ["x", "x"], ["z"], axis=2**63 - 1),
    "Resize": node("Resize", ["x", "", "three"], ["z"]),
    "Resize of no axis": node("Resize", ["x", "", "three"], ["z"], axes=[0, 1, 5]),
}
"""Nodes that crash the shape inference of onnx 1.23, found by fuzzing."""


@pytest.mark.parametrize("name", CRASHING)
def test_check_model__node_that_crashes_onnx__is_refused(name):
    constants = [constant("indices", [[0]]), constant("three", [1, 1, 1], np.float32), LAST]
    assert refused(file([CRASHING[name], *mean(of="z")], constants)) is ModelFault.SHAPE


# Nodes on which onnx and onnxruntime 1.32 disagree, found by differential fuzzing.


@pytest.mark.parametrize("value", [-1, 2, 100])
def test_check_model__flag_that_is_neither_0_nor_1__is_refused(value):
    """ONNX reads the flag as true, the runtime as false: it reduces all axes instead of none."""
    nodes = [node("ReduceSum", ["x"], ["z"], noop_with_empty_axes=value), *mean(of="z")]
    assert refused(file(nodes, [LAST])) is ModelFault.SHAPE


def test_check_model__cast_that_writes_nothing__is_refused():
    """The runtime would return uninitialised memory."""
    nodes = [node("Cast", ["x"], ["b"], to=9, saturate=100), node("Cast", ["b"], ["z"], to=1)]
    assert refused(file([*nodes, *mean(of="z")], [LAST], opset=19)) is ModelFault.SHAPE


@pytest.mark.parametrize(
    ("shape", "fits"), [((FEATURES,), True), ((), True), ((2, 1, 1), False), ((2, 1), False)]
)
def test_check_model__slope_larger_than_what_it_is_applied_to__is_refused(shape, fits):
    """The runtime would broadcast both the input and the slope."""
    nodes = [node("PRelu", ["x", "slope"], ["z"]), *mean(of="z")]
    model = file(nodes, [constant("slope", np.ones(shape), np.float32), LAST])
    if fits:
        check_model(model, VALUES, LIMITS, 100)
    else:
        assert refused(model) is ModelFault.SHAPE


def test_check_model__negative_axis_before_there_were_any__is_refused():
    """ONNX ignores the negative axis."""
    nodes = [node("Unsqueeze", ["x"], ["u"], axes=[-1]), node("Flatten", ["u"], ["flat"])]
    nodes.append(node("ReduceMean", ["flat"], ["y"], axes=[1], keepdims=0))
    check_model(file(nodes, opset=11), VALUES, LIMITS, 100)
    assert refused(file(nodes, opset=10)) is ModelFault.SHAPE
    nodes[0] = node("Unsqueeze", ["x"], ["u"], axes=[0])
    nodes[1] = node("Flatten", ["u"], ["flat"], axis=2)
    check_model(file(nodes, opset=10), VALUES, LIMITS, 100)


@pytest.mark.parametrize("outputs", [["z", ""], ["", "z"]])
def test_check_model__split_into_a_nameless_output__is_refused(outputs):
    """It crashes the runtime."""
    halves = node("Split", ["x"], outputs, axis=1, num_outputs=2)
    assert refused(file([halves, *mean(of="z")], [LAST])) is ModelFault.SHAPE
    halves = node("Split", ["x"], [output or "rest" for output in outputs], axis=1, num_outputs=2)
    check_model(file([halves, *mean(of="z")], [LAST]), VALUES, LIMITS, 100)


def test_check_model__normalisation_with_a_nameless_bias__is_refused():
    """It crashes the runtime."""
    ones = constant("ones", np.ones(FEATURES), np.float32)
    for inputs in (["x", "ones"], ["x", "ones", "ones"]):
        nodes = [node("LayerNormalization", inputs, ["z"]), *mean(of="z")]
        check_model(file(nodes, [ones, LAST]), VALUES, LIMITS, 100)
    nameless = node("LayerNormalization", ["x", "ones", ""], ["z"])
    assert refused(file([nameless, *mean(of="z")], [ones, LAST])) is ModelFault.SHAPE


def test_check_model__squeeze_of_nameless_axes__is_refused():
    """ONNX reads nameless axes as none, the runtime as all."""
    for axes, fits in (([], True), ([""], False)):
        nodes = [node("Unsqueeze", ["x", "last"], ["u"]), node("Squeeze", ["u", *axes], ["z"])]
        model = file([*nodes, *mean(of="z")], [LAST])
        if fits:
            check_model(model, VALUES, LIMITS, 100)
        else:
            assert refused(model) is ModelFault.SHAPE


@pytest.mark.parametrize(
    ("sequence", "weights", "fits"),
    [
        ("s", (1, 4, 1), True),
        ("x", (1, 4, 1), False),
        ("s", (4, 1), False),
        ("s", (4,), False),
        ("s", (1, 1, 4, 1), False),
    ],
)
def test_check_model__recurrence__takes_three_dimensions(sequence, weights, fits):
    nodes = [
        node("Transpose", ["x"], ["t"]),
        node("Unsqueeze", ["t", "two"], ["s"]),
        node("LSTM", [sequence, "w", "r", "bias"], ["", "h"], hidden_size=1),
        node("Squeeze", ["h", "zero"], ["z"]),
        *mean(of="z"),
    ]
    constants = [
        constant("w", np.zeros(weights), np.float32),
        constant("r", np.zeros((1, 4, 1)), np.float32),
        constant("bias", np.zeros((1, 8)), np.float32),
        constant("two", [2]),
        constant("zero", [0]),
        LAST,
    ]
    if fits:
        check_model(file(nodes, constants), VALUES, LIMITS, 100)
    else:
        assert refused(file(nodes, constants)) is ModelFault.SHAPE


def test_check_model__node_without_outputs__is_planned():
    nodes = [node("Unsqueeze", ["x", "last"], ["s"]), node("GRU", ["s", "w", "w"], [])]
    nodes[1].attribute.append(helper.make_attribute("hidden_size", 1))
    weights = constant("w", np.zeros((1, 3, 1)), np.float32)
    check_model(file([*nodes, *mean()], [weights, LAST]), VALUES, LIMITS, 100)


def test_check_model__constant_that_python_cannot_hold__is_refused():
    """The runtime does not return bfloat16 to Python."""
    nodes = [node("Cast", ["one"], ["b"], to=16), node("Cast", ["b"], ["c"], to=1)]
    nodes += [node("Add", ["x", "c"], ["z"]), *mean(of="z")]
    assert refused(file(nodes, [constant("one", 1, np.float32), LAST])) is ModelFault.UNSUPPORTED_OP


def test_check_model__decision_tree__is_as_deep_as_the_stack_allows():
    check_model(onnx_files.chain_of_branches(MAX_DEPTH), VALUES, LIMITS, 100)
    right = onnx_files.chain_of_branches(MAX_DEPTH, left=False)
    check_model(right, VALUES, LIMITS, 100)
    assert refused(onnx_files.chain_of_branches(MAX_DEPTH + 1)) is ModelFault.SHAPE
    assert refused(onnx_files.chain_of_branches(MAX_DEPTH + 1, left=False)) is ModelFault.SHAPE


def test_check_model__decision_tree_where_branches_meet__is_no_cycle():
    model = onnx_files.tree([(1, 2), (3, 4), (3, 4), None, None])
    check_model(model, VALUES, LIMITS, 100)


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes_truenodeids": [0, 0, 0]},  # a root as its own child
        {"nodes_falsenodeids": [2, 0]},
        {"nodes_modes": ["BRANCH_LEQ"]},
        {"nodes_treeids": [2**32] * 3},
        {"nodes_nodeids": [-1, 1, 2]},
    ],
)
def test_check_model__decision_tree_that_is_none__is_refused(changes):
    assert refused(onnx_files.tree([(1, 2), None, None], **changes)) is ModelFault.SHAPE


def test_check_model__huge_integer__is_a_constant_but_no_padding():
    nodes = [
        node("Constant", [], ["end"], value_ints=[2**62]),
        node("Slice", ["x", "zero", "end", "one"], ["a"]),
        node("Unsqueeze", ["a", "one"], ["u"]),
    ]
    constants = [constant("zero", [0]), constant("one", [1]), LAST]
    check_model(file([*nodes, *mean(of="u")], constants), VALUES, LIMITS, 100)
    pool = node("MaxPool", ["u"], ["z"], kernel_shape=[2], pads=[2**62, 2**62])
    assert refused(file([*nodes, pool, *mean(of="z")], constants)) is ModelFault.SHAPE


@pytest.mark.parametrize("element_type", [0, 8, 14, 99])
def test_check_model__cast_to_what_is_no_number__is_refused(element_type):
    model = file([node("Cast", ["x"], ["z"], to=element_type), *mean(of="z")], [LAST])
    assert refused(model) is ModelFault.UNSUPPORTED_OP


COMPARED = [node("Cast", ["b"], ["z"], to=1)]
RULES = {
    "GreaterOrEqual": ((12, 13, 15, 16), [node("GreaterOrEqual", ["x", "half"], ["b"]), *COMPARED]),
    "LessOrEqual": ((12, 13, 15, 16), [node("LessOrEqual", ["x", "half"], ["b"]), *COMPARED]),
    "GroupNormalization": (
        (21, 23),
        [
            node("Reshape", ["x", "image"], ["a"]),
            node("GroupNormalization", ["a", "scale", "scale"], ["z"], num_groups=2),
        ],
    ),
    "MeanVarianceNormalization": (
        (9, 13, 18),
        [node("Reshape", ["x", "image"], ["a"]), node("MeanVarianceNormalization", ["a"], ["z"])],
    ),
    "Concat": ((9, 10, 11), [node("Concat", ["x", "x"], ["z"], axis=-1)]),
    "Dropout": ((9, 10, 12, 13, 18), [node("Dropout", ["x"], ["z", "mask"])]),
}
"""Ops for which ONNX lacks a rule in some opset, with the opsets to try."""


@pytest.mark.parametrize(
    ("name", "opset"), [(name, opset) for name, (opsets, _) in RULES.items() for opset in opsets]
)
def test_check_model__op_without_a_rule_in_onnx__has_the_runtimes_shape(name, opset):
    constants = [
        constant("half", 0.5, np.float32),
        constant("image", [-1, 4, 2, 1]),
        constant("scale", np.ones(4), np.float32),
        constant("ones", np.ones((2 * FEATURES if name == "Concat" else FEATURES, 1)), np.float32),
    ]
    nodes = [
        *RULES[name][1],
        node("Flatten", ["z"], ["flat"]),
        node("MatMul", ["flat", "ones"], ["y"]),
    ]
    plan = check_model(file(nodes, constants, opset=opset), VALUES, LIMITS, 4)
    session = open_session(plan.model, optimised=False)
    (made,) = run_session(session, ["y"], {"x": np.ones((4, FEATURES), np.float32)})
    assert made.shape == plan.output_shape


def test_check_model__scale_of_another_size_than_the_channels__is_refused():
    nodes = [*RULES["GroupNormalization"][1], *mean(of="z")]
    scale = constant("scale", np.ones(2), np.float32)
    model = file(nodes, [constant("image", [-1, 4, 2, 1]), scale, LAST], opset=21)
    assert refused(model) is ModelFault.SHAPE
