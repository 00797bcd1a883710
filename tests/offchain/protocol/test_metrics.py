"""Metrics: equality with scikit-learn's, and the ends of their ranges."""

# Holds S-81, S-82.

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as sk

from offchain.protocol import metrics
from offchain.protocol.metrics import METRICS, get, score
from offchain.protocol.model_spec import Output

SEEDS = st.integers(0, 2**32 - 1)


def classification(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets of every class, and probabilities that are weakly correlated with them."""
    random = np.random.default_rng(seed)
    classes, rows = int(random.integers(2, 6)), int(random.integers(12, 60))
    targets = np.concatenate([np.arange(classes), random.integers(0, classes, rows)])
    known = np.eye(classes)[targets] * random.uniform(0, 3)
    probabilities = random.dirichlet(np.ones(classes), len(targets)) + known
    return targets, probabilities / probabilities.sum(axis=1, keepdims=True)


def regression(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = random.normal(size=int(random.integers(3, 60)))
    return targets, targets + random.normal(scale=random.uniform(0, 2), size=len(targets))


def ppm(value: float) -> int:
    return round(min(1.0, max(0.0, value)) * 1_000_000)


NAMES = [*METRICS, "top_accuracy@2", "pinball_skill@80", "ndcg@2", "map@2"]


def perfect(name: str, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets as the metric takes them, and the predictions that are exactly right."""
    outputs = get(name).outputs
    if Output.VALUES in outputs:
        return targets + 1.0, targets + 1.0
    if outputs & {Output.VECTORS, Output.MULTILABEL}:
        table = np.eye(max(targets) + 1, dtype=np.int64)[targets]
        return table, table.astype(float)
    return targets, np.eye(max(targets) + 1)[targets]


@pytest.mark.parametrize("name", NAMES)
def test_score__perfect_predictions__is_a_million(name):
    classes = [0, 1, 1, 0, 1] if get(name).classes == 2 else [0, 1, 2, 2, 1]
    targets, predictions = perfect(name, np.array(classes))
    assert score(name, targets, predictions) == 1_000_000


@pytest.mark.parametrize("name", NAMES)
def test_score__two_classes_or_values__are_enough(name):
    assert score(name, *perfect(name, np.array([0, 1]))) == 1_000_000


@pytest.mark.parametrize("name", [name for name in NAMES if Output.VALUES in get(name).outputs])
@pytest.mark.parametrize("high", [1.7e308, -1.7e308])
def test_score__values_too_large_to_square_or_add__is_zero(name, high):
    targets = np.array([0.5, 1.0, 2.0])
    with np.errstate(over="ignore", invalid="ignore"):
        assert score(name, targets, np.full(3, high)) == 0
        assert score(name, targets * 1e300, np.array([1.0, -1.0, 1.0]) * 1.7e308) == 0


# A prediction that ignores the inputs, and its score by docs/SPEC.md, "Metrics".
BASELINES = {
    "accuracy": 600_000,
    "balanced_accuracy": 333_333,
    "f1_macro": 250_000,
    "f1_weighted": 450_000,
    "mcc": 0,
    "cohen_kappa": 0,
    "quadratic_kappa": 0,
    "roc_auc_ovr": 500_000,
    "average_precision": 333_333,
    "log_loss_skill": 0,
    "brier_skill": 0,
    "top_accuracy@2": 900_000,
    "r2": 0,
    "mae_skill": 0,
    "rmse_skill": 0,
    "rmsle_skill": 0,
    "mape_skill": 0,
    "pinball_skill@80": 0,
    "spearman": 0,
}
CONSTANTS = {
    "r2": np.mean,
    "rmse_skill": np.mean,
    "mae_skill": np.median,
    "rmsle_skill": lambda targets: np.expm1(np.log1p(targets).mean()),
    "mape_skill": lambda targets: 1.0,
    "pinball_skill@80": lambda targets: 5.0,
    "spearman": np.mean,
}


@pytest.mark.parametrize(("name", "expected"), BASELINES.items())
def test_score__prediction_that_ignores_the_inputs__is_the_baselines(name, expected):
    if name in CONSTANTS:
        targets = np.array([1.0, 1.0, 2.0, 5.0, 9.0])
        predictions = np.full(5, CONSTANTS[name](targets))
    else:
        targets = np.array([0] * 12 + [1] * 6 + [2] * 2)
        predictions = np.tile(np.bincount(targets) / 20, (20, 1))
    assert score(name, targets, predictions) == expected


def weighted(seed: int, count: int) -> list[np.ndarray | None]:
    return [None, np.random.default_rng(seed).uniform(0.1, 3, count)]


@given(SEEDS)
def test_score__labels_with_weights__is_scikit_learns(seed):
    targets, probabilities = classification(seed)
    labels = probabilities.argmax(axis=1)
    for weights in weighted(seed, len(targets)):
        expected = {
            "accuracy": sk.accuracy_score(targets, labels, sample_weight=weights),
            "balanced_accuracy": sk.balanced_accuracy_score(targets, labels, sample_weight=weights),
            "f1_macro": sk.f1_score(targets, labels, average="macro", sample_weight=weights),
            "f1_weighted": sk.f1_score(targets, labels, average="weighted", sample_weight=weights),
            "mcc": sk.matthews_corrcoef(targets, labels, sample_weight=weights),
            "cohen_kappa": sk.cohen_kappa_score(targets, labels, sample_weight=weights),
            "quadratic_kappa": sk.cohen_kappa_score(
                targets, labels, weights="quadratic", sample_weight=weights
            ),
        }
        if probabilities.shape[1] == 2:
            expected["f1_binary"] = sk.f1_score(targets, labels, sample_weight=weights)
        for name, value in expected.items():
            assert abs(score(name, targets, probabilities, weights) - ppm(value)) <= 1, name


@given(SEEDS)
def test_score__probabilities_with_weights__is_scikit_learns(seed):
    targets, table = classification(seed)
    classes = table.shape[1]
    truth = np.eye(classes)[targets]
    for weights in weighted(seed, len(targets)):
        areas = [
            sk.roc_auc_score(truth[:, c], table[:, c], sample_weight=weights)
            for c in range(classes)
        ]
        precisions = [
            sk.average_precision_score(truth[:, c], table[:, c], sample_weight=weights)
            for c in range(classes)
        ]
        frequencies = np.average(truth, axis=0, weights=weights)
        ignorant = np.tile(frequencies, (len(targets), 1))
        losses = [sk.log_loss(targets, p, sample_weight=weights) for p in (table, ignorant)]
        briers = [
            np.average(((p - truth) ** 2).sum(axis=1), weights=weights) for p in (table, ignorant)
        ]
        expected = {
            "roc_auc_ovr": np.mean(areas),
            "average_precision": precisions[1] if classes == 2 else np.mean(precisions),
            "log_loss_skill": 1 - losses[0] / losses[1],
            "brier_skill": 1 - briers[0] / briers[1],
        }
        for k in range(2, classes):
            expected[f"top_accuracy@{k}"] = sk.top_k_accuracy_score(
                targets, table, k=k, sample_weight=weights, labels=range(classes)
            )
        for name, value in expected.items():
            assert abs(score(name, targets, table, weights) - ppm(value)) <= 1, name


@given(SEEDS)
def test_score__logits__rank_as_their_probabilities(seed):
    targets, table = classification(seed)
    logits = 40 * table - 300
    for name in ("roc_auc_ovr", "average_precision", "top_accuracy@2", "accuracy", "mcc"):
        assert score(name, targets, logits) == score(name, targets, table), name


@given(SEEDS)
def test_score__values_with_weights__is_scikit_learns(seed):
    targets, values = (np.exp(each[:9]) for each in regression(seed))
    for weights in weighted(seed, len(targets)):

        def skill(loss, constant, weights=weights, **options):
            model, baseline = (
                loss(targets, p, sample_weight=weights, **options)
                for p in (values, np.full(len(targets), constant))
            )
            return 1 - model / baseline

        def best(loss, weights=weights, **options):
            """The constant with the least loss is one of the targets."""
            return max(
                targets,
                key=lambda c: (
                    -loss(targets, np.full(len(targets), c), sample_weight=weights, **options)
                ),
            )

        mean = np.average(targets, weights=weights)
        log_mean = np.expm1(np.average(np.log1p(targets), weights=weights))
        mae, mape = sk.mean_absolute_error, sk.mean_absolute_percentage_error
        pinball = sk.mean_pinball_loss
        expected = {
            "r2": sk.r2_score(targets, values, sample_weight=weights),
            "mae_skill": skill(mae, best(mae)),
            "rmse_skill": skill(sk.root_mean_squared_error, mean),
            "rmsle_skill": skill(sk.root_mean_squared_log_error, log_mean),
            "mape_skill": skill(mape, best(mape)),
            "pinball_skill@80": skill(pinball, best(pinball, alpha=0.8), alpha=0.8),
            "pinball_skill@5": skill(pinball, best(pinball, alpha=0.05), alpha=0.05),
        }
        for name, value in expected.items():
            assert abs(score(name, targets, values, weights) - ppm(value)) <= 1, name
    assert abs(score("spearman", targets, values) - ppm(spearmanr(targets, values).statistic)) <= 1


@given(SEEDS)
def test_score__vectors__is_the_mean_over_the_columns(seed):
    random = np.random.default_rng(seed)
    targets = random.normal(size=(20, 3))
    values = targets + random.normal(scale=0.3, size=(20, 3))
    for weights in weighted(seed, 20):
        for name in ("r2", "mae_skill", "rmse_skill"):
            columns = [get(name).value(targets[:, c], values[:, c], weights) for c in range(3)]
            assert abs(score(name, targets, values, weights) - ppm(np.mean(columns))) <= 1


@given(SEEDS)
def test_score__multilabel__is_scikit_learns(seed):
    random = np.random.default_rng(seed)
    targets = random.integers(0, 2, (7, 4))
    targets[0] = 1
    table = (targets * random.uniform(0, 1, (7, 1)) + random.uniform(0, 1, (7, 4))) / 2
    found = table >= 0.5
    for weights in weighted(seed, 7):
        iou = [sk.jaccard_score(t, f, zero_division=1) for t, f in zip(targets, found, strict=True)]
        both = [sk.f1_score(t, f, zero_division=1) for t, f in zip(targets, found, strict=True)]
        expected = {
            "multilabel_f1_macro": sk.f1_score(
                targets, found, average="macro", zero_division=0, sample_weight=weights
            ),
            "multilabel_ap_micro": sk.average_precision_score(
                targets, table, average="micro", sample_weight=weights
            ),
            "mean_iou": np.average(iou, weights=weights),
            "dice": np.average(both, weights=weights),
        }
        for name, value in expected.items():
            assert abs(score(name, targets, table, weights) - ppm(value)) <= 1, name


def test_score__empty_masks__count_as_right_and_missing_labels_as_none():
    targets = np.array([[0, 0], [1, 0]])
    table = np.array([[0.4, 0.0], [0.5, 0.0]])
    assert score("mean_iou", targets, table) == score("dice", targets, table) == 1_000_000
    assert score("mean_iou", targets, table + np.array([[0.1, 0], [0, 0]])) == 500_000
    assert score("multilabel_f1_macro", targets, table) == 1_000_000


@given(SEEDS)
def test_score__rankings__are_scikit_learns_and_the_definitions(seed):
    random = np.random.default_rng(seed)
    targets = random.integers(0, 4, (12, 6)).astype(float)
    scores = targets + random.normal(scale=2, size=(12, 6))
    for weights in weighted(seed, 12):
        expected = sk.ndcg_score(targets, scores, k=3, sample_weight=weights)
        assert abs(score("ndcg@3", targets, scores, weights) - ppm(expected)) <= 1
        precisions = []
        for truth, row in zip(targets, scores, strict=True):
            ranked = truth[np.argsort(-row)] > 0
            places = [i for i in range(3) if ranked[i]]
            parts = [ranked[: i + 1].mean() for i in places]
            precisions.append(sum(parts) / max(min(3, ranked.sum()), 1))
        expected = np.average(precisions, weights=weights)
        assert abs(score("map@3", targets, scores, weights) - ppm(expected)) <= 1


def test_score__ranking_with_padding__ignores_what_is_no_item():
    targets = np.array([[1.0, 0.0, -1.0], [0.0, -1.0, -1.0], [2.0, -1.0, -1.0]])
    scores = np.array([[0.2, 0.1, 9.0], [1.0, 2.0, 3.0], [0.0, 1.0, 2.0]])
    for name in ("ndcg@3", "map@3"):
        assert score(name, targets, scores) == round(2 / 3 * 1_000_000)


@pytest.mark.parametrize("name", ["ndcg@1", "map@1"])
def test_score__relevance_below_one__is_relevance(name):
    targets, scores = np.array([[0.5, 0.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert score(name, targets, scores) == 1_000_000


def test_score__equal_scores_in_a_ranking__favour_nobody():
    targets, ties = np.array([[1.0, 0.0]]), np.zeros((1, 2))
    assert score("map@2", targets, ties) == 500_000
    assert score("ndcg@2", targets, ties) == ppm((1 + 1 / np.log2(3)) / 2)


@pytest.mark.parametrize(("target", "expected"), [(0, 1_000_000), (1, 1_000_000), (2, 0)])
def test_score__equal_scores_at_the_top__count_the_lower_class_first(target, expected):
    assert score("top_accuracy@2", np.array([target]), np.zeros((1, 3))) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("top_accuracy@1", "expected top_accuracy@2 to top_accuracy@1000"),
        ("top_accuracy@1001", "expected top_accuracy@2 to top_accuracy@1000"),
        ("ndcg@0", "expected ndcg@1 to ndcg@1000"),
        ("ndcg@05", "expected ndcg@1 to ndcg@1000"),
        ("ndcg", "expected one of accuracy"),
        ("accuracy@2", "expected one of accuracy"),
        ("ndcg@x", "expected one of accuracy"),
    ],
)
def test_get__parameter_out_of_range__raises(name, reason):
    with pytest.raises(ValueError, match=reason):
        get(name)


@pytest.mark.parametrize("name", ["top_accuracy@2", "top_accuracy@1000", "ndcg@1", "map@1000"])
def test_get__parameter_at_the_bound__is_a_metric(name):
    assert get(name) is get(name)


@pytest.mark.parametrize(
    ("name", "targets", "reason"),
    [
        ("rmsle_skill", [-1.0, 2.0], "target -1.0, expected all above -1"),
        ("mape_skill", [0.0, 2.0], "target 0.0, expected none near 0"),
        ("mape_skill", [5e-324, 2.0], "expected none near 0"),
        ("ndcg@1", [[0.0, -1.0]], "no relevant item in 1 queries"),
        ("multilabel_ap_micro", [[0, 0]], "no label in 1 samples"),
        ("r2", [[1.0, 2.0], [1.0, 3.0]], "all 2 targets equal"),
    ],
)
def test_score__targets_on_which_it_is_undefined__raises(name, targets, reason):
    with pytest.raises(ValueError, match=reason):
        score(name, np.array(targets), np.array(targets, float))


@pytest.mark.parametrize("name", ["r2", "mae_skill"])
def test_score__worse_than_ignorance__is_zero(name):
    targets = np.array([0.0, 1.0, 2.0, 10.0])
    assert score(name, targets, -100 * targets) == 0


def test_score__confident_and_wrong__is_zero():
    targets = np.array([0, 1, 0, 1])
    assert score("log_loss_skill", targets, np.eye(2)[1 - targets]) == 0


def test_score__third__rounds_to_the_nearest():
    assert score("accuracy", np.array([0, 0, 0]), np.array([0, 1, 1])) == 333_333
    assert score("accuracy", np.array([0, 0, 0]), np.array([0, 0, 1])) == 666_667


@pytest.mark.parametrize(("right", "expected"), [(1, 7_812), (3, 23_438)])
def test_score__half_of_a_part_per_million__rounds_to_the_even_one(right, expected):
    labels = np.where(np.arange(128) < right, 0, 1)
    assert score("accuracy", np.zeros(128, dtype=int), labels) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.1234564999, 123_456), (0.1234565001, 123_457)])
