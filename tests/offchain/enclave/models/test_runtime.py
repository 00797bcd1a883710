"""Sessions of the runtime, with its optimisations and without."""

import io

import numpy as np
import onnx
import pytest
from onnx import helper
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor

from offchain.enclave.models import child, runtime
from offchain.enclave.models.pipe import RunSettings
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.static import EXACT
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from tests.offchain.enclave.models import onnx_files

LIMITS = ModelLimits(memory_bytes=2**28)
RANDOM = np.random.default_rng(0)
SAMPLES = RANDOM.random((500, 8), np.float32)
TARGETS = (SAMPLES @ RANDOM.random((8, 3))).argmax(axis=1)
TREES = {
    Output.LABELS: GradientBoostingClassifier(n_estimators=20, random_state=0),
    Output.VALUES: RandomForestRegressor(20, random_state=0),
}


def exact(output: Output) -> onnx.ModelProto:
    """Return trees between identities, of opset 18."""
    options = {"zipmap": False} if output is Output.LABELS else {}
    learner = TREES[output].fit(SAMPLES, TARGETS)
    model = to_onnx(learner, SAMPLES[:1], options={id(learner): options}, target_opset=18)
    graph = model.graph
    first, last = graph.input[0].name, graph.output[-1].name
    for node in graph.node:
        node.input[:] = ["seen" if name == first else name for name in node.input]
        node.output[:] = ["made" if name == last else name for name in node.output]
    graph.node.insert(0, helper.make_node("Identity", [first], ["seen"]))
    graph.node.append(helper.make_node("Identity", ["made"], [last]))
    return model


def relu() -> onnx.ModelProto:
    """Return a model of an op that the runtime may fuse."""
    shape = {"input_shape": ("N", 8)}
    return onnx_files.proto([helper.make_node("Relu", ["x"], ["y"])], **shape)


@pytest.mark.parametrize("output", TREES)
def test_optimisations__of_exact_ops__drop_identities_and_change_no_value(output, tmp_path):
    model = exact(output)
    content = model.SerializeToString()
    trees = [node for node in model.graph.node if node.op_type.startswith("Tree")]
    assert {node.op_type for node in model.graph.node} == {"Identity", trees[0].op_type} <= EXACT
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found = onnx.load(tmp_path / "optimised.onnx").graph.node
    left = [node for node in found if node.op_type != "Identity"]
    assert [node.op_type for node in left] == [node.op_type for node in trees]
    for one, other in zip(left, trees, strict=True):  # the runtime adds defaults
        assert set(map(str, one.attribute)) >= set(map(str, other.attribute))
    name, feeds = model.graph.output[-1].name, {model.graph.input[0].name: SAMPLES}
    sessions = [open_session(content, optimised) for optimised in (True, False)]
    first, second = (run_session(session, [name], feeds)[0] for session in sessions)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("output", [*TREES, Output.VECTORS])
def test_stages__of_an_exact_model__load_it_once(monkeypatch, output):
    """Others are loaded a second time, without optimisations, for all of the second pass."""
    loaded: list[bool] = []

    def load(model: bytes, optimised: bool) -> object:
        loaded.append(optimised)
        return open_session(model, optimised)

    monkeypatch.setattr(child, "open_session", load)
    monkeypatch.setattr(child, "shorten", lambda _: None)  # the limit of this process
    model = exact(output) if output in TREES else relu()
    content, classes = model.SerializeToString(), {Output.LABELS: 3, Output.VECTORS: 8}
    spec = ModelSpec((8,), output, classes.get(output, 0))
    rows = np.arange(10)[::-1]
    source = io.BytesIO(content + rows.tobytes())
    settings = RunSettings(0, len(content), len(rows), 4, 1, spec, LIMITS)
    samples = child._Samples(source, spec, SAMPLES[: len(rows)])
    stages = child._stages(source, settings, samples)
    first, part = next(stages)
    (rest,) = next(stages)
    assert loaded == ([True] if output in TREES else [True, False])
    assert len(part) == 4
    assert np.array_equal(first[rows], np.concatenate((part, rest)))


def test_open_session__what_is_stored_quantised__is_computed_in_floats_in_both_passes():
    """Products of integers are scaled once, those of floats one by one, so the last bits differ."""
    random = np.random.default_rng(0)
    values = {
        "s": np.float32(0.037),
        "z": np.uint8(128),
        "sw": np.float32(0.013),
        "zw": np.int8(0),
        "w": random.integers(-127, 128, (64, 3)).astype(np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["dw"]),
        helper.make_node("MatMul", ["d", "dw"], ["y"]),
    ]
    constants = [onnx_files.constant(name, value) for name, value in values.items()]
    content = onnx_files.file(nodes, constants, input_shape=("N", 64))
    feeds = {"x": random.normal(scale=2, size=(5, 64)).astype(np.float32)}
    sessions = [open_session(content, optimised) for optimised in (True, False)]
    first, second = (run_session(session, ["y"], feeds)[0] for session in sessions)
    assert first.tobytes() == second.tobytes()


# Holds S-87, S-90.
def test_open_session__of_either_pass__has_the_settings_of_the_specification(monkeypatch):
    made: list[SessionOptions] = []

    def options() -> SessionOptions:
        made.append(SessionOptions())
        return made[-1]

    monkeypatch.setattr(runtime, "SessionOptions", options)
    for optimised in (True, False):
        open_session(relu().SerializeToString(), optimised)
    levels = GraphOptimizationLevel.ORT_ENABLE_EXTENDED, GraphOptimizationLevel.ORT_DISABLE_ALL
    assert tuple(each.graph_optimization_level for each in made) == levels
    for name in ("session.set_denormal_as_zero", "session.disable_quant_qdq"):
        assert [each.get_session_config_entry(name) for each in made] == ["1", "1"]
