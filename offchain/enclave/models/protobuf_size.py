"""Memory that a protobuf parser would allocate, counted before one parses.

A parsed message takes far more memory than its bytes: an empty node has two bytes in the file and
hundreds in memory. A file within its size limit can therefore still exhaust a parser (denial of
service). This module walks the wire format (https://protobuf.dev/programming-guides/encoding) of an
ONNX model by its schema, without parsing it. It also checks that all text is UTF-8, which neither
the parser nor the runtime does: they would fail later, when an error quotes the text.
"""

import re
from typing import Final

import onnx
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from offchain.protocol.errors import InvalidModel, ModelFault

MESSAGE_BYTES: Final = 1024
"""Memory per message: the parser's object, and the runtime's objects for a node or a tensor."""

ITEM_BYTES: Final = 64
"""Memory per other field, in addition to its content."""

TEXT_FACTOR: Final = 3
"""Memory per byte of text: parser, checker and runtime each have a copy."""

PACKED_FACTOR: Final = 16
"""Memory per byte of packed numbers: one byte becomes eight, and a growing array doubles."""

TAGGED_FACTOR: Final = 8
"""Memory per byte of numbers with a tag each: two bytes become eight, and the array doubles."""

_STRING: Final = FieldDescriptor.TYPE_STRING
_FIXED_TYPES: Final = (
    FieldDescriptor.TYPE_FLOAT,
    FieldDescriptor.TYPE_DOUBLE,
    _STRING,
    FieldDescriptor.TYPE_BYTES,
)

_TEXTS: Final = ("s", "strings", "string_data")
"""Fields of text whose type is bytes."""

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5


def _number(wire_type: int, content: bytes) -> bytes:
    tags = re.escape(bytes((field << 3) | wire_type for field in range(1, 16)))
    return b"[%b]%b" % (tags, content)


_VARINTS: Final = _number(_VARINT, rb"[\x80-\xff]{0,9}+[\x00-\x7f]")
_FLOATS: Final = _number(_I32, b"....")
_NUMBERS: Final = re.compile(
    b"(?:%b|%b|%b|%b|%b)*+"  # sixteen at a time, where a turn takes longer than a number
    % (16 * _VARINTS, 16 * _FLOATS, _VARINTS, _FLOATS, _number(_I64, b"........")),
    re.DOTALL,
)
"""A run of numbers with one-byte tags, such as the attributes of a large tree ensemble."""

_RUN: Final = 4096
"""Maximum number of texts in a run: the limit is checked after each run."""


def _short_texts(field: int) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return the patterns of an ASCII text of less than 64 bytes, and of a run of them."""
    sizes = b"|".join(rb"%b[\x00-\x7f]{%d}" % (re.escape(bytes([n])), n) for n in range(64))
    text = b"%b(?:%b)" % (re.escape(bytes([field << 3 | _LEN])), sizes)
    return re.compile(text), re.compile(b"(?:%b){1,%d}+" % (text, _RUN))


_TEXT_LISTS: Final = {"AttributeProto": _short_texts(9), "TensorProto": _short_texts(6)}
"""Patterns of ``strings`` and ``string_data``: a tree ensemble has such a text for each node."""


def parsed_bytes(model: bytes, limit: int) -> int:
    """Return an upper bound of the memory that parsing ``model`` takes, in bytes.

    Args:
        model: a serialised `onnx.ModelProto`; untrusted.
        limit: maximum in bytes; the walk ends above it.

    Raises:
        InvalidModel: `UNREADABLE` if it is not in the wire format or has text that is not UTF-8,
            `TOO_LARGE` above the limit.
    """
    total = MESSAGE_BYTES
    messages: list[tuple[int, int, Descriptor]] = [(0, len(model), onnx.ModelProto.DESCRIPTOR)]
    while messages:
        position, end, descriptor = messages.pop()
        fields = descriptor.fields_by_number
        text, texts = _TEXT_LISTS.get(descriptor.name, (None, None))
        while position < end:
            match = _NUMBERS.match(model, position, end)
            run_end = match.end() if match else position
            total += TAGGED_FACTOR * (run_end - position)
            position = run_end
            if text and texts and (run := texts.match(model, position, end)):
                count = len(text.findall(model, position, run.end()))
                total += ITEM_BYTES * count + TEXT_FACTOR * (run.end() - position - 2 * count)
                position = run.end()
            elif position < end:
                tag, position = _varint(model, position, end)
                field, wire_type = fields.get(tag >> 3), tag & 7
                size, position = _size(model, position, end, wire_type)
                if wire_type != _LEN or field is None or field.type in _FIXED_TYPES:
                    weights = field is not None and field.name == "raw_data"
                    total += ITEM_BYTES + size * (1 if weights else TEXT_FACTOR)
                    if field is not None and (field.type == _STRING or field.name in _TEXTS):
                        _check_text(model[position : position + size], field.name)
                elif field.message_type is not None:
                    messages.append((position, position + size, field.message_type))
                    total += MESSAGE_BYTES
                else:
                    total += ITEM_BYTES + PACKED_FACTOR * size
                position += size
            if total > limit:
                raise InvalidModel(
                    ModelFault.TOO_LARGE,
                    f"takes over {total} bytes to parse, expected {limit} at most",
                )
    return total


def _check_text(content: bytes, name: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise InvalidModel(ModelFault.UNREADABLE, f"{name} is not UTF-8: {error}") from error


def _varint(model: bytes, position: int, end: int) -> tuple[int, int]:
    """Return the number at ``position`` and the position after it."""
    value = shift = 0
    while position < end and shift < 64:
        byte = model[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise InvalidModel(ModelFault.UNREADABLE, f"no number at byte {position} of a protobuf message")


def _size(model: bytes, position: int, end: int, wire_type: int) -> tuple[int, int]:
    """Return the size of a field's content and the position where it begins."""
    if wire_type == _VARINT:
        size = _varint(model, position, end)[1] - position
    elif wire_type == _LEN:
        size, position = _varint(model, position, end)
    elif wire_type in (_I64, _I32):
        size = 8 if wire_type == _I64 else 4
    else:
        raise InvalidModel(ModelFault.UNREADABLE, f"wire type {wire_type} at byte {position}")
    if position + size > end:
        raise InvalidModel(
            ModelFault.UNREADABLE,
            f"{size} bytes at byte {position}, expected at most {end - position} in their message",
        )
    return size, position