def test_to_ppm__value_beside_a_half__is_rounded_in_float64(value, expected):
    assert metrics.to_ppm(value) == expected


def test_score__equal_probabilities__takes_the_first_class():
    halves = np.full((2, 2), 0.5)
    assert score("accuracy", np.array([0, 1]), halves) == 500_000


def test_score__class_missing_in_the_sample__is_the_mean_of_the_others():
    targets = np.array([0, 0, 2, 2])
    predictions = np.eye(3)[[0, 1, 2, 2]]
    assert score("balanced_accuracy", targets, predictions) == 750_000
    assert score("roc_auc_ovr", targets, predictions) == round((0.75 + 1.0) / 2 * 1_000_000)


def test_score__class_in_the_predictions_alone__counts_as_wrong_for_f1():
    targets, labels = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert score("f1_macro", targets, labels) == ppm((1 + 2 / 3 + 0) / 3)
    assert score("f1_weighted", targets, labels) == ppm((2 + 2 * 2 / 3) / 4)


@given(SEEDS)
def test_score__class_that_occurs_nowhere__counts_in_the_distance_of_the_others(seed):
    random = np.random.default_rng(seed)
    targets, found = random.choice([1, 2, 5], (2, 30))
    targets[:2] = [1, 5]
    for weights in weighted(seed, 30):
        options = {"labels": range(6), "weights": "quadratic", "sample_weight": weights}
        expected = ppm(sk.cohen_kappa_score(targets, found, **options))
        for predictions in (found, np.eye(6)[found]):
            assert abs(score("quadratic_kappa", targets, predictions, weights) - expected) <= 1


