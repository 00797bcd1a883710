"""The word of a task's progress lies as docs/SPEC.md says."""

import re
from pathlib import Path

import pytest
from brownie import ExposedSale, accounts

from tests.sale import GWEI, Progress

SPEC = Path(__file__).parents[3] / "docs" / "SPEC.md"
UNITS = {"commit_bond": GWEI, "entry_fee": GWEI}


@pytest.fixture(scope="module")
def exposed(module_isolation):
    return accounts[1].deploy(ExposedSale)


def layout():
    """Bits of each field, from the highest, as the specification has them."""
    row = re.search(r"^\| progress \| (.+?) \|", SPEC.read_text(), re.MULTILINE)[1]
    widths = [int(field.split()[-1]) for field in row.split(" · ")]
    return dict(zip(Progress._fields, widths, strict=True))


def places():
    """Where each field starts, and how wide it is."""
    start, found = 256, {}
    for field, width in layout().items():
        start -= width
        found[field] = (start, width)
    assert start == 0
    return found


@pytest.mark.parametrize("field", Progress._fields)
@pytest.mark.parametrize("least", [True, False], ids=["one", "all bits"])
def test_pack__one_field__lies_in_its_place_alone(exposed, field, least):
    start, width = places()[field]
    value = 1 if least else 2**width - 1
    progress = Progress(*[0] * 10)._replace(**{field: value * UNITS.get(field, 1)})
    assert exposed.pack(progress) == value << start
    assert Progress(*exposed.unpack(value << start)) == progress


def test_unpack__all_bits__are_the_largest_of_each_field(exposed):
    largest = {field: (2**width - 1) * UNITS.get(field, 1) for field, width in layout().items()}
    assert Progress(*exposed.unpack(2**256 - 1)) == Progress(**largest)
    assert exposed.pack(Progress(**largest)) == 2**256 - 1
