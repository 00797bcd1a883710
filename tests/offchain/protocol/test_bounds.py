"""Lower confidence bounds: exact for shares, by the bootstrap for the rest."""

# Holds S-83, S-84.

from math import comb, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.protocol.bounds import (
    LEAST_RESAMPLES,
    MAX_WORK,
    MOST_RESAMPLES,
    clopper_pearson,
    lower_bound,
    resample,
    resamples,
)
from offchain.protocol.metrics import get, score
from tests.vectors.generate import word

SEED = word("seed")
LEVEL = 950_000


def tail(right: int, count: int, share: float) -> float:
    """Return the probability of ``right`` or more successes of ``count``."""
    return sum(
        comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(right, count + 1)
    )


@given(st.integers(1, 60), st.data(), st.integers(500_000, 990_000))
def test_clopper_pearson__is_where_the_tail_reaches_the_level(
    count: int, data: st.DataObject, level: int
) -> None:
    right = data.draw(st.integers(1, count))
    bound = clopper_pearson(right, count, level)
    assert tail(right, count, bound / 1e6) <= 1 - level / 1e6 + 1e-9
    assert tail(right, count, (bound + 1.001) / 1e6) >= 1 - level / 1e6 - 1e-9


def test_clopper_pearson__nothing_right_or_all__is_zero_or_the_root() -> None:
    assert clopper_pearson(0, 10, LEVEL) == 0
    assert clopper_pearson(10, 10, LEVEL) == floor(0.05**0.1 * 1e6)


def test_lower_bound__accuracy__is_exact_for_labels_and_tables() -> None:
    targets = np.repeat([0, 1], [60, 40])
    labels = np.where(np.arange(100) < 85, targets, 1 - targets)
    expected = clopper_pearson(85, 100, LEVEL)
    for predictions in (labels, np.eye(2)[labels]):
        assert lower_bound("accuracy", targets, predictions, None, LEVEL, SEED) == expected
    assert expected < score("accuracy", targets, labels) == 850_000
    top = np.tile([0.5, 0.3, 0.2], (100, 1))
    assert lower_bound("top_accuracy@2", targets, top, None, LEVEL, SEED) == clopper_pearson(
        100, 100, LEVEL
    )


def test_lower_bound__other_metrics__is_the_rank_of_the_resampled_scores() -> None:
    random = np.random.default_rng(1)
    targets = random.normal(size=80)
    values = targets + random.normal(scale=0.4, size=80)
    weights = random.uniform(0.5, 2, 80)
    for given_weights in (None, weights):
        rows = [resample(SEED, number, [np.arange(80)]) for number in range(MOST_RESAMPLES)]
        drawn = [None if given_weights is None else weights[each] for each in rows]
        scores = sorted(
            score("r2", targets[each], values[each], weight)
            for each, weight in zip(rows, drawn, strict=True)
        )
        levels = {950_000: 25, 500_000: 250, 990_000: 5, 949_999: 25, 900_000: 50}
        for level, rank in levels.items():
            bound = lower_bound("r2", targets, values, given_weights, level, SEED)
            assert bound == min(scores[rank - 1], score("r2", targets, values, given_weights))


def test_lower_bound__weighted_accuracy__is_resampled() -> None:
    targets = np.repeat([0, 1], 20)
    labels = np.where(np.arange(40) % 4, targets, 1 - targets)
    weights = np.ones(40)
    bound = lower_bound("accuracy", targets, labels, weights, LEVEL, SEED)
    assert 500_000 < bound < 750_000
    assert bound != clopper_pearson(30, 40, LEVEL)


def test_lower_bound__classes__are_resampled_one_by_one() -> None:
    targets = np.repeat([0, 1], [99, 1])
    table = np.eye(2)[targets]
    assert lower_bound("roc_auc_ovr", targets, table, None, LEVEL, SEED) == 1_000_000


