"""Static checks: every reason to refuse a model's bytes before a run."""

# Holds S-88.

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


@pytest.mark.parametrize(
    ("equation", "fits"),
    [
        ("nf,fc->nc", True),
        ("nf,fc->n", True),
        ("nf,fc", False),
        ("...f,fc->...c", False),
        ("nf,nc->nc", False),
        ("nf,fc->nx", False),
        ("nf->n", False),
    ],
)
def test_check_model__einsum__has_letters_that_fit(equation, fits):
    weights = constant("w", np.ones((FEATURES, CLASSES)), np.float32)
    nodes = [node("Einsum", ["x", "w"], ["z"], equation=equation)]
    nodes.append(node("Reshape", ["z", "rows"], ["flat"]))
    nodes.append(node("ReduceMean", ["flat", "last"], ["y"], keepdims=0))
    model = file(nodes, [weights, constant("rows", [100, -1]), LAST])
    if fits:
        assert passes(model).operations >= 100 * FEATURES * CLASSES * 2
    else:
        assert refused(model)[0] is ModelFault.SHAPE


def test_check_model__einsum_with_a_large_inner_value__is_charged_for_it():
    """Two columns of a thousand letters' sizes make a table of a million, and one number."""
    wide = [constant(name, np.ones(2**13), np.float32) for name in ("a", "b")]
    nodes = [
        node("Einsum", ["a", "b"], ["s"], equation="i,j->"),
        node("Add", ["x", "s"], ["z"]),
        *mean(of="z"),
    ]
    assert refused(file(nodes, [*wide, LAST]))[0] in (ModelFault.MEMORY, ModelFault.WORK)


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
    If Loop RandomNormal RandomUniformLike Multinomial Bernoulli NonZero Unique
    SequenceConstruct StringConcat StringSplit
