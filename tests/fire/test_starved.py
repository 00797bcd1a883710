"""The machine's fault is never a reason: a starved run is an abort or has the right score."""

import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from onnx import TensorProto
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor

from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from tests.fire import starving
from tests.fire.forks import ROOT, Case, Outcome, outcomes
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import FEATURES, VALUES, constant, file, mean, node

MIB = 2**20
LIMITS = ModelLimits(memory_bytes=192 * MIB, operations=10**10, batch_rows=32)
RANDOM = np.random.default_rng(0)
SAMPLES = RANDOM.random((50, FEATURES), np.float32)


def weights(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def linear() -> bytes:
    return onnx_files.honest()


def perceptron(width: int = 800) -> bytes:
    nodes = [
        node("Gemm", ["x", "w0", "b0"], ["h0"]),
        node("Relu", ["h0"], ["a0"]),
        node("Gemm", ["a0", "w1", "b1"], ["h1"]),
        node("Relu", ["h1"], ["a1"]),
        node("Gemm", ["a1", "w2"], ["y"]),
    ]
    values = {
        "w0": weights(FEATURES, width),
        "b0": weights(width),
        "w1": weights(width, width) / np.float32(width),
        "b1": weights(width),
        "w2": weights(width, 1),
    }
    return file(nodes, [constant(name, value) for name, value in values.items()])


def forest() -> bytes:
    learned = RandomForestRegressor(20, random_state=0).fit(SAMPLES, SAMPLES.sum(axis=1))
    return to_onnx(learned, SAMPLES[:1], target_opset=18).SerializeToString()


def convolution() -> bytes:
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2]),
        *mean(of="p"),
    ]
    shape = ("N", 1, 8, 8)
    return file(nodes, [constant("w", weights(16, 1, 3, 3)), onnx_files.LAST], input_shape=shape)


def tokens() -> bytes:
    """Return a model of text: the mean of the embeddings of a text's words."""
    nodes = [node("Gather", ["table", "x"], ["found"]), *mean(of="found")]
    table = constant("table", weights(5000, 16))
    return file(nodes, [table, onnx_files.LAST], input_type=TensorProto.INT64)


def large() -> bytes:
    return perceptron(2500)  # 25 MB


IMAGES = ModelSpec((1, 8, 8), Output.VALUES, 0)
TEXTS = ModelSpec((FEATURES,), Output.VALUES, 0, "int64")
KINDS = {
    "linear": (linear, VALUES, SAMPLES),
    "perceptron": (perceptron, VALUES, SAMPLES),
    "forest": (forest, VALUES, SAMPLES),
    "convolution": (convolution, IMAGES, weights(50, 1, 8, 8)),
    "tokens": (tokens, TEXTS, RANDOM.integers(0, 5000, (50, FEATURES))),
    "large": (large, VALUES, SAMPLES),
}


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {
        name: Case(make(), samples, spec, LIMITS) for name, (make, spec, samples) in KINDS.items()
    }


@pytest.fixture(scope="module")
def fed(cases) -> dict[str, Outcome]:
    """Outcomes with enough memory."""
    found = dict(zip(cases, outcomes(cases.values()), strict=True))
    assert not [outcome for outcome in found.values() if outcome.plain is None]
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> str:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    return starving.compiled(tmp_path_factory.mktemp("starving"))


def starve(
    cases: dict[str, Case], fed: dict[str, Outcome], ways: list[partial], preload: str = ""
) -> tuple[int, int]:
    """Run every case in every way; return the number of right scores and of aborts."""
    starved = [(name, replace(cases[name], prepare=way)) for name in cases for way in ways]
    found = outcomes((case for _, case in starved), preload)
    right = 0
    for (name, case), outcome in zip(starved, found, strict=True):
        assert outcome.fault is None, (name, case.prepare, outcome)
        if not outcome.abort:
            np.testing.assert_array_equal(outcome.plain, fed[name].plain)
            right += 1
    return right, len(found) - right


@pytest.fixture(scope="module")
def depth(request) -> int:
    """Return how many times more levels of starvation there are in this profile."""
    return 40 if request.config.getoption("--hypothesis-profile") == "deep" else 1


def test_child__margin_of_any_size__is_an_abort_or_the_right_score(cases, fed, depth):
    ways = [
        partial(starving.margin, int(size) * MIB // 4) for size in np.linspace(-700, 500, 6 * depth)
    ]
    right, aborts = starve(cases, fed, ways)
    assert right
    assert aborts


def test_child__no_further_address_space__has_the_right_score(cases, fed):
    """The reserve holds from the first step after it."""
    later = list(starving.STEPS)[2::3]
    ways = [partial(starving.address_space, step, 0, reserved=True) for step in later]
    assert starve(cases, fed, ways) == (len(ways) * len(cases), 0)


def test_child__no_reserve_and_little_address_space__is_an_abort_or_right(cases, fed, depth):
    """The errors of each library are sorted right even without the reserve."""
    later = list(starving.STEPS)[2:] if depth > 1 else ["parse", "load"]
    ways = [
        partial(starving.address_space, step, int(room), reserved=False)
        for step in later
        for room in np.geomspace(2**12, 2**27, 4 * depth)
    ]
    right, aborts = starve(cases, fed, ways)
    assert right
    assert aborts


@pytest.mark.parametrize("failures", [1, 1000])
def test_child__allocations_fail__is_an_abort_or_the_right_score(
    cases, fed, library, failures, depth
):
    """Without any allocation CPython 3.11 cannot leave a ``try`` block, and tries for ever: it
    needs an integer for that. Its deadline would be an abort, but the failures here have an end."""
    if depth > 1:
        counts = np.unique(np.geomspace(1, 50_000, 3 * depth).astype(int) - 1)
        levels = [(step, int(count)) for step in list(starving.STEPS)[2:] for count in counts]
    else:
        cases = {name: cases[name] for name in ("linear", "forest", "tokens")}
        levels = [("parse", 0), ("parse", 40), ("load", 10), ("load", 500), ("run", 0), ("run", 10)]
    none = partial(starving.allocations, "run", 10**9, failures)
    ways = [partial(starving.allocations, *level, failures) for level in levels]
    right, aborts = starve(cases, fed, [none, *ways], library)
    assert right >= len(cases)
    assert aborts


REFUSALS = """
import ctypes
from offchain.enclave.models import child, memory
from offchain.protocol.errors import InvalidModel, ModelFault

reserve = memory.reserve_memory(2**24)
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
for size in (2**23, 2**25):
    assert malloc(size)
    print(child._refuse(InvalidModel(ModelFault.UNREADABLE, "x"), reserve).status)
"""


def test_refuse__heap_within_its_reserve_and_beyond__is_a_refusal_or_an_abort():
    """Beyond it an allocation may have failed unseen, and the refusal may come of that."""
    said = subprocess.run(
        [sys.executable, "-c", REFUSALS], capture_output=True, check=True, cwd=ROOT, text=True
    ).stdout
    assert said == "refused\naborted\n"
