"""Orders of the passes, and the part of the second pass that finds a shift of the score."""

# Holds S-80, S-92.

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol import metrics
from offchain.protocol.passes import COUNTED_ROWS, MISS, differing_rows, order, part_rows
from tests.vectors.generate import word

SEED = word("seed")


def missed(count: int, part: int, differing: int) -> float:
    """Return the probability that a part has none of the rows that differ."""
    return comb(count - differing, part) / comb(count, part)


def test_order__of_a_pass__has_each_row_once_and_depends_on_seed_and_pass() -> None:
    orders = [order(seed, number, 1000) for seed in (SEED, word("other")) for number in (1, 2)]
    for each in orders:
        assert sorted(each) == list(range(1000))
    assert len({tuple(each) for each in orders}) == 4
    assert not orders[0].flags.writeable


def test_order__vector__is_that_of_the_specification() -> None:
    """The words of SHAKE-256, here in another library's hands."""
    from Crypto.Hash import SHAKE256, keccak

    tag = keccak.new(digest_bits=256, data=b"GoldenGrain/ORDER").digest()
    stream = SHAKE256.new(tag + SEED + b"\x02")
    words = [int.from_bytes(stream.read(8), "big") for _ in range(100)]
    assert order(SEED, 2, 100).tolist() == sorted(range(100), key=words.__getitem__)


def test_order__its_first_rows__are_a_random_set() -> None:
    """Three given rows of 20 are missed by a part of 6 as often as the statement says."""
    seeds = 4000
    found = sum(
        not {3, 4, 19} & set(order(number.to_bytes(32, "big"), 2, 20)[:6].tolist())
        for number in range(seeds)
    )
    expected = missed(20, 6, 3)
    assert abs(found / seeds - expected) < 4 * (expected * (1 - expected) / seeds) ** 0.5


@given(st.integers(1, 20_000), st.integers(0, 1_000_000))
def test_part_rows__any_size_and_tolerance__is_the_least_that_misses_once_in_a_million(
    count: int, tolerance: int
) -> None:
    part = part_rows("accuracy", count, None, tolerance)
    differing = min(differing_rows(count, None, tolerance), COUNTED_ROWS)
    assert 1 <= part <= count
    assert missed(count, part, differing) <= 1 / MISS
    assert part == 1 or missed(count, part - 1, differing) > 1 / MISS


@pytest.mark.parametrize("weighted", [False, True])
@given(st.data())
def test_differing_rows__fewer_of_any__never_shift_the_score_by_more(
    weighted: bool, data: st.DataObject
) -> None:
    """Every shift of a score above the tolerance takes at least this number of rows."""
    count = data.draw(st.integers(1, 60))
    tolerance = data.draw(st.integers(0, 500_000))
    numbers = st.lists(st.floats(0.01, 100), min_size=count, max_size=count)
    weights = np.array(data.draw(numbers)) if weighted else None
    targets = np.array(data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    predictions = np.array(data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    heavy = np.argsort(-weights, kind="stable") if weighted else np.arange(count)
    for rows in (heavy, data.draw(st.permutations(range(count)))):
        changed = predictions.copy()
        few = list(rows[: differing_rows(count, weights, tolerance) - 1])
        changed[few] = data.draw(st.integers(0, 1))
        scores = [
            metrics.score("accuracy", targets, each, weights) for each in (predictions, changed)
        ]
        assert abs(scores[0] - scores[1]) <= tolerance


def test_differing_rows__one_more__can_shift_the_score_by_the_tolerance() -> None:
    targets, right = np.zeros(1000, int), np.zeros(1000, int)
    wrong = right.copy()
    wrong[: differing_rows(1000, None, 1999) + 1] = 1
    assert (
        metrics.score("accuracy", targets, right) - metrics.score("accuracy", targets, wrong) > 1999
    )


@pytest.mark.parametrize(
    ("count", "tolerance", "least"),
    [(1_000, 1_000, 1), (1_001, 1_000, 2), (1_000, 1_001, 2), (1_000, 0, 1), (3, 1_000_000, 3)],
)
def test_differing_rows__whose_shares_reach_the_tolerance__are_the_least(
    count: int, tolerance: int, least: int
) -> None:
    assert differing_rows(count, None, tolerance) == least
    assert differing_rows(count, np.full(count, 0.5), tolerance) == least


@pytest.mark.parametrize("metric", ["f1_macro", "roc_auc_ovr", "r2", "log_loss_skill", "mcc"])
def test_part_rows__metric_that_one_row_can_move__is_the_whole_sample(metric: str) -> None:
    assert part_rows(metric, 100_000, None, 100_000) == 100_000


@pytest.mark.parametrize(
    "metric", ["accuracy", "top_accuracy@3", "dice", "mean_iou", "ndcg@5", "map@5"]
)
def test_part_rows__mean_over_samples__is_a_part(metric: str) -> None:
    assert part_rows(metric, 10_000, None, 10_000) == 1_284


@pytest.mark.parametrize(
    ("count", "parts"),
    [
        (1_000, [1_000, 999, 936, 746, 495]),
        (10_000, [7_485, 4_984, 2_409, 1_284, 661]),
        (50_000, [12_066, 6_446, 2_682, 1_356, 1_356]),
        (100_000, [12_898, 6_668, 2_719, 2_719, 2_719]),
        (1_000_000, [27_246] * 5),
    ],
)
def test_part_rows__table_of_the_specification__is_exact(count: int, parts: list[int]) -> None:
    tolerances = (1_000, 2_000, 5_000, 10_000, 20_000)
    assert [part_rows("accuracy", count, None, each) for each in tolerances] == parts
