"""Loops over rows (Scan), fused ops of quantised models, and Einsum: shapes, memory and work."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from offchain.enclave.models.costs import CALL_WORK, NODE_WORK
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import Plan, check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelSpec
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

ROWS = 100
FLOAT = TensorProto.FLOAT


def refusal(model: bytes, spec: ModelSpec = VALUES, **limits: int) -> InvalidModel:
    with pytest.raises(InvalidModel) as caught:
        check_model(model, spec, replace(LIMITS, **limits), ROWS)
    return caught.value


def values(model: bytes, samples: np.ndarray) -> np.ndarray:
    return run_model(model, samples, VALUES, LIMITS, RunLimits(), 0).plain


# ── Scan ──


def info(name: str, shape: list[Any] | None = None) -> Any:
    return helper.make_tensor_value_info(name, FLOAT, shape)


def loop(
    nodes: list[NodeProto],
    *,
    states: int = 0,
    source: str = "x",
    turns: int | None = None,
    outputs: list[str] | None = None,
    more: Sequence[str] = (),
    weights: Sequence[TensorProto] = (),
    **attributes: Any,
) -> bytes:
    """Return a model with a loop over the rows of the input, or of a constant of some turns.

    The body reads ``row`` and the state ``s``, and makes ``made`` and the next state ``t``.
    """
    inner_inputs = [info("s"), info("row")] if states else [info("row")]
    inner = outputs or (["t", "made"] if states else ["made"])
    body = helper.make_graph(nodes, "body", inner_inputs, [info(name) for name in inner])
    constants = [LAST, constant("zero", np.zeros(FEATURES), np.float32), *weights]
    constants.append(constant("one", 1, np.float32))
    if turns is not None:
        source = "turned"
        constants.append(constant("turned", np.ones((turns, 1)), np.float32))
    names = ["zero", source] if states else [source]
    made = [*(f"o{index}" for index in range(len(inner))), *more]
    attributes = {"num_scan_inputs": 1, "body": body} | attributes
    scan = node("Scan", names, made, **attributes)
    # one number for all samples: the sum of the last output
    join = [node("ReduceSum", [made[-1]], ["sum"], keepdims=0), node("Add", ["x", "sum"], ["z"])]
    return file([scan, *join, *mean(of="z")], constants)


TWICE = [node("Add", ["row", "row"], ["made"])]
SUMMED = [node("Add", ["s", "row"], ["t"]), node("Identity", ["t"], ["made"])]


def plan(model: bytes) -> Plan:
    return check_model(model, VALUES, replace(LIMITS, memory_bytes=2**30), ROWS)


def test_run_model__loop_over_rows__is_the_sum_of_its_turns() -> None:
    samples = np.arange(3 * FEATURES, dtype="f4").reshape(3, FEATURES)
    limits = replace(LIMITS, batch_rows=3)
    twice = run_model(loop(TWICE), samples, VALUES, limits, RunLimits(), 0).plain
    np.testing.assert_allclose(twice, samples.mean(1) + 2 * samples.sum())


@pytest.mark.parametrize("body", [TWICE, SUMMED], ids=["rows", "state"])
def test_check_model__loop__is_charged_for_every_turn(body: list[NodeProto]) -> None:
    states = int(body is SUMMED)
    few, many = (
        plan(loop([*body], states=states, turns=turns)).operations for turns in (100, 1100)
    )
    nodes = len(body) + 1  # the call of the loop itself
    assert many - few >= 1000 * nodes * NODE_WORK


def test_check_model__loop__keeps_the_limits_at_its_bounds_and_not_below() -> None:
    weights = constant("w", np.ones((1, 3000)), np.float32)
    model = loop([node("MatMul", ["row", "w"], ["made"])], turns=200, weights=[weights])
    found = plan(model)
    assert found.memory_bytes > 4 * 200 * 3000
    batch = {"batch_rows": 1}
    exact = check_model(model, VALUES, replace(LIMITS, operations=10**12, **batch), ROWS)
    limits = {"memory_bytes": exact.memory_bytes, "operations": exact.operations} | batch
    assert check_model(model, VALUES, replace(LIMITS, **limits), ROWS).batch_rows == 1
    for name, reason in (("memory_bytes", ModelFault.MEMORY), ("operations", ModelFault.WORK)):
        less = limits | {name: limits[name] - 1}
        assert refusal(model, **less).reason is reason


def test_check_model__loop_with_a_large_value_inside__is_charged_for_it() -> None:
    """The value is alive in one turn only, and the output is a number for each."""
    wide = constant("w", np.ones((1, 2**20)), np.float32)
    body = [
        node("MatMul", ["row", "w"], ["inside"]),
        node("ReduceSum", ["inside"], ["made"], keepdims=0),
    ]
    model = loop(body, turns=3, weights=[wide])
    assert plan(model).memory_bytes > 4 * 2**20 * 4  # twice the weights, the value and its copy
    assert plan(model).operations > 3 * 2**20


def test_check_model__loop_in_a_loop__multiplies_the_turns() -> None:
    inner = helper.make_graph(
        [node("Add", ["number", "row"], ["sum"])], "inner", [info("number")], [info("sum")]
    )
    nested = [node("Scan", ["turned"], ["made"], body=inner, num_scan_inputs=1)]
    few, many = (plan(loop([*nested], turns=turns)).operations for turns in (10, 100))
    assert many - few >= (100**2 - 10**2) * NODE_WORK
    model = loop([*nested], turns=10_000)
    assert refusal(model, memory_bytes=2**31, operations=10**12).reason is ModelFault.WORK


def test_check_model__loop_of_a_million_turns__is_refused_at_once() -> None:
    assert refusal(loop(TWICE, turns=10**6), operations=10**10).reason is ModelFault.WORK


GROWS = [node("Concat", ["s", "s"], ["t"], axis=0), node("Identity", ["row"], ["made"])]
HOSTILE: dict[str, tuple[list[NodeProto], dict[str, Any]]] = {
    "state that doubles": (GROWS, {"states": 1}),
    "shape from values": (
        [
            node("Cast", ["row"], ["size"], to=TensorProto.INT64),
            node("ConstantOfShape", ["size"], ["made"]),
        ],
        {},
    ),
    "no inputs to loop over": (TWICE, {"num_scan_inputs": 0}),
    "more inputs than there are": (TWICE, {"num_scan_inputs": 2}),
    "backwards": (TWICE, {"scan_input_directions": [1]}),
    "another axis": (TWICE, {"scan_input_axes": [1]}),
    "outputs backwards": (TWICE, {"scan_output_directions": [1]}),
    "more outputs than the body has": (TWICE, {"more": ["o9"]}),
    "an output that no node makes": (TWICE, {"outputs": ["nothing"]}),
    "numbers without rows": (TWICE, {"source": "one"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_check_model__loop_that_is_not_over_rows__is_refused(name: str) -> None:
    nodes, options = HOSTILE[name]
    unreadable = name == "an output that no node makes"
    reason = ModelFault.UNREADABLE if unreadable else ModelFault.SHAPE
    assert refusal(loop(nodes, **options)).reason is reason


def test_check_model__forbidden_op_in_a_loop__is_refused() -> None:
    model = loop([node("RandomNormalLike", ["row"], ["made"])])
    fault = refusal(model)
    assert (fault.reason, fault.detail) == (
        ModelFault.UNSUPPORTED_OP,
        "op 'RandomNormalLike' of domain '' is not allowed",
    )


# ── Fused ops of quantised models ──

SCALE, ZERO = constant("scale", 0.1, np.float32), constant("point", 3, np.uint8)
WEIGHTS = constant("w", np.ones((FEATURES, 40)), np.uint8)
OTHER = constant("b", np.ones((7, 1, FEATURES)), np.uint8)
BYTES = [node("QuantizeLinear", ["x", "scale", "point"], ["q"])]
NUMBERS = [node("DequantizeLinear", ["r", "scale", "point"], ["z"])]


def quantised(
    op: str, inputs: str, *tensors: TensorProto, floats: bool = False, **attributes: int
) -> bytes:
    """Return a model with one fused op from ``q`` to ``r``."""
    made = "z" if floats else "r"
    fused = node(op, [*inputs.split(" ")], [made], domain="com.microsoft", **attributes)
    nodes = [*BYTES, fused, *([] if floats else NUMBERS)]
    if OTHER in tensors:  # seven tables
        nodes.append(node("ReduceSum", ["z", "first"], ["table"], keepdims=0))
    nodes += mean(of=nodes[-1].output[0])
    first = constant("first", [0])
    proto = ModelProto.FromString(file(nodes, [SCALE, ZERO, LAST, first, *tensors]))
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto.SerializeToString()


PAIR = "q scale point b scale point scale point"
GEMM = "q scale point w scale point"
ONE = "q scale point scale point"


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        (quantised("QGemm", f"{GEMM}  scale point", WEIGHTS), 40 / FEATURES),
        (quantised("QGemm", f"{GEMM}", WEIGHTS, floats=True), 40 / FEATURES),
        (quantised("QLinearAdd", PAIR, OTHER), 7),
        (quantised("QLinearMul", PAIR, OTHER), 7),
        (quantised("QLinearSigmoid", ONE), 1),
        (quantised("QLinearLeakyRelu", ONE), 1),
    ],
    ids=["QGemm", "QGemm to floats", "QLinearAdd", "QLinearMul", "Sigmoid", "LeakyRelu"],
)
def test_check_model__fused_op__keeps_the_limits_at_its_bounds(model: bytes, factor: float) -> None:
    limits = replace(LIMITS, batch_rows=1)
    found = check_model(model, VALUES, limits, ROWS)
    assert found.operations > ROWS * FEATURES * factor * 64
    exact = replace(limits, memory_bytes=found.memory_bytes, operations=found.operations)
    check_model(model, VALUES, exact, ROWS)
    less = {"memory_bytes": found.memory_bytes - 1, "batch_rows": 1}
    assert refusal(model, **less).reason is ModelFault.MEMORY
    assert refusal(model, operations=found.operations - 1, batch_rows=1).reason is ModelFault.WORK


@pytest.mark.parametrize(
    "model",
    [
        quantised("QGemm", f"{GEMM}  scale point", constant("w", np.ones((9, 4)), np.uint8)),
        quantised("QGemm", f"{GEMM}  scale point", WEIGHTS, transB=1),
        quantised("QGemm", "q scale point", WEIGHTS),
        quantised("QLinearAdd", PAIR, constant("b", np.ones(5), np.uint8)),
        quantised("QLinearSigmoid", "x scale point scale point"),
        quantised("QLinearGlobalAveragePool", ONE),
    ],
    ids=["inner size", "turned", "no weights", "no broadcast", "floats", "no image"],
)
def test_check_model__fused_op_of_other_shapes__is_refused(model: bytes) -> None:
    assert refusal(model).reason in (ModelFault.SHAPE, ModelFault.UNREADABLE)


def test_run_model__fused_product__has_the_shape_that_was_found() -> None:
    samples = np.ones((5, FEATURES), "f4")
    model = quantised("QGemm", f"{GEMM}  scale point", WEIGHTS)
    assert values(model, samples).shape == (5,)


# ── Einsum ──


@pytest.mark.parametrize(
    ("equation", "products"),
    [("nf,nf->fn", ROWS * FEATURES), ("nf,nf->n", ROWS), ("nf,nf,nf->n", ROWS * FEATURES)],
)
def test_check_model__einsum__is_charged_for_every_product(equation: str, products: int) -> None:
    count = equation.count(",") + 1
    nodes = [node("Einsum", ["x"] * count, ["s"], equation=equation)]
    nodes += [node("ReduceSum", ["s"], ["t"], keepdims=0), node("Add", ["x", "t"], ["z"])]
    found = plan(file([*nodes, *mean(of="z")], [LAST])).operations
    assert found >= CALL_WORK * products


# ── Ops that the runtime's optimisations write ──


def optimised(*nodes: NodeProto, weights: Sequence[TensorProto] = ()) -> bytes:
    proto = ModelProto.FromString(file([*nodes, *mean(of="z")], [LAST, *weights]))
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto.SerializeToString()


def fused(op: str, inputs: str, **attributes: Any) -> NodeProto:
    return node(op, inputs.split(" "), ["z"], domain="com.microsoft", **attributes)


SQUARE = constant("w", np.eye(FEATURES), np.float32)
BIAS = constant("b", np.zeros(FEATURES), np.float32)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (optimised(fused("FusedMatMul", "x w", transB=1, alpha=2.0), weights=[SQUARE]), 2.0),
        (optimised(fused("FusedGemm", "x w b", activation="Relu"), weights=[SQUARE, BIAS]), 1.0),
    ],
)
def test_run_model__fused_op_of_the_optimiser__is_what_it_joins(
    model: bytes, expected: float
) -> None:
    samples = np.random.default_rng(0).random((10, FEATURES), np.float32)
    np.testing.assert_allclose(values(model, samples), expected * samples.mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        optimised(fused("FusedMatMul", "x w"), weights=[constant("w", np.eye(4), np.float32)]),
        optimised(fused("FusedMatMul", "x w", transBatchA=1), weights=[SQUARE]),
        optimised(fused("BiasGelu", "x b"), weights=[constant("b", np.ones(3), np.float32)]),
        optimised(fused("FusedGemm", "x w b", activation="Mystery"), weights=[SQUARE, BIAS]),
    ],
)
def test_check_model__fused_op_of_the_optimiser_that_does_not_fit__is_refused(model: bytes) -> None:
    assert refusal(model).reason in (ModelFault.SHAPE, ModelFault.UNSUPPORTED_OP)
