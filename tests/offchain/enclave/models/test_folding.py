"""Constant folding: the values of shapes and of small constants, and where it stops."""

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, numpy_helper

from offchain.enclave.models.folding import KNOWN_ELEMENTS, fold
from offchain.enclave.models.tensors import tensor_type
from tests.offchain.enclave.models.onnx_files import constant, node

VERSIONS = {"": 18}


def folded(made: NodeProto, *, made_shape: tuple[int, ...], **inputs: object) -> object:
    """Fold a node whose inputs are constants, or of a shape alone if that is a tuple."""
    known = {
        name: constant(name, value, np.int64)
        for name, value in inputs.items()
        if not isinstance(value, tuple)
    }
    shapes = {
        name: value if isinstance(value, tuple) else np.shape(value)
        for name, value in inputs.items()
    }
    types = {
        name: tensor_type(TensorProto.INT64, shape)
        for name, shape in (shapes | {"y": made_shape}).items()
    }
    values = fold(made, types, known, VERSIONS)
    return numpy_helper.to_array(values["y"]).tolist() if values else None


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [2, 3, 5]),
        ({"start": 1}, [3, 5]),
        ({"start": -1}, [5]),
        ({"end": 2}, [2, 3]),
        ({"start": 1, "end": -1}, [3]),
    ],
)
def test_fold__shape_of_a_value__is_its_sizes(options, sizes):
    shape = folded(node("Shape", ["x"], ["y"], **options), made_shape=(len(sizes),), x=(2, 3, 5))
    assert shape == sizes


@pytest.mark.parametrize(("shape", "size"), [((2, 3, 5), 30), ((0, 3), 0), ((), 1)])
def test_fold__size_of_a_value__is_the_number_of_its_elements(shape, size):
    assert folded(node("Size", ["x"], ["y"]), made_shape=(), x=shape) == size


@pytest.mark.parametrize(
    ("count", "result"),
    [(KNOWN_ELEMENTS, [0] * KNOWN_ELEMENTS), (KNOWN_ELEMENTS + 1, None)],
)
def test_fold__constants__are_computed_up_to_a_number_of_elements(count, result):
    made = node("Neg", ["x"], ["y"])
    assert folded(made, made_shape=(count,), x=[0] * count) == result


def test_fold__value_that_is_not_known__is_not_computed():
    made = node("Add", ["x", "z"], ["y"])
    assert folded(made, made_shape=(2,), x=[1, 2], z=[3, 4]) == [4, 6]
    assert folded(made, made_shape=(2,), x=[1, 2], z=(2,)) is None


def test_fold__node_that_the_runtime_refuses__has_no_value():
    made = node("Gather", ["x", "i"], ["y"])
    assert folded(made, made_shape=(), x=[1, 2], i=1) == 2
    assert folded(made, made_shape=(), x=[1, 2], i=5) is None
