"""Static checks: every reason to refuse a model's bytes before a run."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from offchain.enclave.models.static import Plan, check_model
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits, ModelSpec
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import (
    CLASSES,
    FEATURES,
    LABELS,
    LAST,
    LIMITS,
    PROBABILITIES,
    VALUES,
    constant,
    file,
    mean,
    node,
    proto,
)


def refused(
    model: bytes, spec: ModelSpec = VALUES, limits: ModelLimits = LIMITS, rows: int = 100
) -> tuple[ModelFault, str]:
    with pytest.raises(InvalidModel) as refusal:
        check_model(model, spec, limits, rows)
    return refusal.value.reason, refusal.value.detail


def passes(model: bytes, spec: ModelSpec = VALUES, limits: ModelLimits = LIMITS) -> Plan:
    return check_model(model, spec, limits, rows=100)


def test_check_model__honest__is_planned():
    plan = passes(onnx_files.honest(), limits=replace(LIMITS, batch_rows=32))
    assert (plan.input, plan.output, plan.output_shape) == ("x", "y", (32,))
    assert not plan.argmax
    assert plan.batch_rows == 32
    assert plan.memory_bytes >= 32 * FEATURES * 4
    assert plan.operations >= 4 * 32 * FEATURES  # four batches for a hundred samples


# ── Bytes ──


def test_check_model__larger_than_allowed__is_too_large():
    model = onnx_files.honest()
    passes(model, limits=replace(LIMITS, model_bytes=len(model)))
    reason, detail = refused(model, limits=replace(LIMITS, model_bytes=len(model) - 1))
    assert reason is ModelFault.TOO_LARGE
    assert detail == f"{len(model)} bytes, expected {len(model) - 1} at most"


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"PK\x03\x04", b"\x80\x04\x95pickle", bytes(range(256)), b"\x0a\xff\xff\xff"],
)
def test_check_model__garbage__is_unreadable_or_names_no_version(garbage):
    reason, _ = refused(garbage)
    assert reason in (ModelFault.UNREADABLE, ModelFault.UNSUPPORTED_OP)


def test_check_model__truncated__is_refused():
    model = onnx_files.linear()
    last_field = len(helper.make_opsetid("ai.onnx.ml", 3).SerializeToString()) + 2
    passes(model[:-last_field], spec=LABELS)  # an import that no node needs
    for size in {*range(len(model))} - {len(model) - last_field}:
        with pytest.raises(InvalidModel):
            check_model(model[:size], LABELS, LIMITS, 100)


def test_check_model__name_is_not_text__is_unreadable():
    model = onnx_files.honest().replace(b"flat", b"\xff\xfe\xfd\xfc")
    assert refused(model)[0] is ModelFault.UNREADABLE


def test_check_model__detail_that_a_model_chose__is_cut():
    model = file([node("N" * 10_000, ["x"], ["y"])])
    assert len(refused(model)[1]) == DETAIL_LENGTH


FILES = [onnx_files.linear(), onnx_files.endless(), onnx_files.chaotic(2), onnx_files.outside("x")]
EDITS = st.lists(
    st.tuples(st.integers(0, 2**16), st.integers(0, 12), st.binary(max_size=12)), min_size=1
)


@settings(max_examples=300)
@given(st.sampled_from(FILES), EDITS)
def test_check_model__bytes_spliced_at_random__plans_or_refuses(model, edits):
    """Any other error would abort a run for a fault of the model (denial of service)."""
    for position, removed, inserted in edits:
        start = position % (len(model) + 1)
        model = model[:start] + inserted + model[start + removed :]
    with suppress(InvalidModel):
        assert check_model(model, LABELS, LIMITS, 100).memory_bytes <= LIMITS.memory_bytes


# ── Ops ──


FORBIDDEN = """
    If Loop Scan RandomNormal RandomUniformLike Multinomial Bernoulli NonZero Unique Einsum
    SequenceConstruct StringNormalizer
