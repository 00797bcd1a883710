"""Shape, memory and work are bounded before a model runs, and the bounds hold when it does."""

import subprocess
import sys
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.models.refusals import Reason, Refusal
from offchain.models.spec import ModelLimits, ModelSpec, Output
from offchain.models.static import check_model
from tests.offchain.models import onnx_files
from tests.offchain.models.onnx_files import (
    FEATURES,
    LAST,
    LIMITS,
    VALUES,
    constant,
    file,
    mean,
    node,
)


def refused(model: bytes, spec: ModelSpec = VALUES, limits: ModelLimits = LIMITS) -> Reason:
    with pytest.raises(Refusal) as refusal:
        check_model(model, spec, limits, rows=100)
    return refusal.value.reason


# ── Memory ──


def test_check_model__asks_for_gigabytes__is_refused_by_memory():
    model = onnx_files.asks_for(2**29)
    assert len(model) < 300
    assert refused(model) is Reason.MEMORY
    check_model(onnx_files.asks_for(2**20), VALUES, LIMITS, 100)


HUGE = 2**31 - 1
GROWING = {
    "Tile": ([node("Tile", ["x", "n"], ["z"])], constant("n", [1, HUGE])),
    "Expand": ([node("Expand", ["x", "n"], ["z"])], constant("n", [HUGE, 1, 1])),
    "Pad": ([node("Pad", ["x", "n"], ["z"])], constant("n", [0, 0, 0, HUGE])),
    "Resize": (
        [node("Resize", ["x", "", "", "n"], ["z"])],
        constant("n", [HUGE, FEATURES]),
    ),
    "Range": (
        [node("Range", ["zero", "n", "one"], ["r"]), node("Cast", ["r"], ["z"], to=1)],
        constant("n", HUGE),
    ),
    "OneHot": (
        [
            node("ArgMax", ["x"], ["best"]),
            node("OneHot", ["best", "n", "pair"], ["z"]),
        ],
        constant("n", [HUGE]),
    ),
    "outer product": (
        [node("Unsqueeze", ["x", "n"], ["a"]), node("Mul", ["big", "a"], ["z"])],
        constant("n", [2]),
    ),
    "empty dimension": ([node("Expand", ["none", "n"], ["z"])], constant("n", [HUGE, HUGE, 1])),
}


@pytest.mark.parametrize("name", GROWING)
def test_check_model__operator_makes_a_huge_value__is_refused_by_memory(name):
    nodes, size = GROWING[name]
    constants = [
        size,
        constant("zero", 0),
        constant("one", 1),
        constant("pair", [0, 1], np.float32),
        constant("big", np.zeros((1, 1, 2**19)), np.float32),
        constant("none", np.zeros(0), np.float32),
        LAST,
    ]
    assert refused(file([*nodes, *mean(of="z")], constants)) is Reason.MEMORY


def test_check_model__many_values__are_summed():
    """Two hundred values of one batch fit, two thousand do not."""
    limits = replace(LIMITS, memory_bytes=8 * 2**20)
    check_model(onnx_files.deep(200), VALUES, limits, 1000)
    assert refused(onnx_files.deep(2000), limits=limits) in (Reason.MEMORY, Reason.TOO_LARGE)


def test_check_model__batch__bounds_memory_not_the_number_of_samples():
    limits = replace(LIMITS, memory_bytes=8 * 2**20, batch_rows=64)
    check_model(onnx_files.deep(200), VALUES, limits, 10_000)
    with pytest.raises(Refusal) as refusal:
        check_model(onnx_files.deep(200), VALUES, replace(limits, batch_rows=10_000), 10_000)
    assert refusal.value.reason is Reason.MEMORY


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


def test_check_model__shape_from_values__is_refused():
    nodes = [
        node("ReduceSum", ["x"], ["sum"], keepdims=0),
        node("Cast", ["sum"], ["count"], to=7),
        node("Reshape", ["count", "one"], ["size"]),
        node("ConstantOfShape", ["size"], ["z"]),
        *mean(of="z"),
    ]
    assert refused(file(nodes, [constant("one", [1]), LAST])) is Reason.SHAPE


def test_check_model__shape_arithmetic_that_doubles__is_refused():
    assert refused(onnx_files.doubling(60)) in (Reason.MEMORY, Reason.SHAPE)


def test_check_model__shape_arithmetic_with_endless_work__is_not_computed():
    """A constant through a pool with a window of two thousand million."""
    nodes = [
        node("MaxPool", ["image"], ["p"], kernel_shape=[2**31 - 2], pads=[2**30 - 2] * 2),
        node("ReduceMax", ["p"], ["m"], keepdims=0),
        node("Add", ["x", "m"], ["z"]),
        *mean(of="z"),
    ]
    constants = [constant("image", np.zeros((1, 1, 8)), np.float32), LAST]
    assert refused(file(nodes, constants)) is Reason.WORK


CRASHING = {
    "Split": node("Split", ["x"], ["z", "z2"], num_outputs=1),
    "huge Split": node("Split", ["x"], ["z"], num_outputs=2**31),
    "GatherND": node("GatherND", ["x", "indices"], ["z"], batch_dims=-15),
    "LayerNormalization": node("LayerNormalization", ["x", "x"], ["z"], axis=2**63 - 1),
    "Resize": node("Resize", ["x", "", "three"], ["z"]),
}
"""What crashes the shape inference of onnx 1.23, found by feeding it random nodes."""