""".split()  # noqa: SIM905 - read as a list of words


@pytest.mark.parametrize("operator", FORBIDDEN)
def test_check_model__operator_outside_the_list__is_refused(operator):
    reason, detail = refused(file([node(operator, ["x"], ["y"])]))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail == f"op {operator!r} of domain '' is not allowed"


def test_check_model__zipmap_at_the_end__is_read_past():
    weights = constant("w", np.ones((FEATURES, CLASSES)), np.float32)
    nodes = [node("MatMul", ["x", "w"], ["scores"])]
    nodes.append(node("ZipMap", ["scores"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]))
    plan = passes(file(nodes, [weights]), PROBABILITIES)
    assert (plan.output, plan.output_shape) == ("scores", (100, CLASSES))
    assert b"ZipMap" not in plan.model


def test_check_model__zipmap_that_is_read_on__is_refused_with_the_way_out():
    nodes = [node("ZipMap", ["x"], ["z"], domain="ai.onnx.ml"), node("Identity", ["z"], ["y"])]
    reason, detail = refused(file(nodes))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail.endswith("(export with options={'zipmap': False})")


@pytest.mark.parametrize(("size", "fits"), [(1, True), (7, True), (32, True), (33, False)])
def test_check_model__fixed_batch__is_kept_up_to_the_limit(size, fits):
    model = file(mean(), [LAST], input_shape=[size, FEATURES])
    limits = replace(LIMITS, batch_rows=32)
    if fits:
        assert passes(model, limits=limits).batch_rows == size
    else:
        reason, detail = refused(model, limits=limits)
        assert reason is ModelFault.INPUT
        assert detail == "batches of 33 samples, expected 32 at most or an open size"


def test_check_model__batch_of_minus_one__is_open():
    assert passes(file(mean(), [LAST], input_shape=[-1, FEATURES])).batch_rows == 100


@pytest.mark.parametrize(("cache", "rows"), [(0, 100), (1, 25), (80, 6), (95, 1), (100, 1)])
def test_check_model__values_of_a_batch_fill_the_cache__takes_a_smaller_one(
    monkeypatch, cache, rows
):
    """The cache is by this many percent too small, and by one byte at 1."""
    live = passes(onnx_files.honest()).live_bytes
    size = live - 1 if cache == 1 else live * (100 - cache) // 100
    monkeypatch.setattr("offchain.enclave.models.static.CACHE_BYTES", size)
    assert passes(onnx_files.honest()).batch_rows == rows


def test_check_model__bytes_of_a_smaller_batch__are_rounded_down(monkeypatch):
    limits = replace(LIMITS, batch_rows=97)
    live = passes(onnx_files.honest(), limits=limits).live_bytes
    assert live // 4 % 4 == 1
    monkeypatch.setattr("offchain.enclave.models.static.CACHE_BYTES", live // 4 // 4)
    assert passes(onnx_files.honest(), limits=limits).batch_rows == 97 // 4 // 4


def test_check_model__values_of_a_batch__take_four_mebibytes_at_most():
    limits = replace(LIMITS, batch_rows=10**6, memory_bytes=2**40, operations=2**60)
    of_a_row = passes(onnx_files.honest()).live_bytes // 100
    most = 4 * 2**20 // of_a_row
    for rows, size in (most, most), (most + 1, (most + 1) // 4):
        plan = check_model(onnx_files.honest(), VALUES, limits, rows)
        assert plan.batch_rows == size


def test_check_model__smaller_batches_would_take_too_much_work__stays(monkeypatch):
    """The work of a call is charged for each batch."""
    work = passes(onnx_files.honest()).operations
    monkeypatch.setattr("offchain.enclave.models.static.CACHE_BYTES", 1)
    plan = passes(onnx_files.honest(), limits=replace(LIMITS, operations=work))
    assert (plan.batch_rows, plan.operations) == (100, work)


def test_check_model__values_of_a_large_batch_do_not_fit__takes_a_smaller_one():
    limits = replace(LIMITS, memory_bytes=2 * 2**20, batch_rows=10_000)
    plan = check_model(onnx_files.linear(), LABELS, limits, 10_000)
    assert plan.batch_rows == 2_500
    assert plan.memory_bytes <= limits.memory_bytes


@pytest.mark.parametrize("shape", [["N"], ["N", 1]])
def test_check_model__one_column_for_two_classes__is_the_probability_of_the_second(shape):
    nodes = [node("ReduceMean", ["x", "last"], ["y"], keepdims=len(shape) - 1)]
    two = replace(PROBABILITIES, classes=2)
    plan = passes(file(nodes, [LAST]), two)
    assert (plan.column, plan.argmax) == (True, False)
    assert passes(file(nodes, [LAST]), replace(LABELS, classes=2)).argmax
    assert refused(file(nodes, [LAST]), PROBABILITIES)[0] is ModelFault.OUTPUT


def test_check_model__custom_operator__is_refused():
    reason, detail = refused(file([node("Mine", ["x"], ["y"], domain="custom")]))
    assert reason is ModelFault.UNSUPPORTED_OP
    assert detail == "op domain 'custom', expected one of ['', 'ai.onnx.ml', 'com.microsoft']"


def test_check_model__custom_domain_imported__is_dropped():
    model = proto(mean(), [LAST])
    model.opset_import.append(helper.make_opsetid("custom", 1))
    assert b"custom" not in passes(model.SerializeToString()).model


@pytest.mark.parametrize("opset", [0, 7, 29, 2**40])
def test_check_model__unknown_opset__is_refused(opset):
    reason, detail = refused(file(mean(), [LAST], opset=opset))
    assert (reason, detail) == (
        ModelFault.UNSUPPORTED_OP,
        f"opset {opset} of domain '', expected 8 to 28",
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
        "tensor 'w' is stored outside the file, expected inside "
        "(torch.onnx.export with external_data=False)",
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


def test_check_model__strings__are_counted_with_their_text():
    def memory(text):
        words = helper.make_tensor("words", TensorProto.STRING, [1], [text])
        model = file(mean(), [LAST, words])
        return check_model(model, VALUES, LIMITS, 100).memory_bytes

    assert memory(b"w" * 10_000) - memory(b"w") >= 2 * 9_999


def test_check_model__strings_of_another_number__are_refused():
    words = helper.make_tensor("words", TensorProto.STRING, [1], [b"word"])
    words.dims[0] = 2
    reason, detail = refused(file(mean(), [LAST, words]))
    assert reason is ModelFault.UNREADABLE
    assert detail == "tensor 'words' holds 1 items or raw bytes, expected 2"


# ── Inputs and outputs ──


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        (["N", FEATURES], True),
        ([None, FEATURES], True),
        (["N", None], True),
        ([101, FEATURES], True),
        (["N", FEATURES + 1], False),
        (["N", FEATURES, 1], False),
        (["N"], False),
        ([], False),
    ],
)
def test_check_model__input_shape__must_fit_but_for_the_batch(shape, fits):
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
