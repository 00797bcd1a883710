"""Bounds of memory and work: computed before a model runs, and respected when it runs."""

import subprocess
import sys
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.enclave.models.protobuf_size import parsed_bytes
from offchain.enclave.models.static import check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
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

# ── Memory ──


def test_check_model__asks_for_gigabytes__is_refused_by_memory():
    model = onnx_files.asks_for(2**29)
    assert len(model) < 300
    assert refused(model) is ModelFault.MEMORY
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
    reasons = [ModelFault.MEMORY]
    if name == "outer product":  # of a batch: a smaller batch keeps the memory, but not the work
        reasons.append(ModelFault.WORK)
    assert refused(file([*nodes, *mean(of="z")], constants)) in reasons


def fan(width: int) -> bytes:
    """Return a model whose values are all alive until the last node reads them."""
    names = [f"v{index}" for index in range(width)]
    nodes = [node("Neg", ["x"], [name]) for name in names]
    return file([*nodes, node("Sum", names, ["z"]), *mean(of="z")], [LAST])


def test_check_model__values__count_while_they_are_alive():
    """A chain of a thousand values keeps a limit that a fan of five hundred does not."""
    limits = replace(LIMITS, memory_bytes=8 * 2**20, operations=10**12)
    spare = replace(limits, memory_bytes=2**30)
    chain, wide = (check_model(m, VALUES, spare, 1000) for m in (onnx_files.deep(1000), fan(500)))
    size = 4 * 256 * FEATURES
    assert wide.memory_bytes > 500 * size > chain.memory_bytes - 2 * 1000 * 4096
    limits = replace(limits, memory_bytes=wide.memory_bytes)
    assert check_model(fan(500), VALUES, limits, 1000).batch_rows == 256
    smaller = check_model(
        fan(500), VALUES, replace(limits, memory_bytes=wide.memory_bytes - 1), 1000
    )
    assert smaller.batch_rows == 64


def test_check_model__branch_that_the_runtime_runs_first__counts_in_its_order():
    """In the file's order one value is alive at a time, in the runtime's order all of them are."""
    nodes, last = [], "x"
    for index in range(50):
        nodes.append(node("Neg", ["x"], [f"v{index}"]))
        nodes.append(node("Add", [last, f"v{index}"], [f"s{index}"]))
        last = f"s{index}"
    model = file([*nodes, *mean(of=last)], [LAST])
    plan = check_model(model, VALUES, replace(LIMITS, memory_bytes=2**30), 1_000)
    parsed = parsed_bytes(model, 2**30)
    assert plan.memory_bytes > 2 * parsed + 50 * 4 * 256 * FEATURES


def test_check_model__batch__bounds_memory_not_the_number_of_samples():
    limits = replace(LIMITS, memory_bytes=8 * 2**20, operations=10**12, batch_rows=10_000)
    plan = check_model(fan(200), VALUES, limits, 10_000)
    assert plan.batch_rows < 10_000
    assert plan.memory_bytes <= limits.memory_bytes


# ── Work ──


def test_check_model__work__counts_all_samples():
    model = onnx_files.linear()
    spec = onnx_files.LABELS
    plan = check_model(model, spec, LIMITS, 1000)
    assert plan.operations >= 1000 * FEATURES * onnx_files.CLASSES
    limits = replace(LIMITS, operations=plan.operations)
    check_model(model, spec, limits, 1000)
    with pytest.raises(InvalidModel) as refusal:
        check_model(model, spec, replace(limits, operations=plan.operations - 1), 1000)
    assert refusal.value.reason is ModelFault.WORK


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_check_model__convolution__counts_every_window(operator):
    shape = (64, 1, FEATURES) if operator == "Conv" else (1, 64, FEATURES)
    nodes = [node("Unsqueeze", ["x", "one"], ["a"]), node(operator, ["a", "w"], ["z"])]
    constants = [constant("one", [1]), constant("w", np.zeros(shape), np.float32), LAST]
    model, work = file([*nodes, *mean(of="z")], constants), 100 * 64 * FEATURES
    assert check_model(model, VALUES, LIMITS, 100).operations >= work
    assert refused(model, limits=replace(LIMITS, operations=work)) is ModelFault.WORK