def test_score__two_of_three_classes_in_the_sample__average_precision_is_their_mean():
    """Only a model of two classes is judged by class 1 alone."""
    targets = np.array([0, 0, 1, 1])
    table = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1]])
    of_class_0, of_class_1 = 3 / 4, 1 / 2 * 1 / 2 + 1 / 2 * 2 / 3
    assert score("average_precision", targets, table) == ppm((of_class_0 + of_class_1) / 2)
    of_two = table[:, :2]
    assert score("average_precision", targets, of_two) == ppm(of_class_1)


def test_score__equal_values__share_their_mean_rank():
    targets, values = np.array([1.0, 2.0, 2.0, 3.0, 5.0]), np.array([1.0, 1.0, 4.0, 4.0, 4.0])
    ranks = np.array([1, 2.5, 2.5, 4, 5]), np.array([1.5, 1.5, 4, 4, 4])
    assert abs(score("spearman", targets, values) - ppm(np.corrcoef(*ranks)[0, 1])) <= 1


@pytest.mark.parametrize("low", [-0.5, -1.0, -3.0])
def test_score__prediction_below_zero__counts_as_zero_for_rmsle(low):
    targets = np.array([0.5, 1.0, 3.0])
    expected = score("rmsle_skill", targets, np.array([0.0, 1.0, 3.0]))
    assert 0 < score("rmsle_skill", targets, np.array([low, 1.0, 3.0])) == expected


