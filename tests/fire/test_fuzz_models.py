"""Mutated models of every operator: no run is aborted, by a signal or otherwise."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto

from tests.fire.forks import Case, outcomes_and_growth
from tests.fire.operators import HOSTILE_INTEGERS, examples

DEEP_INPUTS = 100_000
QUICK_INPUTS = 60
LIST = 500
"""Inputs in one process that forks."""
GROWTH_BYTES = 16 * 2**20
"""Memory that this process may have more after a list: 32 KiB for an input."""
FLOATS = (0.0, -1.0, 1e-45, 3e38, float("inf"), float("nan"))


def mutated(seed: int, count: int) -> Iterator[Case]:
    """Yield models with one to three changes, of bytes or of what they mean."""
    random = np.random.default_rng(seed)
    found = examples()
    for _ in range(count):
        case = found[random.integers(len(found))].case()
        change = change_bytes if random.integers(3) == 0 else change_meaning
        content = case.model
        for _ in range(random.integers(1, 4)):
            content = change(content, random)
        yield replace(case, model=content)


def change_bytes(model: bytes, random: np.random.Generator) -> bytes:
    """Change, remove or repeat a few bytes."""
    content = bytearray(model)
    start, size, kind = (int(random.integers(most)) for most in (len(content), 5, 3))
    if kind == 0:
        content[start] = int(random.integers(256))
    elif kind == 1:
        del content[start : start + size]
    else:
        content[start:start] = content[start : start + size]
    return bytes(content)


def change_meaning(model: bytes, random: np.random.Generator) -> bytes:
    """Change a field of the first node, one of its constants, or the opset; the file stays one."""
    proto = ModelProto.FromString(model)
    node, kind = proto.graph.node[0], random.integers(6)
    if kind <= 1 and node.attribute:
        _change_attribute(node, random)
    elif kind == 2 and node.input:
        at = random.integers(len(node.input))
        names = [*node.input, "", "x", *(tensor.name for tensor in proto.graph.initializer)]
        node.input[at] = names[random.integers(len(names))]
    elif kind == 3:
        other = examples()[random.integers(len(examples()))].node
        node.op_type, node.domain = other.op_type, other.domain
    elif kind == 4:
        proto.opset_import[0].version = int(random.integers(9, 29))
    elif proto.graph.initializer:
        _change_constant(proto.graph.initializer[0], random)
    return proto.SerializeToString()


def _change_attribute(node: NodeProto, random: np.random.Generator) -> None:
    attribute = node.attribute[random.integers(len(node.attribute))]
    values = attribute.ints or attribute.floats
    integer = HOSTILE_INTEGERS[random.integers(len(HOSTILE_INTEGERS))]
    new = FLOATS[random.integers(len(FLOATS))] if attribute.floats else integer
    kind = random.integers(4)
    if kind == 0:
        node.attribute.remove(attribute)
    elif not values:
        attribute.i = integer
    elif kind == 1:
        values.append(new)
    elif kind == 2:
        values.pop()
    else:
        values[random.integers(len(values))] = new


def _change_constant(tensor: TensorProto, random: np.random.Generator) -> None:
    """Replace values, or give the same values another shape."""
    if random.integers(2) or not tensor.raw_data:
        size = int(np.prod(tensor.dims))
        tensor.dims[:] = [[size], [1, size], [size, 1], [1, 1, size, 1]][random.integers(4)]
    else:
        values = bytearray(tensor.raw_data)
        start = int(random.integers(len(values)))
        values[start : start + 8] = random.bytes(len(values[start : start + 8]))
        tensor.raw_data = bytes(values)


@pytest.fixture
def inputs(request) -> int:
    deep = request.config.getoption("--hypothesis-profile") == "deep"
    return DEEP_INPUTS if deep else QUICK_INPUTS


def test_run_model__mutated__is_refused_or_scored(inputs):
    for seed, start in enumerate(range(0, inputs, LIST)):
        cases = list(mutated(seed, min(LIST, inputs - start)))
        results, growth = outcomes_and_growth(cases)
        aborts = [
            (case.model.hex(), outcome.abort)
            for case, outcome in zip(cases, results, strict=True)
            if outcome.abort
        ]
        assert aborts == [], f"seed {seed}"
        assert growth < GROWTH_BYTES, f"seed {seed}"
