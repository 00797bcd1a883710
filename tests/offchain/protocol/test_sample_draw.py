"""The seeded sample: a fixed vector, and what makes it a fair sample."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.sample import draw
from tests.vectors.generate import word


@given(st.binary(min_size=32, max_size=32), st.integers(1, 300), st.data())
def test_draw__any_seed__is_different_rows_that_rise(
    seed: bytes, samples: int, data: st.DataObject
) -> None:
    rows = draw(seed, samples, data.draw(st.integers(1, samples)))
    assert (np.diff(rows) > 0).all()
    assert rows[0] >= 0
    assert rows[-1] < samples


def test_draw__all_rows__is_all_of_them() -> None:
    assert draw(word("seed"), 50, 50).tolist() == list(range(50))


def test_draw__many_seeds__favours_no_set() -> None:
    count = 3000
    drawn = Counter(tuple(draw(word(f"seed {i}"), 5, 2).tolist()) for i in range(count))
    assert set(drawn) == set(combinations(range(5), 2))
    expected = count / 10
    chi_square = sum((seen - expected) ** 2 / expected for seen in drawn.values())
    assert chi_square < 27.9  # the 0.999 quantile for 9 degrees of freedom


@pytest.mark.parametrize("size", [0, 51])
def test_draw__size_out_of_range__raises(size: int) -> None:
    with pytest.raises(ValueError, match=f"^sample of {size} rows, expected 1 to 50$"):
        draw(word("seed"), 50, size)
