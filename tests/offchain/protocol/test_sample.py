"""The test set as bytes, and the sample that a seed draws from it."""

# Holds S-77, S-78.

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import INPUT_DTYPES, Input, ModelLimits, ModelSpec, Output
from offchain.protocol.sample import (
    MAX_DRAWS,
    Samples,
    allocate,
    draw,
    draw_sample,
    pack,
    packed_bytes,
    unpack,
)
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
    weighted = replace(SAMPLES, weights=np.array([1.0, 2.0, 3.0, 4.0])).rows(np.array([3, 1]))
    np.testing.assert_array_equal(weighted.weights, [4, 2])


# ── The draw ──

NOWHERE = HiddenSet(1, word("artifact"), word("commitment"))


def manifest(metric: str, size: int, targets: np.ndarray, output: Output) -> Manifest:
    classes = int(targets.max()) + 1 if output is not Output.VALUES else 0
    return Manifest(
        description="",
        metric=metric,
        model=ModelSpec((1,), output, classes),
        limits=ModelLimits(),
        test_set=replace(NOWHERE, samples=len(targets)),
        sample_size=size,
        selection=Selection.TOP,
        minimum_gain=0,
    )


@given(st.binary(min_size=32, max_size=32), st.integers(1, 300), st.data())
def test_draw__any_seed__is_different_rows_that_rise(
    seed: bytes, samples: int, data: st.DataObject
) -> None:
    rows = draw(seed, 0, 0, np.arange(7, 7 + samples), data.draw(st.integers(0, samples)))
    assert (np.diff(rows) > 0).all()
    assert ((rows >= 7) & (rows < 7 + samples)).all()


def test_draw__all_rows__is_all_of_them() -> None:
    assert draw(word("seed"), 0, 0, np.arange(50), 50).tolist() == list(range(50))


def test_draw__many_seeds__favours_no_set() -> None:
    count = 3000
    drawn = Counter(
        tuple(draw(word(f"seed {i}"), 0, 0, np.arange(5), 2).tolist()) for i in range(count)
    )
    assert set(drawn) == set(combinations(range(5), 2))
    expected = count / 10
    chi_square = sum((seen - expected) ** 2 / expected for seen in drawn.values())
    assert chi_square < 27.9  # the 0.999 quantile for 9 degrees of freedom


def test_draw__another_attempt_or_stratum__draws_other_rows() -> None:
    rows = np.arange(1_000)
    drawn = {tuple(draw(word("seed"), a, s, rows, 20).tolist()) for a in (0, 1) for s in (0, 1)}
    assert len(drawn) == 4


@pytest.mark.parametrize(
    ("counts", "size", "sizes"),
    [
        ([9_990, 10], 500, [499, 1]),  # shares 499.5 and 0.5: the tie goes to the rarer class
        ([9_990, 10], 499, [499, 0]),  # 498.501 and 0.499
        ([9_990, 10], 501, [500, 1]),  # 500.499 and 0.501
        ([5, 5], 5, [3, 2]),  # equal in all: the first
        ([0, 3, 0], 2, [0, 2, 0]),
        ([55, 31, 10, 4], 12, [7, 4, 1, 0]),
        ([2, 3], 5, [2, 3]),
        ([3 * 2**30, 2**30], 2**32, [3 * 2**30, 2**30]),  # the product needs more than 64 bits
    ],
)
def test_allocate__shares__go_by_largest_remainder(
    counts: list[int], size: int, sizes: list[int]
) -> None:
    assert allocate(np.array(counts), size).tolist() == sizes


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(any), st.data())
def test_allocate__any_counts__is_within_one_of_the_share(
    counts: list[int], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, sum(counts)))
    sizes = allocate(np.array(counts), size).tolist()
    assert sum(sizes) == size
    for count, got in zip(counts, sizes, strict=True):
        assert got <= count
        assert abs(got * sum(counts) - size * count) < sum(counts)


def test_draw_sample__rare_class__no_seed_misses_it() -> None:
    targets = np.zeros(10_000, np.int64)
    targets[::1_000] = 1
    rare = manifest("roc_auc_ovr", 500, targets, Output.PROBABILITIES)
    for number in range(300):
        rows = draw_sample(word(f"seed {number}"), rare, targets)
        assert np.bincount(targets[rows]).tolist() == [499, 1]
        assert (np.diff(rows) > 0).all()


@pytest.mark.parametrize("output", [Output.LABELS, Output.PROBABILITIES, Output.SCORES])
def test_draw_sample__classes_in_any_order__are_drawn_in_proportion(output: Output) -> None:
    targets = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [600, 300, 100]))
    rows = draw_sample(word("seed"), manifest("accuracy", 50, targets, output), targets)
    assert np.bincount(targets[rows]).tolist() == [30, 15, 5]
    assert (np.diff(rows) > 0).all()


# Holds S-79.
def test_draw_sample__class_that_does_not_occur__keeps_its_number() -> None:
    targets = np.array([2, 0] * 50)
    seed, strata = word("seed"), {0: np.arange(1, 100, 2), 2: np.arange(0, 100, 2)}
    expected = [draw(seed, 0, number, rows, 10) for number, rows in strata.items()]
    drawn = draw_sample(seed, manifest("accuracy", 20, targets, Output.LABELS), targets)
    assert drawn.tolist() == sorted(np.concatenate(expected).tolist())


