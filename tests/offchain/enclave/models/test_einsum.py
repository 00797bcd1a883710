"""``Einsum``: shape, largest inner value and work, exactly."""

import pytest
from onnx import TensorProto

from offchain.enclave.models.einsum import infer_einsum
from offchain.enclave.models.tensors import MAX_RANK, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault
from tests.offchain.enclave.models.onnx_files import node

LETTERS = "abcdefghijklmnopq"
CALL, ELEMENT = 1024, 64


def infer(equation: str, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...] | None, int, int]:
    names = [f"x{at}" for at in range(len(shapes))]
    types = {
        name: tensor_type(TensorProto.DOUBLE, shape)
        for name, shape in zip(names, shapes, strict=True)
    }
    made, largest, work = infer_einsum(node("Einsum", names, ["z"], equation=equation), types)
    assert made["z"].tensor_type.elem_type == TensorProto.DOUBLE
    return shape_of(made["z"]), largest, work


@pytest.mark.parametrize(
    ("equation", "shapes", "made", "largest", "calls"),
    [
        ("ij->ji", [(3, 5)], (5, 3), 15, 1),
        ("ij,jk->ik", [(3, 5), (5, 7)], (3, 7), 105, 2),  # a sum is no stack
        (" b i j , b j k -> b i k ", [(2, 3, 5), (2, 5, 7)], (2, 3, 7), 210, 2 * 2),
        ("i,i->", [(3,), (3,)], (), 3, 2),
        ("i,i,i->", [(3,), (3,), (3,)], (), 3, 3 * 3),  # still needed after the first step
        ("ij,ij,jk->ijk", [(3, 5), (3, 5), (5, 7)], (3, 5, 7), 105, 3 * 3 * 5),
        ("ii->i", [(3, 3)], (3,), 3, 1),
        ("ab,ab->ab", [(0, 5), (0, 5)], (0, 5), 5, 2 * 5),  # an empty axis counts as one
    ],
)
def test_infer_einsum__equation__has_its_shape_and_work(equation, shapes, made, largest, calls):
    work = ELEMENT * largest * len(shapes) + CALL * calls
    assert infer(equation, *shapes) == (made, largest, work)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij", [(3, 5)]),  # no arrow
        ("...j->j", [(3, 5)]),
        ("i1->i", [(3, 5)]),
        ("ij->ii", [(3, 5)]),
        ("ij->ik", [(3, 5)]),
        ("ijk->i", [(3, 5)]),
        ("ij,jk->ik", [(3, 5), (6, 7)]),
        ("ij,jk->ik", [(3, 5)]),
        ("ij->ij", [(3, 5), (3, 5)]),
        ("äj->j", [(3, 5)]),
        ("", [(3, 5)]),
    ],
)
def test_infer_einsum__letters_that_do_not_fit__are_refused(equation, shapes):
    with pytest.raises(InvalidModel) as refusal:
        infer(equation, *shapes)
    assert refusal.value.reason is ModelFault.SHAPE


def test_infer_einsum__letters_of_all_inputs__are_as_many_as_dimensions_at_most():
    first, second = LETTERS[:8], LETTERS[8:MAX_RANK]
    assert infer(f"{first},{second}->", (1,) * 8, (1,) * 8)[1] == 1
    with pytest.raises(InvalidModel, match="expected letters that fit"):
        infer(f"{first},{second}q->", (1,) * 8, (1,) * 9)
