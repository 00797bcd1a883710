"""Mutated bytes, documents, requests and models, as many as asked for, from a seed."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto

from tests.fire.forks import Case
from tests.fire.operators import HOSTILE_INTEGERS, examples

PIECES = [
    *(bytes([each]) for each in b'{}[],:"\\0x9-.etfn \xff\x00\r\n'),
    *(b"null", b"true", b'"0x"', b"1e999", b"\\ud800", b"[[[["),
]
VALUES = (
    *(None, True, 0, -1, 1, 2, 1.5, 2**53, 2**64, 10**30, [], {}, "", "0", "1", "007", "-1", "x"),
    *("0x", "0x0", "0x" + 64 * "f", "0x" + 40 * "a", str(2**256 - 1), str(2**256), "9" * 79),
)
FLOATS = (0.0, -1.0, 1e-45, 3e38, float("inf"), float("nan"))


# ── Bytes and documents ──


def change_bytes(content: bytes, source: random.Random) -> bytes:
    """Return the content with one to four cuts, copies, or pieces put in."""
    made = bytearray(content)
    for _ in range(source.randint(1, 4)):
        at, to = sorted(source.randrange(len(made) + 1) for _ in range(2))
        piece = bytes(made[at : min(to, at + 40)])
        made[at : source.choice([at, at + 1, min(to, at + 40)])] = source.choice(
            [source.choice(PIECES), b"", piece * 2]
        )
    return bytes(made)


def change_document(content: bytes, source: random.Random) -> bytes:
    """Return a document with one to three changes of its values; it stays JSON."""
    tree = json.loads(content)
    for _ in range(source.randint(1, 3)):
        if not (places := list(_places(tree))):
            break
        holder, name = source.choice(places)
        _change_value(holder, name, source.choice(places), source)
    return json.dumps(tree, ensure_ascii=source.random() < 0.5).encode()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every value of a tree, by what holds it and its name or number there."""
    if isinstance(tree, dict | list):
        for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield tree, name
            yield from _places(value)


def _change_value(holder: Any, name: Any, other: tuple[Any, Any], source: random.Random) -> None:
    value, kind = holder[name], source.randrange(8)
    foreign = json.loads(json.dumps(other[0][other[1]]))
    if kind == 0:
        del holder[name]
    elif kind == 1:
        holder[name] = foreign
    elif kind == 2:
        holder[name] = source.choice(VALUES)
    elif kind == 3 and isinstance(holder, list):
        holder.append(value)
    elif kind == 3:
        holder[source.choice(["x", "", "version", str(source.randrange(4)), name + " "])] = foreign
    elif isinstance(value, str) and value.isdigit():
        longest = value.zfill(source.choice([78, 79]))
        holder[name] = source.choice([str(int(value) + 1), longest, str(int(value) // 2)])
    elif isinstance(value, str) and len(value) > 2:
        at = source.randrange(2, len(value))
        changed = value[:at] + source.choice("0aFxé") + value[at + 1 :]
        holder[name] = source.choice([changed, value.upper(), value.lower(), value[:2] + value[4:]])
    elif type(value) is int:
        holder[name] = value + source.choice([1, -1, 2**32])
    elif isinstance(value, list):
        holder[name] = source.choice([value[::-1], value[:-1], value * 2])
    else:
        holder[name] = not value


# ── Models ──


@cache
def _models() -> list[Case]:
    return [example.case() for example in examples()]


def mutated_models(seed: Sequence[int], count: int) -> Iterator[Case]:
    """Yield models with one to three changes, of bytes or of what they mean."""
    source = np.random.default_rng(seed)
    for _ in range(count):
        case = _models()[source.integers(len(_models()))]
        change = _change_file if source.integers(3) == 0 else change_meaning
        content = case.model
        for _ in range(source.integers(1, 4)):
            content = change(content, source)
        yield replace(case, model=content)


def _change_file(model: bytes, source: np.random.Generator) -> bytes:
    """Change, remove or repeat a few bytes."""
    content = bytearray(model)
    start, size, kind = (int(source.integers(most)) for most in (len(content), 5, 3))
    if kind == 0:
        content[start] = int(source.integers(256))
    elif kind == 1:
        del content[start : start + size]
    else:
        content[start:start] = content[start : start + size]
    return bytes(content)


def change_meaning(model: bytes, source: np.random.Generator) -> bytes:
    """Change a field of the first node, one of its constants, or the opset; the file stays one."""
    proto = ModelProto.FromString(model)
    node, kind = proto.graph.node[0], source.integers(6)
    if kind <= 1 and node.attribute:
        _change_attribute(node, source)
    elif kind == 2 and node.input:
        at = source.integers(len(node.input))
        names = [*node.input, "", "x", *(tensor.name for tensor in proto.graph.initializer)]
        node.input[at] = names[source.integers(len(names))]
    elif kind == 3:
        other = examples()[source.integers(len(examples()))].node
        node.op_type, node.domain = other.op_type, other.domain
    elif kind == 4:
        proto.opset_import[0].version = int(source.integers(9, 29))
    elif proto.graph.initializer:
        _change_constant(proto.graph.initializer[0], source)
    return proto.SerializeToString()


def _change_attribute(node: NodeProto, source: np.random.Generator) -> None:
    attribute = node.attribute[source.integers(len(node.attribute))]
    values = attribute.ints or attribute.floats
    integer = HOSTILE_INTEGERS[source.integers(len(HOSTILE_INTEGERS))]
    new = FLOATS[source.integers(len(FLOATS))] if attribute.floats else integer
    kind = source.integers(4)
    if kind == 0:
        node.attribute.remove(attribute)
    elif not values:
        attribute.i = integer
    elif kind == 1:
        values.append(new)
    elif kind == 2:
        values.pop()
    else:
        values[source.integers(len(values))] = new


def _change_constant(tensor: TensorProto, source: np.random.Generator) -> None:
    """Replace values, or give the same values another shape."""
    if source.integers(2) or not tensor.raw_data:
        size = int(np.prod(tensor.dims))
        tensor.dims[:] = [[size], [1, size], [size, 1], [1, 1, size, 1]][source.integers(4)]
    else:
        values = bytearray(tensor.raw_data)
        start = int(source.integers(len(values)))
        values[start : start + 8] = source.bytes(len(values[start : start + 8]))
        tensor.raw_data = bytes(values)
