"""The count of `make symbolic` takes no property for proved that is not."""

import pytest

from tests.symbolic.run import COUNTEREXAMPLE, HELD, faults

BOTH = {"check_a", "twin_a"}
TIMEOUT = 3


def test_faults__property_held_and_twin_failed__none() -> None:
    assert faults(BOTH, {"check_a": HELD, "twin_a": COUNTEREXAMPLE}) == []


@pytest.mark.parametrize("code", [COUNTEREXAMPLE, TIMEOUT, None])
def test_faults__property_not_proved__is_named(code: int | None) -> None:
    found = {"check_a": code, "twin_a": COUNTEREXAMPLE}
    assert faults(BOTH, found) == [f"check_a ended with {code}, expected 0"]


@pytest.mark.parametrize("code", [HELD, TIMEOUT, None])
def test_faults__twin_without_counterexample__is_named(code: int | None) -> None:
    assert faults(BOTH, {"check_a": HELD, "twin_a": code}) == [
        f"twin_a ended with {code}, expected 1"
    ]


def test_faults__property_without_a_twin__is_named() -> None:
    assert faults({"check_a"}, {"check_a": HELD}) == ["a has no partner"]
