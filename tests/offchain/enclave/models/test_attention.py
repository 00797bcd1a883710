"""Attention: at the bounds of memory and work, refused where it does not fit, and as it should be.

The node tests of onnx and larger ones keep their bounds in `test_bounded_runs.py`.
"""

from dataclasses import replace

import numpy as np
import pytest
from onnx import NodeProto, TensorProto

from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from tests.offchain.enclave.models.onnx_files import LAST, constant, file, node

LENGTH, WIDTH, HEADS = 6, 8, 2
SPEC = ModelSpec((LENGTH, WIDTH), Output.VALUES, 0)
LIMITS = ModelLimits(memory_bytes=2**26, operations=10**9, batch_rows=4)


def model(*more: NodeProto, keys: str = "x", opset: int = 23, **attributes: float) -> bytes:
    """Return a model of attention over the rows of a sample, to itself or to a constant."""
    options = {"q_num_heads": HEADS, "kv_num_heads": HEADS} | attributes
    nodes = [
        *more,
        node("Attention", ["x", keys, keys], ["a"], **options),
        node("Flatten", ["a"], ["flat"]),
        node("ReduceMean", ["flat", "last"], ["y"], keepdims=0),
    ]
    constants = [LAST, constant("c", np.ones((4, 3, WIDTH)), np.float32)]
    return file(nodes, constants, input_shape=("N", LENGTH, WIDTH), opset=opset)


def expected(samples: np.ndarray, causal: bool = False) -> np.ndarray:
    """Return the mean of softmax(q kᵀ / √d) v over all heads."""
    heads = samples.reshape(-1, LENGTH, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)
    scores = heads @ heads.swapaxes(-1, -2) / np.sqrt(WIDTH // HEADS)
    if causal:
        scores = np.where(np.tri(LENGTH, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (weights / weights.sum(axis=-1, keepdims=True) @ heads).mean(axis=(1, 2, 3))


@pytest.mark.parametrize("opset", [23, 24, 25])
@pytest.mark.parametrize("causal", [0, 1])
def test_run_model__attention__is_the_softmax_of_scaled_products(opset: int, causal: int) -> None:
    samples = np.random.default_rng(0).random((10, LENGTH, WIDTH), np.float32)
    made = run_model(model(opset=opset, is_causal=causal), samples, SPEC, LIMITS, RunLimits(), 0)
    for each in (made.plain, made.optimised):
        np.testing.assert_allclose(each, expected(samples, bool(causal)), rtol=1e-5)


def test_check_model__attention__keeps_the_limits_at_its_bounds() -> None:
    limits = replace(LIMITS, batch_rows=1)
    found = check_model(model(), SPEC, limits, 4)
    assert found.operations > 4 * HEADS * LENGTH**2 * (WIDTH + 256)
    exact = replace(limits, memory_bytes=found.memory_bytes, operations=found.operations)
    check_model(model(), SPEC, exact, 4)
    for field, reason in (("memory_bytes", ModelFault.MEMORY), ("operations", ModelFault.WORK)):
        less = replace(exact, **{field: getattr(exact, field) - 1})
        with pytest.raises(InvalidModel) as caught:
            check_model(model(), SPEC, less, 4)
        assert caught.value.reason is reason


FOUR = [
    node("Constant", [], ["shape"], value=constant("s", [0, 0, 2, 4], np.int64)),
    node("Reshape", ["x", "shape"], ["four"]),
]


@pytest.mark.parametrize(
    "wrong",
    [
        model(q_num_heads=3),
        model(q_num_heads=0),
        model(q_num_heads=-2, kv_num_heads=-2),
        model(kv_num_heads=4),
        model(q_num_heads=1),
        model(*FOUR, keys="four"),
        model(node("Identity", ["c"], ["other"]), keys="other", q_num_heads=4),
        model(node("Concat", ["x", "x"], ["double"], axis=0), keys="double"),
        model(softmax_precision=TensorProto.STRING),
    ],
    ids=[
        *("three heads", "no heads", "negative", "depths", "one head", "dimensions"),
        *("more queries", "batch", "precision"),
    ],
)
def test_check_model__attention_that_does_not_fit__is_refused(wrong: bytes) -> None:
    with pytest.raises(InvalidModel) as caught:
        check_model(wrong, SPEC, LIMITS, 4)
    assert caught.value.reason in (ModelFault.SHAPE, ModelFault.UNSUPPORTED_OP)


def test_check_model__attention_to_a_constant__fits() -> None:
    check_model(model(keys="c"), SPEC, LIMITS, 4)
