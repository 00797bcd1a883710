"""Runs of every kind of output, of several inputs, and of inputs with missing values."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes, load_digits
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from offchain.enclave.benchmark import read
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import Input, ModelLimits, ModelSpec, Output
from tests.offchain.enclave.models.onnx_files import constant, file, node

LIMITS = ModelLimits()


def run(model: bytes, samples: np.ndarray, spec: ModelSpec) -> np.ndarray:
    return read(run_model(model, samples, spec, LIMITS, RunLimits(), 0).plain, spec)


def export(model: object, inputs: np.ndarray) -> bytes:
    options = {"zipmap": False} if hasattr(model, "classes_") else None
    return bytes(to_onnx(model, inputs[:1], options=options).SerializeToString())


def test_run_model__scores__are_the_decision_function() -> None:
    digits, targets = load_digits(return_X_y=True)
    digits = digits.astype("f4")
    model = LinearSVC().fit(digits, targets)
    exported = to_onnx(model, digits[:1], options={"raw_scores": True})
    spec = ModelSpec((64,), Output.SCORES, 10)
    found = run(exported.SerializeToString(), digits, spec)
    np.testing.assert_allclose(found, model.decision_function(digits), rtol=1e-3, atol=1e-3)


def test_run_model__vectors__are_several_values() -> None:
    inputs, target = load_diabetes(return_X_y=True)
    inputs = inputs.astype("f4")
    targets = np.stack([target, -target, target**2], axis=1)
    model = LinearRegression().fit(inputs, targets)
    spec = ModelSpec((10,), Output.VECTORS, 3)
    found = run(export(model, inputs), inputs, spec)
    np.testing.assert_allclose(found, model.predict(inputs), rtol=1e-3)


def test_run_model__vectors_of_any_shape__are_flattened() -> None:
    model = file(
        [node("Reshape", ["x", "shape"], ["y"])], [constant("shape", [-1, 2, 4], np.int64)]
    )
    samples = np.arange(24, dtype="f4").reshape(3, 8)
    assert run(model, samples, ModelSpec((8,), Output.VECTORS, 8)).tolist() == samples.tolist()
    with pytest.raises(InvalidModel) as caught:
        run(model, samples, ModelSpec((8,), Output.VECTORS, 7))
    assert caught.value.reason is ModelFault.OUTPUT


def test_run_model__multilabel__is_clipped_and_refused_beyond_one() -> None:
    spec = ModelSpec((8,), Output.MULTILABEL, 8)
    samples = np.full((2, 8), 0.25, "f4")
    half = file([node("Add", ["x", "x"], ["y"])])
    assert run(half, samples, spec).tolist() == np.full((2, 8), 0.5).tolist()
    with pytest.raises(InvalidModel) as caught:
        run(half, samples * 3, spec)
    assert caught.value.reason is ModelFault.NOT_PROBABILITIES
    assert run(half, np.full((2, 8), 0.5 + 1e-5, "f4"), spec).max() == 1.0


def test_run_model__missing_values__reach_the_model() -> None:
    inputs, targets = load_digits(return_X_y=True)
    inputs = inputs.astype("f4")
    inputs[::3, 5:20] = np.nan
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=50)).fit(inputs, targets)
    spec = ModelSpec((64,), Output.PROBABILITIES, 10, missing=True)
    found = run(export(model, inputs), inputs, spec)
    np.testing.assert_allclose(found, model.predict_proba(inputs), atol=1e-4)


def ids_and_mask(kind: int) -> bytes:
    """Return a model of the sum of the ids where the mask is 1."""
    graph = helper.make_graph(
        [
            node("Mul", ["ids", "mask"], ["kept"]),
            node("Cast", ["kept"], ["numbers"], to=TensorProto.FLOAT),
            node("ReduceSum", ["numbers", "axis"], ["y"], keepdims=0),
        ],
        "model",
        [helper.make_tensor_value_info(each, kind, ["N", 4]) for each in ("ids", "mask")],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])],
        [constant("axis", [1], np.int64)],
    )
    imports = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9).SerializeToString()


@pytest.mark.parametrize(
    ("dtype", "kind"), [("int64", TensorProto.INT64), ("int32", TensorProto.INT32)]
)
def test_run_model__ids_and_mask__are_two_inputs(dtype: str, kind: int) -> None:
    spec = ModelSpec(
        (), Output.VALUES, 0, inputs=(Input("mask", (4,), dtype), Input("ids", (4,), dtype))
    )
    samples = np.zeros(3, spec.sample_dtype)
    samples["ids"] = np.arange(12).reshape(3, 4)
    samples["mask"] = [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]]
    assert run(ids_and_mask(kind), samples, spec).tolist() == [1, 22, 11]


@pytest.mark.parametrize(
    ("inputs", "detail"),
    [
        ((Input("ids", (4,), "int64"),), r"inputs \['ids', 'mask'\], expected \['ids'\]"),
        (
            (Input("ids", (4,), "int64"), Input("mask", (5,), "int64")),
            r"input 'mask' of shape \[None, 4\], expected \[None, 5\]",
        ),
        (
            (Input("ids", (4,), "int64"), Input("mask", (4,), "float32")),
            "input 'mask' of int64, expected float32",
        ),
        (
            (Input("ids", (4,), "int64"), Input("mask", (4,), "string", 4)),
            "input 'mask' of int64, expected string",
        ),
    ],
)
def test_check_model__other_inputs__names_the_one(inputs: tuple[Input, ...], detail: str) -> None:
    spec = ModelSpec((), Output.VALUES, 0, inputs=inputs)
    with pytest.raises(InvalidModel, match=detail) as caught:
        check_model(ids_and_mask(TensorProto.INT64), spec, LIMITS, 3)
    assert caught.value.reason is ModelFault.INPUT


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"input_shape": (3,)}, r"input_shape is \(3,\), expected \(\) beside the inputs"),
        ({"inputs": (Input("a", (), "int64"),) * 2}, "expected at most 64 of different names"),
        ({"input_shape": (), "inputs": ()}, r"input_shape is \(\), expected positive"),
        ({"output": Output.VECTORS, "classes": 0}, "classes is 0, expected at least 1 for vectors"),
        ({"output": Output.SCORES, "classes": 1}, "classes is 1, expected at least 2 for scores"),
    ],
)
def test_model_spec__impossible__raises(changes: dict[str, object], reason: str) -> None:
    fields = {
        "input_shape": (),
        "output": Output.VALUES,
        "classes": 0,
        "inputs": (Input("a", (), "int64"),),
    }
    with pytest.raises(ValueError, match=reason):
        ModelSpec(**fields | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("", (1,), "int64"), "input without a name"),
        (("a", (0,), "int64"), r"of shape \(0,\), expected no size below 1"),
        (("a", (1,), "float16"), "input 'a' of 'float16', expected one of"),
        (("a", (1,), "string"), "string_bytes 0, expected 1 to 65536"),
        (("a", (1,), "string", 65_537), "string_bytes 65537, expected 1 to 65536"),
        (("a", (1,), "int64", 4), "string_bytes 4, expected .* 0 for numbers"),
    ],
)
def test_input__impossible__raises(fields: tuple[object, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Input(*fields)  # type: ignore[arg-type]
    assert Input("a", (1,), "string", 65_536).array_dtype == np.dtype("S65536")


def test_multi_output_classifier__exported__is_several_outputs() -> None:
    """One output for each label is not one table: the model is refused with what was found."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(50, 8)).astype("f4")
    labels = (inputs[:, :2] > 0).astype(int)
    model = MultiOutputClassifier(LogisticRegression()).fit(inputs, labels)
    exported = to_onnx(model, inputs[:1], options={"zipmap": False}).SerializeToString()
    with pytest.raises(InvalidModel):
        run(exported, inputs, ModelSpec((8,), Output.MULTILABEL, 2))
