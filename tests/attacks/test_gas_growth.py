"""The cost of a sale does not grow with others: an attacker cannot make it dear by taking part."""

from itertools import pairwise

import pytest

from scripts.growth import measure
from scripts.lib.gas_report import SNAPSHOT, read
from scripts.lib.replay import FORKS

SIZES = {"submissions": (1, 2, 5), "tasks": (1, 4), "awards": (1, 2), "signatures": (1, 2, 3)}
NOISE = 100
"""Gas that depends on how many bytes of calldata are zero."""
NEW_HEAD = {"osaka": 17_100, "amsterdam": 97_920}
"""Gas that the first reveal of a task uses on top: its head is a new word."""


@pytest.fixture(scope="module")
def found():
    return measure(SIZES)


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize(
    ("axis", "functions"),
    [
        (
            "submissions",
            ("commit_model", "close_reveals", "post_report", "claim_award", "settle"),
        ),
        ("tasks", ("create_task", "commit_model")),
    ],
)
def test_gas__more_of_others__changes_nothing(found, fork, axis, functions):
    for function in functions:
        used = [found[axis, size, function][fork] for size in SIZES[axis]]
        assert max(used) - min(used) < NOISE, function


@pytest.mark.parametrize("fork", FORKS)
def test_gas__first_reveal__pays_for_the_head_alone(found, fork):
    first, second, fifth = (
        found["submissions", size, "reveal_model"][fork] for size in SIZES["submissions"]
    )
    assert abs(second - fifth) < NOISE
    assert abs(first - second - NEW_HEAD[fork]) < NOISE


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize(
    ("row", "name"),
    [
        (("submissions", 1, "claim_award"), "claim_award, of 1"),
        (("submissions", 1, "close_reveals"), "close_reveals"),
        (("signatures", 1, "post_report"), "post_report, 1 signature, roster of 4, 1 award"),
        (("signatures", 3, "settle"), "settle, 3 signers"),
    ],
)
def test_gas__in_this_process__is_that_of_the_node(found, fork, row, name):
    """The snapshot is of transactions on anvil."""
    assert found[row][fork] == pytest.approx(read(SNAPSHOT)["rows"][name][fork], rel=0.005)


@pytest.mark.parametrize("fork", FORKS)
def test_gas__one_signature_more__stays_below_one_tenth_of_a_sale(found, fork):
    used = [found["signatures", size, "post_report"][fork] for size in SIZES["signatures"]]
    steps = [after - before for before, after in pairwise(used)]
    assert all(0 < step < 24_000 for step in steps), steps