def test_lower_bound__strata_and_weights__are_those_of_the_definition() -> None:
    """Classes by rising number, whichever comes first; masks in one stratum; each row weighted.

    A metric of all columns is resampled less often, the more columns there are.
    """
    random = np.random.default_rng(4)
    classes = np.concatenate([[2, 0, 1], random.choice(3, 60, p=[0.5, 0.3, 0.2])])
    labels = np.where(random.random(63) < 0.7, classes, 0)
    masks, found = random.integers(0, 2, (63, 8)), random.random((63, 8))
    by_class, together = [np.flatnonzero(classes == c) for c in range(3)], [np.arange(63)]
    weights = random.uniform(0.1, 3, 63)
    table = random.dirichlet(np.ones(3), 63) + np.eye(3)[classes]
    for name, targets, predictions, given_weights, strata, count in (
        ("f1_macro", classes, labels, None, by_class, 500),
        ("f1_macro", classes, labels, weights, by_class, 500),
        ("accuracy", classes, labels, weights, by_class, 500),
        ("dice", masks, found, None, together, 500),
        ("mean_iou", masks, found, weights, together, 500),
        ("brier_skill", classes, table, None, by_class, 5_000_000 // (5_063 * 3)),
    ):
        scores = []
        for number in range(count):
            rows = resample(SEED, number, strata)
            drawn = None if given_weights is None else given_weights[rows]
            scores.append(score(name, targets[rows], predictions[rows], drawn))
        bound = lower_bound(name, targets, predictions, given_weights, LEVEL, SEED)
        assert abs(bound - sorted(scores)[count // 20 - 1]) <= 1, name
        assert bound < score(name, targets, predictions, given_weights)


def test_lower_bound__undefined_resamples__count_as_zero() -> None:
    targets = np.array([0.0, 1.0])
    assert lower_bound("r2", targets, targets, None, LEVEL, SEED) == 0


def test_lower_bound__another_seed__resamples_otherwise() -> None:
    random = np.random.default_rng(2)
    targets = random.normal(size=50)
    values = targets + random.normal(scale=0.7, size=50)
    bounds = {lower_bound("r2", targets, values, None, LEVEL, word(f"s{i}")) for i in range(4)}
    assert len(bounds) > 1


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["f1_macro", "log_loss_skill", "mcc"]))
def test_lower_bound__any_model__never_exceeds_the_score(seed: int, name: str) -> None:
    random = np.random.default_rng(seed)
    targets = np.concatenate([[0, 1, 2], random.integers(0, 3, 30)])
    table = random.dirichlet(np.ones(3), 33) + np.eye(3)[targets] * random.uniform(0, 2)
    table /= table.sum(axis=1, keepdims=True)
    bound = lower_bound(name, targets, table, None, LEVEL, SEED)
    assert 0 <= bound <= score(name, targets, table)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "count"),
    [
        ("r2", 5_000, 1, 500),
        ("r2", 5_001, 1, 499),
        ("r2", 45_000, 1, 100),
        ("r2", 495_000, 1, 100),
        ("r2", 20_000, 20, 100),
        ("f1_macro", 5_000, 1_000, 500),  # labels, whatever the columns
        ("dice", 5_000, 65_536, 500),  # one value for each sample
        ("dice", 5_000_000, 1, 100),
        ("roc_auc_ovr", 1_000, 10, 100),
        ("roc_auc_ovr", 1_000, 2, 416),
    ],
)
def test_resamples__more_work__are_fewer(name: str, rows: int, columns: int, count: int) -> None:
    assert resamples(get(name), rows, columns) == count


@pytest.mark.parametrize(
    ("name", "rows", "columns", "remedy"),
    [
        ("r2", 495_001, 1, "a sample of at most 495000"),
        ("f1_macro", 495_001, 1_000, "a sample of at most 495000"),
        ("r2", 20_001, 20, "a sample of at most 20000"),
        ("roc_auc_ovr", 1, 100, "another metric"),
    ],
)
def test_resamples__more_work_than_an_enclave_does__raises_with_the_remedy(
    name: str, rows: int, columns: int, remedy: str
) -> None:
    with pytest.raises(ValueError, match=f"columns, expected {remedy}, or no confidence"):
        resamples(get(name), rows, columns)


@given(
    st.sampled_from(["r2", "f1_macro", "log_loss_skill"]), st.integers(1, 10**6), st.integers(1, 60)
)
def test_resamples__any_sample__keep_a_bound_on_all_work(
    name: str, rows: int, columns: int
) -> None:
    try:
        count = resamples(get(name), rows, columns)
    except ValueError:
        return
    if name == "f1_macro":
        columns = 1
    assert LEAST_RESAMPLES <= count <= MOST_RESAMPLES
    assert count * (rows + 5_000) * columns <= LEAST_RESAMPLES * MAX_WORK


def test_lower_bound__table_of_a_metric_of_labels__is_that_of_its_labels() -> None:
    random = np.random.default_rng(5)
    targets = np.concatenate([np.arange(3), random.integers(0, 3, 60)])
    table = random.dirichlet(np.ones(3), 63)
    bounds = {
        lower_bound("f1_macro", targets, each, None, LEVEL, SEED)
        for each in (table, table.argmax(axis=1))
    }
    assert len(bounds) == 1


@pytest.mark.parametrize("strata", [[np.arange(3), np.arange(3, 10)], [np.array([4])]])
def test_resample__strata__keep_their_sizes(strata: list[np.ndarray]) -> None:
    for number in range(50):
        rows = resample(SEED, number, strata)
        for stratum in strata:
            assert np.isin(rows, stratum).sum() == len(stratum)


# Holds S-85.
def test_resample__vector__is_that_of_the_specification() -> None:
    """The words of SHAKE-256, here in another library's hands."""
    from Crypto.Hash import SHAKE256, keccak

    tag = keccak.new(digest_bits=256, data=b"GoldenGrain/BOOTSTRAP").digest()
    stream = SHAKE256.new(tag + SEED + bytes([0, 0, 0, 0, 0, 0, 1, 2]))
    words = [int.from_bytes(stream.read(8), "big") for _ in range(10)]
    expected = [word % 3 for word in words[:3]] + [3 + word % 7 for word in words[3:]]
    assert resample(SEED, 0x102, [np.arange(3), np.arange(3, 10)]).tolist() == expected


def test_lower_bound__coverage__is_the_level_on_known_shares() -> None:
    """A model that is right with probability 0.8 has a bound above 0.8 in at most 5 % of draws."""
    random = np.random.default_rng(3)
    right = random.binomial(200, 0.8, 4_000)
    above = np.mean([clopper_pearson(int(each), 200, LEVEL) > 800_000 for each in right])
    assert 0.02 < above <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4_000)