def test_draw_sample__undefined_on_a_draw__takes_the_next() -> None:
    targets = np.zeros(40)
    targets[:4] = 1.0
    r2 = manifest("r2", 5, targets, Output.VALUES)
    redrawn = 0
    for number in range(60):
        seed = word(f"seed {number}")
        rows = draw_sample(seed, r2, targets)
        assert 0 < targets[rows].sum() < 5
        attempts = [draw(seed, attempt, 0, np.arange(40), 5) for attempt in range(MAX_DRAWS)]
        defined = [np.unique(targets[each]).size == 2 for each in attempts]
        assert rows.tolist() == attempts[defined.index(True)].tolist()
        redrawn += not defined[0]
    assert redrawn > 10


def test_draw_sample__defined_on_no_draw__raises() -> None:
    targets = np.zeros(10, np.int64)
    targets[0] = 1
    none = manifest("roc_auc_ovr", 2, targets, Output.PROBABILITIES)
    message = "^roc_auc_ovr is not defined on any of 256 draws: all 2 targets of one class"
    with pytest.raises(ValueError, match=message):
        draw_sample(word("seed"), none, targets)


# ── Named inputs, weights, missing values ──

NAMED = ModelSpec(
    (),
    Output.PROBABILITIES,
    2,
    inputs=(
        Input("ids", (3,), "int64"),
        Input("city", (1,), "string", 8),
        Input("age", (), "float32"),
    ),
)


def records(spec: ModelSpec) -> np.ndarray:
    inputs = np.zeros(2, spec.sample_dtype)
    inputs["ids"] = [[1, 2, 3], [4, 5, 6]]
    inputs["city"] = [["Köln".encode()], [b"Rome"]]
    inputs["age"] = [30, 41.5]
    return inputs


def test_pack__named_inputs_and_weights__are_records_then_targets_then_weights() -> None:
    samples = Samples(records(NAMED), np.array([1, 0]), np.array([0.5, 2.0]))
    data = pack(samples, NAMED)
    assert len(data) == packed_bytes(2, NAMED, weighted=True) == 2 * (24 + 8 + 4 + 8 + 8)
    assert data[24:36] == "Köln".encode() + bytes(3) + np.float32(30).tobytes()
    read = unpack(data, 2, NAMED, weighted=True)
    assert (read.inputs == samples.inputs).all()
    assert read.weights is not None
    assert read.weights.tolist() == [0.5, 2.0]
    assert read.rows(np.array([1])).weights.tolist() == [2.0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("city", [[b"\xff"], [b"Rome"]], "input 'city' holds .*xff.*, expected UTF-8"),
        ("age", [np.inf, 1], "input 'age' hold inf, expected finite numbers"),
        ("age", [np.nan, 1], "input 'age' hold nan, .*need a manifest that declares them"),
    ],
)
def test_pack__wrong_record__names_the_input(field: str, value: Any, reason: str) -> None:
    inputs = records(NAMED)
    inputs[field] = value
    with pytest.raises(ValueError, match=reason):
        pack(Samples(inputs, np.array([1, 0])), NAMED)


def test_pack__several_strings_of_a_sample__are_each_read() -> None:
    spec = ModelSpec((), Output.PROBABILITIES, 2, inputs=(Input("city", (2,), "string", 8),))
    inputs = np.zeros(1, spec.sample_dtype)
    inputs["city"] = [[b"Rome", b"\xff"]]
    with pytest.raises(ValueError, match=r"input 'city' holds .*xff.*, expected UTF-8"):
        pack(Samples(inputs, np.array([1])), spec)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_pack__weight_that_is_not_positive__raises(value: float) -> None:
    weights = np.array([1, 1, value, 1])
    with pytest.raises(ValueError, match="weights"):
        pack(replace(SAMPLES, weights=weights), SPEC)


def test_pack__missing_values__only_where_declared_and_never_infinite() -> None:
    declared = replace(SPEC, missing=True)
    inputs = INPUTS.copy()
    inputs[1, 1, 1] = np.nan
    data = pack(replace(SAMPLES, inputs=inputs), declared)
    np.testing.assert_array_equal(unpack(data, 4, declared).inputs, inputs)
    with pytest.raises(ValueError, match="inputs hold nan"):
        unpack(data, 4, SPEC)
    for value in (np.inf, -np.inf):
        inputs[0, 0, 0] = value
        with pytest.raises(ValueError, match=rf"inputs hold {value}, expected finite numbers$"):
            pack(replace(SAMPLES, inputs=inputs), declared)


def test_pack__missing_values_declared__are_none_of_targets_and_weights() -> None:
    weights = np.array([1, 1, np.nan, 1])
    with pytest.raises(ValueError, match="weights hold nan"):
        pack(replace(SAMPLES, weights=weights), replace(SPEC, missing=True))
    targets = np.array([1, 1, np.nan, 1])
    with pytest.raises(ValueError, match="targets hold nan"):
        pack(Samples(INPUTS, targets), ModelSpec((2, 3), Output.VALUES, 0, missing=True))


@pytest.mark.parametrize(
    ("output", "targets", "reason"),
    [
        (Output.VECTORS, np.ones((4, 2)), "targets of float64 and shape"),
        (Output.VECTORS, np.ones((4, 3), "i8"), "targets of int64"),
        (Output.MULTILABEL, np.full((4, 3), 2), "target 2, expected a class from 0 to 1"),
    ],
)
def test_pack__targets_of_another_form__raises(
    output: Output, targets: np.ndarray, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        pack(Samples(INPUTS, targets), ModelSpec((2, 3), output, 3))


def test_unpack__tables_of_targets__are_as_packed() -> None:
    for output, targets in (
        (Output.VECTORS, np.arange(12.0).reshape(4, 3)),
        (Output.MULTILABEL, np.eye(4, 3, dtype="i8")),
    ):
        spec = ModelSpec((2, 3), output, 3)
        data = pack(Samples(INPUTS, targets), spec)
        np.testing.assert_array_equal(unpack(data, 4, spec).targets, targets)
