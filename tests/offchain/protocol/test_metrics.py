"""Metrics: equality with scikit-learn's, and the ends of their ranges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from offchain.protocol.metrics import METRICS, score
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


@given(SEEDS)
def test_score__labels__is_scikit_learns(seed):
    targets, probabilities = classification(seed)
    labels = probabilities.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(targets, labels),
        "balanced_accuracy": sk.balanced_accuracy_score(targets, labels),
        "f1_macro": sk.f1_score(targets, labels, average="macro"),
    }
    for name, value in expected.items():
        assert score(name, targets, labels) == ppm(value)
        assert score(name, targets, probabilities) == ppm(value)


@given(SEEDS)
def test_score__probabilities__is_scikit_learns(seed):
    targets, probabilities = classification(seed)
    binary = probabilities.shape[1] == 2
    ranked = probabilities[:, 1] if binary else probabilities
    area = sk.roc_auc_score(targets, ranked, multi_class="ovr")
    assert abs(score("roc_auc_ovr", targets, probabilities) - ppm(area)) <= 1
    frequencies = np.bincount(targets) / len(targets)
    ignorant = sk.log_loss(targets, np.tile(frequencies, (len(targets), 1)))
    skill = 1 - sk.log_loss(targets, probabilities) / ignorant
    assert abs(score("log_loss_skill", targets, probabilities) - ppm(skill)) <= 1


@given(SEEDS)
def test_score__values__is_scikit_learns(seed):
    targets, values = regression(seed)
    assert score("r2", targets, values) == ppm(sk.r2_score(targets, values))
    medians = np.full(len(targets), np.median(targets))
    skill = 1 - sk.mean_absolute_error(targets, values) / sk.mean_absolute_error(targets, medians)
    assert abs(score("mae_skill", targets, values) - ppm(skill)) <= 1


@pytest.mark.parametrize("name", METRICS)
def test_score__perfect_predictions__is_a_million(name):
    targets = np.array([0, 1, 2, 2, 1])
    from_probabilities = METRICS[name].outputs == {Output.PROBABILITIES}
    perfect = np.eye(3)[targets] if from_probabilities else targets
    assert score(name, targets, perfect) == 1_000_000


@pytest.mark.parametrize("name", METRICS)
def test_score__two_classes_or_values__are_enough(name):
    targets = np.array([0, 1])
    from_probabilities = METRICS[name].outputs == {Output.PROBABILITIES}
    assert score(name, targets, np.eye(2) if from_probabilities else targets) == 1_000_000


@pytest.mark.parametrize("name", ["r2", "mae_skill"])
def test_score__values_too_large_to_square_or_add__is_zero(name):
    targets = np.array([0.0, 1.0, 2.0])
    with np.errstate(over="ignore"):
        assert score(name, targets, np.full(3, 1.7e308)) == 0


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


def test_score__equal_probabilities__takes_the_first_class():
    halves = np.full((2, 2), 0.5)
    assert score("accuracy", np.array([0, 1]), halves) == 500_000


def test_score__class_missing_in_the_sample__is_the_mean_of_the_others():
    targets = np.array([0, 0, 2, 2])
    predictions = np.eye(3)[[0, 1, 2, 2]]
    assert score("balanced_accuracy", targets, predictions) == 750_000
    assert score("roc_auc_ovr", targets, predictions) == round((0.75 + 1.0) / 2 * 1_000_000)


@pytest.mark.parametrize("name", ["roc_auc_ovr", "log_loss_skill"])
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
    with pytest.raises(ValueError, match=r"probabilities for r2, expected \["):
        score("r2", np.array([0.0, 1.0]), np.full((2, 2), 0.5))


def test_score__labels_for_probabilities__is_refused():
    with pytest.raises(ValueError, match=r"shape \(2,\) for roc_auc_ovr, expected \(n, c\)"):
        score("roc_auc_ovr", np.array([0, 1]), np.array([0, 1]))


def test_score__other_number_of_predictions__is_refused():
    with pytest.raises(ValueError, match="2 predictions, expected one for each of 3"):
        score("accuracy", np.zeros(3, dtype=int), np.zeros(2, dtype=int))