""".split()  # noqa: SIM905 - read as a list of words


@pytest.mark.parametrize("operator", FORBIDDEN)
def test_check_model__operator_outside_the_list__is_refused(operator):
    reason, detail = refused(file([node(operator, ["x"], ["y"])]))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail == f"op {operator!r} of domain '' is not allowed"


def test_check_model__zipmap__is_refused_with_the_way_out():
    reason, detail = refused(file([node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml")]))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail.endswith("(export with options={'zipmap': False})")


def test_check_model__custom_operator__is_refused():
    reason, detail = refused(file([node("Mine", ["x"], ["y"], domain="custom")]))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail == "op domain 'custom', expected one of ['', 'ai.onnx.ml']"


def test_check_model__custom_domain_imported__is_refused():
    model = proto(mean(), [LAST])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    reason, detail = refused(model.SerializeToString())
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        "op domain 'com.microsoft', expected one of ['', 'ai.onnx.ml']",
    )


@pytest.mark.parametrize("opset", [0, 8, 29, 2**40])
def test_check_model__unknown_opset__is_refused(opset):
    reason, detail = refused(file(mean(), [LAST], opset=opset))
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        f"opset {opset} of domain '', expected 9 to 28",
    )


def test_check_model__two_versions_of_a_domain__is_refused():
    model = proto(mean(), [LAST])
    model.opset_import.append(helper.make_opsetid("ai.onnx", 17))
    assert refused(model.SerializeToString())[1] == "two versions of domain '', expected one"


@pytest.mark.parametrize("version", [2, 15])
def test_check_model__unknown_ir_version__is_refused(version):
    model = proto(mean(), [LAST])
    model.ir_version = version
    reason, detail = refused(model.SerializeToString())
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        f"IR version {version}, expected 3 to 14",
    )


def test_check_model__dropout_in_training__is_refused():
    dropout = node("Dropout", ["x", "ratio", "training"], ["z"])
    constants = [constant("ratio", 0.5, np.float32), constant("training", True), LAST]
    assert refused(file([dropout, *mean(of="z")], constants))[0] is ModelFault.UNSUPPORTED_OP
    passes(file([node("Dropout", ["x", "ratio"], ["z"]), *mean(of="z")], constants))


def test_check_model__local_function__is_refused():
    model = proto(mean(), [LAST])
    imports = [helper.make_opsetid("", 18)]
    model.functions.append(
        helper.make_function("", "Mine", ["a"], ["b"], [node("Sin", ["a"], ["b"])], imports)
    )
    reason, detail = refused(model.SerializeToString())
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        "local functions or training graphs, expected none",
    )


def test_check_model__loop_let_in__passes():
    model = onnx_files.endless()
    assert refused(model)[0] is ModelFault.UNSUPPORTED_OP
    passes(model, limits=replace(LIMITS, extra_ops=("Loop",)))


def test_check_model__forbidden_operator_inside_one_let_in__is_refused():
    model = ModelProto.FromString(onnx_files.endless())
    model.graph.node[0].attribute[0].g.node[1].op_type = "RandomNormalLike"
    reason, detail = refused(model.SerializeToString(), limits=replace(LIMITS, extra_ops=("Loop",)))
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        "op 'RandomNormalLike' of domain '' is not allowed",
    )


# ── Size of the graph ──


def test_check_model__more_nodes_than_allowed__is_too_large():
    passes(onnx_files.deep(98), limits=replace(LIMITS, nodes=100))
    reason, detail = refused(onnx_files.deep(99), limits=replace(LIMITS, nodes=100))
    assert (reason, detail) == (ModelFault.TOO_LARGE, "more nodes than 100, the limit")


def test_check_model__nested_nodes__are_counted():
    limits = replace(LIMITS, nodes=20, extra_ops=("If",))
    passes(onnx_files.nested(8), limits=limits)  # two per level, the leaf, and two of the mean
    assert refused(onnx_files.nested(9), limits=limits)[0] is ModelFault.TOO_LARGE


def test_check_model__nested_too_deep__is_unreadable():
    limits = replace(LIMITS, extra_ops=("If",))
    passes(onnx_files.nested(20), limits=limits)
    reason, detail = refused(onnx_files.nested_bytes(1000), limits=limits)
    assert reason is ModelFault.UNREADABLE
    assert "Exceeded" in detail


# ── Tensors ──


@pytest.mark.parametrize(
    "location", ["../../secret", "/etc/passwd", "weights.bin", "*/_ORT_MEM_ADDR_/*"]
)
def test_check_model__external_data__is_refused(location):
    reason, detail = refused(onnx_files.outside(location))
    assert (reason, detail) == (
        ModelFault.EXTERNAL_DATA,
        "tensor 'w' is stored outside the file, expected inside",
    )


def test_check_model__external_data_in_an_attribute__is_refused():
    inner = ModelProto.FromString(onnx_files.outside("../x")).graph.initializer[0]
    nodes = [node("Constant", [], ["w"], value=inner), node("Add", ["x", "w"], ["z"])]
    assert refused(file([*nodes, *mean(of="z")], [LAST]))[0] is ModelFault.EXTERNAL_DATA


def test_check_model__external_data_in_a_nested_graph__is_refused():
    model = ModelProto.FromString(onnx_files.endless())
    inner = ModelProto.FromString(onnx_files.outside("../x")).graph.initializer[0]
    model.graph.node[0].attribute[0].g.initializer.append(inner)
    limits = replace(LIMITS, extra_ops=("Loop",))
    assert refused(model.SerializeToString(), limits=limits)[0] is ModelFault.EXTERNAL_DATA


@pytest.mark.parametrize("dims", [[2**31, 2**31], [2**62], [-1], [7], [1] * 17])
def test_check_model__tensor_of_other_size_than_its_data__is_unreadable(dims):
    tensor = constant("w", np.zeros(8, np.float32))
    tensor.ClearField("dims")
    tensor.dims.extend(dims)
    model = file([node("Add", ["x", "w"], ["z"]), *mean(of="z")], [tensor, LAST])
    assert refused(model)[0] is ModelFault.UNREADABLE


def test_check_model__sparse_tensor__is_refused():
    values = constant("w", np.ones(1, np.float32))
    sparse = helper.make_sparse_tensor(values, constant("i", [0]), [2**40])
    model = proto(mean(), [LAST])
    model.graph.sparse_initializer.append(sparse)
    assert refused(model.SerializeToString())[0] is ModelFault.UNSUPPORTED_OP


def test_check_model__strings__are_refused():
    words = helper.make_tensor("words", TensorProto.STRING, [1], [b"word"])
    assert refused(file(mean(), [LAST, words]))[0] is ModelFault.UNSUPPORTED_OP


# ── Inputs and outputs ──


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        (["N", FEATURES], True),
        ([None, FEATURES], True),
        (["N", None], True),
        ([100, FEATURES], False),
        (["N", FEATURES + 1], False),
        (["N", FEATURES, 1], False),
        (["N"], False),
        ([], False),
    ],
)
def test_check_model__input_shape__must_fit_with_a_free_batch(shape, fits):
    model = file(mean(), [LAST], input_shape=shape)
    if fits:
        passes(model)
    else:
        assert refused(model)[0] is ModelFault.INPUT


def test_check_model__input_type__must_fit():
    model = file(mean(), [LAST], input_type=TensorProto.DOUBLE, output_type=TensorProto.DOUBLE)
    reason, detail = refused(model)
    assert (reason, detail) == (
        ModelFault.INPUT,
        "input 'x' of float64, expected float32",
    )
    passes(model, spec=replace(VALUES, input_dtype="float64"))


def test_check_model__two_inputs__is_refused():
    model = proto([node("Add", ["x", "x2"], ["z"]), *mean(of="z")], [LAST])
    model.graph.input.append(
        helper.make_tensor_value_info("x2", TensorProto.FLOAT, ["N", FEATURES])
    )
    assert refused(model.SerializeToString()) == (ModelFault.INPUT, "2 inputs, expected 1")


def test_check_model__output_of_another_shape__is_refused():
    for spec in (LABELS, PROBABILITIES):
        assert refused(onnx_files.honest(), spec=spec)[0] is ModelFault.OUTPUT
    assert refused(onnx_files.linear())[0] is ModelFault.OUTPUT
    more = replace(LABELS, classes=CLASSES + 1)
    assert refused(onnx_files.linear(), spec=more)[0] is ModelFault.OUTPUT


def test_check_model__scores_where_labels_are_read__are_argmaxed():
    plan = passes(onnx_files.linear(), spec=LABELS)
    assert (plan.output, plan.output_shape, plan.argmax) == ("y", (100, CLASSES), True)
    assert not passes(onnx_files.linear(), spec=PROBABILITIES).argmax


def test_check_model__labels_and_scores__labels_are_read():
    model = proto([node("Softmax", ["x"], ["z"]), node("ArgMax", ["z"], ["y"], axis=1, keepdims=0)])
    model.graph.output.append(
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", FEATURES])
    )
    spec = replace(LABELS, classes=FEATURES)
    assert passes(model.SerializeToString(), spec=spec).output == "y"
    assert (
        passes(model.SerializeToString(), spec=replace(PROBABILITIES, classes=FEATURES)).output
        == "z"
    )


def test_check_model__claim_about_a_shape__is_not_believed():
    """A false declared output shape has no effect: the shape is inferred from the input's."""
    model = proto([node("Identity", ["x"], ["y"])])
    assert refused(model.SerializeToString())[0] is ModelFault.OUTPUT
    model.graph.value_info.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"]))
    assert refused(model.SerializeToString())[0] is ModelFault.OUTPUT
