"""Whatever a model makes the runtime raise, print or return is the model's own refusal."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, defs, helper

from offchain.enclave.models import attributes, runtime
from offchain.enclave.models.fused import FUSED
from offchain.enclave.models.ops import ALLOWED, domain_of
from offchain.enclave.models.static import check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from tests.fire.forks import outcomes, without_checks_of_texts
from tests.fire.operators import (
    Example,
    attributes_of,
    examples,
    first_of_each_op,
    with_attribute,
)
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.checks import refused
from tests.offchain.enclave.models.onnx_files import FEATURES, LIMITS, VALUES, constant, proto

TEXT = (defs.OpSchema.AttrType.STRING, defs.OpSchema.AttrType.STRINGS)
SAMPLES = np.random.default_rng(0).random((10, FEATURES), np.float32)
HOSTILE = (
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"",
    b"nonsense",
    b"std::bad_alloc",
    b"SUM\0",
    b"n" * 10**5,
)


def texts() -> list[tuple[Example, str, int]]:
    """Return every text attribute of every allowed op, and its length if it is a list, else 0."""
    return [
        (example, name, length(example, name) if kind == TEXT[1] else 0)
        for example in first_of_each_op()
        for name, kind in attributes_of(example.node.op_type, domain_of(example.node)).items()
        if kind in TEXT
    ]


def length(example: Example, name: str) -> int:
    found = [len(a.strings) for a in example.node.attribute if a.name == name]
    return max([1, *found])


def text_of(value: bytes, count: int) -> object:
    return [value] * count if count else value


def test_examples__all__are_of_every_allowed_op_of_onnx():
    """Ops of the runtime's own domain have their tests beside the others of models."""
    found = {(domain_of(example.node), example.node.op_type) for example in examples()}
    standard = {domain: ops for domain, ops in ALLOWED.items() if domain != "com.microsoft"}
    assert found == {(domain, op) for domain, ops in standard.items() for op in ops}


def test_strings__all_texts_of_the_schemas__are_in_the_table_or_are_data():
    """A text attribute that a later version of ONNX adds must get its allowed values."""
    known = {
        (op, name)
        for op, names in attributes.STRINGS.items()
        for name in names
        if op not in FUSED - ALLOWED[""]  # ONNX has no schema of these
    }
    schemas = {(example.node.op_type, name) for example, name, _ in texts()}
    data = {(op, name) for op, name in schemas if name in attributes.FREE_TEXTS}
    assert schemas - data == known


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("op", "name"),
    [(op, name) for op in sorted(FUSED) for name in attributes.STRINGS.get(op, {})],
)
def test_check_strings__hostile_text_of_a_fused_op__is_refused(op, name, value):
    node = helper.make_node(op, ["x"], ["y"], domain="com.microsoft", **{name: value})
    with pytest.raises(InvalidModel) as refusal:
        attributes.check_strings(node, FUSED)
    assert refusal.value.reason is ModelFault.UNSUPPORTED_OP


@pytest.fixture
def deep(request) -> bool:
    return request.config.getoption("--hypothesis-profile") == "deep"


