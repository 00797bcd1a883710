"""The test set as bytes, and the sample that a seed draws from it."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.model_spec import INPUT_DTYPES, ModelSpec, Output
from offchain.protocol.sample import Samples, draw, pack, packed_bytes, unpack
from tests.vectors.generate import word

SPEC = ModelSpec((2, 3), Output.PROBABILITIES, 3)
INPUTS = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
TARGETS = np.array([0, 1, 2, 0])
SAMPLES = Samples(INPUTS, TARGETS)


@given(
    st.sampled_from(INPUT_DTYPES),
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    st.integers(1, 5),
    st.sampled_from([Output.LABELS, Output.VALUES]),
)
def test_unpack__what_pack_packed__is_equal(
    dtype: str, shape: tuple[int, ...], count: int, output: Output
) -> None:
    spec = ModelSpec(shape, output, 0 if output is Output.VALUES else 5, dtype)
    inputs = np.arange(count * int(np.prod(shape))).astype(dtype).reshape(count, *shape)
    targets = np.arange(count).astype("f8" if output is Output.VALUES else "i8")
    data = pack(Samples(inputs, targets), spec)
    assert len(data) == packed_bytes(count, spec)
    read = unpack(data, count, spec)
    np.testing.assert_array_equal(read.inputs, inputs)
    np.testing.assert_array_equal(read.targets, targets)
    assert read.inputs.dtype == inputs.dtype


def test_pack__bytes__are_little_endian_inputs_then_targets() -> None:
    spec = ModelSpec((2,), Output.LABELS, 300, "float32")
    samples = Samples(np.array([[1.0, -2.0]], np.float32), np.array([258]))
    assert pack(samples, spec).hex() == "0000803f000000c00201000000000000"


@pytest.mark.parametrize("change", [-1, 1])
def test_unpack__another_length__raises(change: int) -> None:
    data = pack(SAMPLES, SPEC) + b"x"
    data = data[: len(data) - 1 + change]
    with pytest.raises(ValueError, match=f"^test set of {128 + change} bytes, expected 128$"):
        unpack(data, 4, SPEC)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"inputs": INPUTS.astype("f8")}, r"inputs of float64 and shape \(4, 2, 3\), expected f"),
        ({"inputs": INPUTS[:, :1]}, r"shape \(4, 1, 3\), expected float32 and \('n', 2, 3\)"),
        (
            {"inputs": INPUTS[:0], "targets": TARGETS[:0]},
            r"inputs of float32 and shape \(0, 2, 3\)",
        ),
        ({"targets": TARGETS.astype("f8")}, r"targets of float64 and shape \(4,\), expected int64"),
        ({"targets": TARGETS[:, None]}, r"targets of int64 and shape \(4, 1\)"),
        ({"targets": TARGETS[:3]}, r"3 targets, expected one for each of 4 inputs"),
        ({"targets": np.array([0, 1, 3, 0])}, r"target 3, expected a class from 0 to 2"),
        ({"targets": np.array([0, -1, 2, 0])}, r"target -1, expected a class from 0 to 2"),
        ({"inputs": INPUTS * np.float32("nan")}, r"inputs hold nan, expected finite numbers"),
    ],
)
def test_pack__samples_of_another_form__raises(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pack(replace(SAMPLES, **changes), SPEC)


def test_unpack__infinite_target__raises() -> None:
    spec = ModelSpec((1,), Output.VALUES, 0)
    data = pack(Samples(INPUTS.reshape(-1, 1)[:1], np.array([1.0])), spec)
    data = data[:4] + np.array([np.inf]).tobytes()
    with pytest.raises(ValueError, match="targets hold inf, expected finite numbers"):
        unpack(data, 1, spec)


def test_rows__some__are_in_their_order() -> None:
    rows = SAMPLES.rows(np.array([3, 1]))
    np.testing.assert_array_equal(rows.inputs, INPUTS[[3, 1]])
    np.testing.assert_array_equal(rows.targets, [0, 1])


# ── The draw ──


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
