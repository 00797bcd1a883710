"""The comparison of `make venom` notices whatever differs between two builds."""

from collections import Counter

import pytest

from tests.compilers.compare import FIELDS, compare, first_difference

CALL = ["0a.01", "i", "ok", "o", "l", "s"]
OTHER = ["0a.02", "i", "revert", "o", "l", "-"]


@pytest.mark.parametrize(("place", "field"), list(enumerate(FIELDS)))
def test_first_difference__one_field_of_one_call__is_named(place: int, field: str) -> None:
    changed = [*CALL]
    changed[place] = "another"
    assert first_difference([OTHER, CALL], [OTHER, changed]) == f"call 1, {CALL[0]}: {field}"


def test_first_difference__equal_calls__none() -> None:
    assert first_difference([CALL, OTHER], [CALL, OTHER]) is None


def test_first_difference__a_call_less__is_named() -> None:
    assert first_difference([CALL, OTHER], [CALL]) == "call 1 was made in one run alone"


def test_compare__test_of_one_run_alone__differs() -> None:
    counts, found = compare({"a": [CALL, OTHER], "b": [CALL]}, {"a": [CALL, OTHER]})
    assert counts == Counter({"tests": 2, "calls": 3, "reverts": 1})
    assert found == ["b: call 0 was made in one run alone"]