@pytest.mark.parametrize("unchecked", [False, True])
def test_run_model__any_text_of_any_op_is_hostile__is_its_own_refusal(unchecked, deep):
    """Without the static checks, the runtime and its bindings meet the texts themselves."""
    values = HOSTILE[:2] if unchecked else HOSTILE
    hostile = [
        (example, name, example.case(with_attribute(example.node, name, text_of(value, old))))
        for number, (example, name, old) in enumerate(texts())
        for value in (values if deep else [values[number % len(values)]])
    ]
    prepare = {"prepare": without_checks_of_texts} if unchecked else {}
    cases = (replace(case, **prepare) for _, _, case in hostile)
    results = outcomes(cases, together=25)
    for (example, name, _), result in zip(hostile, results, strict=True):
        assert not result.abort, (example.name, name, result.abort)
        assert result.fault or unchecked or name in attributes.FREE_TEXTS, (example.name, name)


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", "\u00e9".encode("latin-1")])
def test_check_model__text_that_is_not_utf_8__is_unreadable(text):
    """Every text of a file: names, documentation, metadata, and attributes."""
    marker = b"MARKED"
    model = proto(onnx_files.mean(), [onnx_files.LAST])
    name = marker.decode()
    places = {
        "producer_name": lambda m: setattr(m, "producer_name", name),
        "doc_string": lambda m: setattr(m.graph, "doc_string", name),
        "metadata": lambda m: m.metadata_props.add(key="a", value=name),
        "key": lambda m: m.metadata_props.add(key=name, value="a"),
        "node": lambda m: setattr(m.graph.node[0], "name", name),
        "constant": lambda m: m.graph.initializer.append(constant(name, [1])),
        "attribute": lambda m: m.graph.node[0].attribute.add(name=name, type=2, i=1),
        "string": lambda m: m.graph.node[0].attribute.add(name="a", type=3, s=marker),
        "strings": lambda m: m.graph.node[0].attribute.add(name="a", type=8, strings=[marker]),
        "tensor": lambda m: m.graph.initializer.append(
            helper.make_tensor("s", TensorProto.STRING, [1], [marker])
        ),
        "dimension": lambda m: m.graph.input[0].type.tensor_type.shape.dim.add(dim_param=name),
    }
    for place, put in places.items():
        changed = type(model)()
        changed.CopyFrom(model)
        put(changed)
        content = changed.SerializeToString()
        assert content.count(marker) == 1, place
        content = content.replace(marker, text.ljust(len(marker), b"x"))
        with pytest.raises(InvalidModel, match="is not UTF-8") as refusal:
            check_model(content, VALUES, LIMITS, rows=100)
        assert refusal.value.reason is ModelFault.UNREADABLE, place


@pytest.mark.parametrize("words", runtime.OUT_OF_MEMORY)
def test_check_model__words_of_a_lack_of_memory__are_refused(words):
    """An error that quotes such a name would pass for the machine's fault: a task's abort."""
    model = proto(onnx_files.mean(), [onnx_files.LAST])
    model.graph.node[0].name = f"x{words[:-1]}"
    check_model(model.SerializeToString(), VALUES, LIMITS, rows=100)
    model.graph.node[0].name = f"x{words}"
    assert refused(model.SerializeToString()) is ModelFault.UNREADABLE


def test_run_session__error_is_not_utf_8__is_the_models_fault():
    with pytest.raises(InvalidModel) as refusal, runtime._sorted_errors():
        raise UnicodeDecodeError("utf-8", b"norm \xff is unknown", 5, 6, "invalid start byte")
    assert (refusal.value.reason, refusal.value.detail) == (
        ModelFault.RUNTIME,
        "norm \ufffd is unknown",
    )


@pytest.mark.parametrize(
    "error", [SystemError("x"), ValueError("x"), RuntimeError("x"), KeyError()]
)
def test_run_session__any_error__is_the_models_fault(error):
    with pytest.raises(InvalidModel) as refusal, runtime._sorted_errors():
        raise error
    assert refusal.value.reason is ModelFault.RUNTIME


@pytest.mark.parametrize("error", [OSError("x"), ImportError("x"), MemoryError("x")])
def test_run_session__fault_of_the_machine__is_not_the_models(error):
    with pytest.raises(type(error)), runtime._sorted_errors():
        raise error


@pytest.mark.parametrize("words", runtime.OUT_OF_MEMORY)
@pytest.mark.parametrize("undecodable", [b"", b"\xff "])
def test_run_session__any_error_of_memory__is_the_machines_fault(words, undecodable):
    text = undecodable + words.encode() + b" and more"
    with pytest.raises(MemoryError, match=words), runtime._sorted_errors():
        raise UnicodeDecodeError("utf-8", text, 0, 1, "x")