def test_check_model__few_values_and_endless_work__is_refused():
    pads = [10**7 // 2 - 2] * 2
    nodes = [
        node("Unsqueeze", ["x", "one"], ["a"]),
        node("MaxPool", ["a"], ["z"], kernel_shape=[10**7], pads=pads),
        *mean(of="z"),
    ]
    assert refused(file(nodes, [constant("one", [1]), LAST])) is ModelFault.WORK


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
    assert (
        rows * inner * outer
        <= plan.operations
        <= 3 * 2**15 + 1024 + 512 * rows * (inner + 1) * (outer + 1)
    )


@pytest.mark.parametrize("product", ["MatMul", "Gemm", "transposed Gemm"])
def test_check_model__large_product__is_charged_its_multiplications(product):
    """So many of each that no other charge hides one that is missing."""
    rows, inner, outer = 100, 1_000, 500
    shape = (outer, inner) if product == "transposed Gemm" else (inner, outer)
    options = {"transB": 1} if product == "transposed Gemm" else {}
    weights = constant("w", np.zeros(shape), np.float32)
    nodes = [node(product.split()[-1], ["x", "w"], ["z"], **options), *mean(of="z")]
    model = file(nodes, [weights, LAST], input_shape=["N", inner])
    plan = check_model(model, ModelSpec((inner,), Output.VALUES, 0), LIMITS, rows)
    both_passes = 2 * rows * inner * outer
    assert both_passes <= plan.operations < 1.02 * both_passes


IMAGE = node("Reshape", ["x", "image"], ["a"])
COSTLY = {
    "slow function": (100 * 2 * FEATURES * 64, [node("Atanh", ["x"], ["z"])]),
    "sorting": (100 * 2 * FEATURES * 512, [node("TopK", ["x", "eight"], ["z", "i"])]),
    "tiny products": (
        100 * FEATURES * 1024,
        [node("Unsqueeze", ["x", "ends"], ["a"]), node("MatMul", ["a", "a"], ["z"])],
    ),
    "product of integers": (
        100 * FEATURES * FEATURES * 16,
        [
            node("Cast", ["x"], ["i"], to=7),
            node("MatMul", ["i", "integers"], ["p"]),
            node("Cast", ["p"], ["z"], to=1),
        ],
    ),
    "groups": (100 * FEATURES * 1024, [IMAGE, node("Conv", ["a", "kernels"], ["z"], group=8)]),
    "average": (
        100 * FEATURES * 7 * 16,
        [IMAGE, node("AveragePool", ["a"], ["z"], kernel_shape=[7], pads=[3, 3])],
    ),
    "neighbours": (100 * FEATURES * 101 * 16, [IMAGE, node("LRN", ["a"], ["z"], size=101)]),
    "recurrence": (
        FEATURES * 100 * (2 + 64) + FEATURES * 1024,
        [
            node("Transpose", ["x"], ["t"]),
            node("Unsqueeze", ["t", "last2"], ["s"]),
            node("RNN", ["s", "weight", "weight"], ["", "h"], hidden_size=1),
            node("Squeeze", ["h", "zero"], ["z"]),
        ],
    ),
    "support vectors": (
        100 * 2 * (2 + 2 * FEATURES) * 8,
        [
            node(
                "SVMRegressor",
                ["x"],
                ["z"],
                domain="ai.onnx.ml",
                n_supports=2,
                coefficients=[1.0, 1.0],
                support_vectors=[1.0] * (2 * FEATURES),
                rho=[0.0],
            )
        ],
    ),
}
"""Nodes that take longer than their multiplications, with the least work to charge."""


@pytest.mark.parametrize("name", COSTLY)
def test_check_model__slow_operator__is_charged_for(name):
    least, nodes = COSTLY[name]
    constants = [
        LAST,
        constant("eight", [8]),
        constant("zero", [0]),
        constant("last2", [2]),
        constant("image", [-1, FEATURES, 1] if name in ("groups", "neighbours") else [-1, 1, 8]),
        constant("ends", [2, 3]),
        constant("integers", np.ones((FEATURES, FEATURES)), np.int64),
        constant("kernels", np.ones((8, 1, 1)), np.float32),
        constant("weight", np.ones((1, 1, 1)), np.float32),
    ]
    assert check_model(file([*nodes, *mean(of="z")], constants), VALUES, LIMITS, 100).operations > (
        least
    )


# ── Runs stay within the bounds ──

MEASURE = r"""
import re, sys
from pathlib import Path
import numpy as np
from offchain.enclave.models.runtime import open_session, run_session
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


def stack() -> tuple[bytes, tuple[int, ...]]:
    """Return a model of many products with one multiplication each."""
    nodes = [node("MatMul", ["x", "x"], ["z"]), *mean(of="z")]
    return file(nodes, [LAST], input_shape=["N", 2**14, 1, 1]), (2**14, 1, 1)


def one_channel() -> tuple[bytes, tuple[int, ...]]:
    """Return a model for which layouts that pad channels would take twenty times the weights."""
    weights = constant("w", np.ones((1, 64, 128, 128)), np.float32)
    nodes = [
        node("Reshape", ["x", "square"], ["a"]),
        node("Expand", ["a", "many"], ["b"]),
        node("Conv", ["b", "w"], ["c"]),
        node("Add", ["c", "a"], ["z"]),
        *mean(of="z"),
    ]
    constants = [weights, constant("square", [-1, 1, 1, 1]), constant("many", [1, 64, 128, 128])]
    return file(nodes, [*constants, LAST], input_shape=["N", 1]), (1,)


def vectors() -> tuple[bytes, tuple[int, ...]]:
    """Return a support vector machine with many vectors of one feature."""
    count = 200_000
    machine = node(
        "SVMRegressor",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_supports=count,
        coefficients=[1.0] * count,
        support_vectors=[1.0] * count,
        rho=[0.0],
        kernel_params=[1.0, 0.0, 0.0],
    )
    return file([machine], input_shape=["N", 1]), (1,)


def neighbours() -> tuple[bytes, tuple[int, ...]]:
    """Return a normalisation whose window spans millions of channels, while there is one."""
    nodes = [node("LRN", ["x"], ["z"], size=2**22 - 1), *mean(of="z")]
    return file(nodes, [LAST], input_shape=["N", 1, 2, 2]), (1, 2, 2)


def stretched() -> tuple[bytes, tuple[int, ...]]:
    """Return a model that resizes an axis, with weights for every position."""
    sizes = constant("sizes", [1, 1, 1, 2**18], np.float32)
    nodes = [node("Resize", ["x", "", "sizes"], ["z"], mode="cubic"), *mean(of="z")]
    return file(nodes, [sizes, LAST], input_shape=["N", 1, 1, 1]), (1, 1, 1)


LIBRARY = 24 * 2**20
"""Bytes that the runtime itself takes; the sandbox's margin covers them."""


@pytest.mark.parametrize(
    ("build", "rows"),
    [
        (convolutions, 64),
        (heavy, 64),
        (stack, 64),
        (one_channel, 1),
        (vectors, 64),
        (neighbours, 1),
        (stretched, 1),
    ],
)
def test_check_model__memory__is_not_exceeded_by_the_run(build, rows):
    model, shape = build()
    limits = ModelLimits(memory_bytes=2**31)
    plan = check_model(model, ModelSpec(shape, Output.VALUES, 0), limits, rows)
    batch = plan.batch_rows
    command = [sys.executable, "-c", MEASURE, repr((batch, *shape))]
    run = subprocess.run(command, input=model, capture_output=True, check=True)
    used = int(run.stdout)
    assert prod(shape) * batch * 4 < used < plan.memory_bytes + LIBRARY