def test_score__label_in_the_predictions_alone__does_not_count_for_multilabel_f1():
    targets, table = np.array([[1, 0], [1, 0]]), np.array([[0.9, 0.9], [0.9, 0.1]])
    assert score("multilabel_f1_macro", targets, table) == 1_000_000


@pytest.mark.parametrize(
    "name",
    [
        *("f1_binary", "mcc", "cohen_kappa", "quadratic_kappa", "roc_auc_ovr"),
        *("average_precision", "log_loss_skill", "brier_skill"),
    ],
)
def test_score__one_class_only__is_refused(name):
    with pytest.raises(ValueError, match="expected at least two classes"):
        score(name, np.zeros(3, dtype=int), np.full((3, 2), 0.5))


@pytest.mark.parametrize("name", ["r2", "mae_skill"])
def test_score__equal_targets__is_refused(name):
    with pytest.raises(ValueError, match="expected at least two values"):
        score(name, np.ones(3), np.ones(3))


def test_score__unknown_name__names_those_there_are():
    with pytest.raises(ValueError, match="metric 'accuracies', expected one of accuracy, "):
        score("accuracies", np.zeros(1), np.zeros(1))


def test_score__probabilities_for_values__is_refused():
    with pytest.raises(
        ValueError, match=r"shape \(2, 2\) for targets of \(2,\), expected values or"
    ):
        score("r2", np.array([0.0, 1.0]), np.full((2, 2), 0.5))


def test_score__labels_for_probabilities__is_refused():
    with pytest.raises(
        ValueError, match=r"shape \(2,\) .*, expected probabilities or scores for roc_"
    ):
        score("roc_auc_ovr", np.array([0, 1]), np.array([0, 1]))


def test_score__other_number_of_predictions__is_refused():
    with pytest.raises(ValueError, match="2 predictions, expected one for each of 3"):
        score("accuracy", np.zeros(3, dtype=int), np.zeros(2, dtype=int))


@pytest.mark.parametrize("metric", [metrics.brier_skill, metrics.log_loss_skill])
def test_skill__rows_that_do_not_add_up_to_one__are_shares(metric) -> None:
    targets, rows = np.array([0, 1, 2, 1]), np.random.default_rng(1).random((4, 3)) + 0.1
    shares = rows / rows.sum(axis=1, keepdims=True)
    assert metric(targets, rows, None) == pytest.approx(metric(targets, shares, None))
