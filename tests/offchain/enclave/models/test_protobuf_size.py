"""Bounds of a parser's memory, computed before it parses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, TensorProto, helper

from offchain.enclave.models.protobuf_size import (
    ITEM_BYTES,
    MESSAGE_BYTES,
    TEXT_FACTOR,
    parsed_bytes,
)
from offchain.protocol.errors import InvalidModel, ModelFault
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import constant, field, mean, node, proto

MANY = 2**40


def refused(model: bytes, limit: int) -> ModelFault:
    with pytest.raises(InvalidModel) as refusal:
        parsed_bytes(model, limit)
    return refusal.value.reason


def messages(value: object) -> int:
    """Count the messages in a parsed message, itself included."""
    children = [item for kind, item in value.ListFields() if kind.message_type is not None]
    repeated = [list(item) if hasattr(item, "append") else [item] for item in children]
    return 1 + sum(messages(item) for items in repeated for item in items)


def test_parsed_bytes__honest__counts_messages_and_content():
    weights = constant("w", np.zeros(10_000), np.float32)
    model = proto(mean(), [onnx_files.LAST, weights])
    total = parsed_bytes(model.SerializeToString(), MANY)
    least = MESSAGE_BYTES * messages(model) + 40_000
    assert least <= total <= 2 * least


def test_parsed_bytes__limit__is_the_most_allowed():
    model = onnx_files.honest()
    total = parsed_bytes(model, MANY)
    assert parsed_bytes(model, total) == total
    assert refused(model, total - 1) is ModelFault.TOO_LARGE


@pytest.mark.parametrize("number", [1, 5, 11, 13])
def test_parsed_bytes__millions_of_empty_messages__is_too_large_at_once(number):
    """One megabyte can take half a gigabyte to parse: empty nodes, initializers, inputs, claims."""
    graph = field(7, field(number, b"") * 500_000)
    assert len(graph) < 2**20
    assert refused(graph, 64 * 2**20) is ModelFault.TOO_LARGE


def test_parsed_bytes__packed_numbers__are_charged_for_their_growth():
    tensor = field(7, bytes(100_000))  # int64_data: one byte for each, eight in memory
    assert parsed_bytes(field(7, field(5, tensor)), MANY) > 800_000


def test_parsed_bytes__a_million_numbers_of_a_tree__are_not_charged_as_messages():
    attribute = AttributeProto(name="nodes_nodeids", ints=range(10**6))
    model = ModelProto()
    model.graph.node.append(node("Relu", ["x"], ["y"]))
    model.graph.node[0].attribute.append(attribute)
    content = model.SerializeToString()
    assert 8 * 10**6 < parsed_bytes(content, MANY) < 100 * 10**6


def tree_of(*modes: bytes) -> bytes:
    """Return a file whose node has an attribute with these texts."""
    model = ModelProto()
    model.graph.node.add().attribute.add(strings=modes)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("text", [b"", b"a", 63 * b"a", 64 * b"a", 200 * b"a", "é".encode()])
@pytest.mark.parametrize("count", [1, 2, 4096, 4097, 10_000])
def test_parsed_bytes__texts_of_a_tree__are_charged_alike_whatever_their_length(text, count):
    base = parsed_bytes(tree_of(), MANY)
    each = ITEM_BYTES + TEXT_FACTOR * len(text)
    total = parsed_bytes(tree_of(*count * [text]), MANY)
    assert total == base + count * each
    assert refused(tree_of(*count * [text]), total - 1) is ModelFault.TOO_LARGE


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3", 100 * b"a" + b"\x80"])
def test_parsed_bytes__one_text_of_a_tree_is_not_utf8__is_unreadable(wrong, place):
    modes = 100 * [b"LEAF"]
    modes[place] = wrong
    assert refused(tree_of(*modes), MANY) is ModelFault.UNREADABLE


def test_parsed_bytes__fields_that_the_schema_lacks__are_counted():
    """Unknown fields can have every wire type, as in a later version of the format."""
    content = b"\xa0\x06\x07" + b"\xa1\x06" + bytes(8) + b"\xa2\x06\x03abc" + b"\xa5\x06" + bytes(4)
    ModelProto.FromString(content)
    assert MESSAGE_BYTES + len(content) < parsed_bytes(content, MANY) < 2 * MESSAGE_BYTES


@pytest.mark.parametrize(
    "broken",
    [
        b"\x3a",  # no length
        b"\x3a\x05abc",  # longer than its message
        b"\xff" * 11,  # no number
        b"\x0b",  # a group
        b"\x3f",  # no wire type
        b"\x39\x00",  # eight bytes cut off
    ],
)
def test_parsed_bytes__not_in_the_wire_format__is_unreadable(broken):
    assert refused(broken, MANY) is ModelFault.UNREADABLE


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.text().map(str.encode)),
    st.lists(st.floats(allow_subnormal=False)),  # the runtime of another test may flush these
)
def test_parsed_bytes__any_attribute__is_at_least_its_size(integers, strings, floats):
    attribute = AttributeProto(ints=integers, strings=strings, floats=floats)
    model = ModelProto()
    model.graph.node.append(helper.make_node("Relu", ["x"], ["y"]))
    model.graph.node[0].attribute.append(attribute)
    model.graph.initializer.append(TensorProto(int64_data=integers))
    content = model.SerializeToString()
    total = parsed_bytes(content, MANY)
    in_memory = 16 * len(integers) + 4 * len(floats) + sum(16 + len(s) for s in strings)
    assert total >= max(len(content), in_memory)