@pytest.mark.parametrize("name", CRASHING)
def test_check_model__node_that_crashes_onnx__is_refused(name):
    constants = [constant("indices", [[0]]), constant("three", [1, 1, 1], np.float32), LAST]
    assert refused(file([CRASHING[name], *mean(of="z")], constants)) is Reason.SHAPE


@pytest.mark.parametrize("element_type", [0, 8, 14, 99])
def test_check_model__cast_to_what_is_no_number__is_refused(element_type):
    model = file([node("Cast", ["x"], ["z"], to=element_type), *mean(of="z")], [LAST])
    assert refused(model) is Reason.OPERATOR


# ── Work ──


def test_check_model__work__counts_all_samples():
    model = onnx_files.linear()
    spec = onnx_files.LABELS
    plan = check_model(model, spec, LIMITS, 1000)
    assert plan.operations >= 1000 * FEATURES * onnx_files.CLASSES
    limits = replace(LIMITS, operations=plan.operations)
    check_model(model, spec, limits, 1000)
    with pytest.raises(Refusal) as refusal:
        check_model(model, spec, replace(limits, operations=plan.operations - 1), 1000)
    assert refusal.value.reason is Reason.WORK


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_check_model__convolution__counts_every_window(operator):
    shape = (64, 1, FEATURES) if operator == "Conv" else (1, 64, FEATURES)
    nodes = [node("Unsqueeze", ["x", "one"], ["a"]), node(operator, ["a", "w"], ["z"])]
    constants = [constant("one", [1]), constant("w", np.zeros(shape), np.float32), LAST]
    model, work = file([*nodes, *mean(of="z")], constants), 100 * 64 * FEATURES
    assert check_model(model, VALUES, LIMITS, 100).operations >= work
    assert refused(model, limits=replace(LIMITS, operations=work)) is Reason.WORK


def test_check_model__few_values_and_endless_work__is_refused():
    pads = [10**7 // 2 - 2] * 2
    nodes = [
        node("Unsqueeze", ["x", "one"], ["a"]),
        node("MaxPool", ["a"], ["z"], kernel_shape=[10**7], pads=pads),
        *mean(of="z"),
    ]
    assert refused(file(nodes, [constant("one", [1]), LAST])) is Reason.WORK


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_check_model__matrix_product__counts_every_multiplication(rows, inner, outer):
    weights = constant("w", np.zeros((inner, outer)), np.float32)
    model = file(
        [node("MatMul", ["x", "w"], ["z"]), *mean(of="z")],
        [weights, LAST],
        input_shape=["N", inner],
    )
    spec = ModelSpec((inner,), Output.VALUES, 0)
    plan = check_model(model, spec, LIMITS, rows)
    assert rows * inner * outer <= plan.operations <= 20 * rows * (inner + 1) * (outer + 1)


# ── The bounds hold ──

MEASURE = r"""
import re, sys
from pathlib import Path
import numpy as np
from offchain.models.runtime import open_session, run_session
model, shape = sys.stdin.buffer.read(), eval(sys.argv[1])
samples = np.zeros(shape, np.float32)
peak = lambda: 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
for optimised in (False, True):
    run_session(open_session(model, optimised), ["y"], {"x": samples})
print(peak() - before)
"""


def convolutions() -> tuple[bytes, tuple[int, ...]]:
    random = np.random.default_rng(0)
    shape, nodes, constants = (1, 64, 64), [], []
    for layer, (before, after) in enumerate([(1, 16), (16, 16), (16, 32), (32, 8)]):
        kernel = random.normal(size=(after, before, 3, 3)).astype(np.float32)
        constants.append(constant(f"w{layer}", kernel))
        source = "x" if layer == 0 else f"r{layer - 1}"
        nodes.append(node("Conv", [source, f"w{layer}"], [f"c{layer}"], pads=[1] * 4))
        nodes.append(node("Relu", [f"c{layer}"], [f"r{layer}"]))
    return file([*nodes, *mean(of="r3")], [*constants, LAST], input_shape=["N", *shape]), shape


def heavy() -> tuple[bytes, tuple[int, ...]]:
    weights = constant("w", np.ones((1024, 8192)), np.float32)
    nodes = [node("MatMul", ["x", "w"], ["z"]), *mean(of="z")]
    return file(nodes, [weights, LAST], input_shape=["N", 1024]), (1024,)


@pytest.mark.parametrize("build", [convolutions, heavy])
def test_check_model__memory__is_not_exceeded_by_the_run(build):
    model, shape = build()
    rows = 64
    limits = ModelLimits(memory_bytes=2**31)
    plan = check_model(model, ModelSpec(shape, Output.VALUES, 0), limits, rows)
    command = [sys.executable, "-c", MEASURE, repr((rows, *shape))]
    run = subprocess.run(command, input=model, capture_output=True, check=True)
    used = int(run.stdout)
    assert prod(shape) * rows * 4 < used < plan.memory_bytes
