"""Named metrics: they turn predictions on the sample into a score from 0 to 1,000,000 (ppm).

A metric's value is one of scikit-learn's, or a skill score computed from one: the gain over a
prediction that ignores the inputs. It is clipped to [0, 1], multiplied by 1,000,000 and rounded to
the nearest integer, ties to even. A model with a score of zero never sells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol.model_spec import Output

Array = NDArray[Any]
PPM = 1_000_000
CLASSIFIERS = frozenset({Output.LABELS, Output.PROBABILITIES})


@dataclass(frozen=True)
class Metric:
    """A metric and the kinds of model it can score.

    Args:
        value: function of targets (n,) and predictions; not clipped, higher is better.
        outputs: the kinds of output it takes. A metric of labels takes probabilities too: the label
            is the class of the largest probability, the first of equals.
        check: raises ValueError for targets on which the value is not defined.
    """

    value: Callable[[Array, Array], float]
    outputs: frozenset[Output]
    check: Callable[[Array], None]


def score(name: str, targets: Array, predictions: Array) -> int:
    """Return the score of a model's predictions.

    Args:
        name: a key of `METRICS`.
        targets: shape (n,): int64 classes from 0 to c - 1, or float64 values; n at least 1.
        predictions: labels int64 (n,), probabilities float64 (n, c), or values float64 (n,);
            finite.

    Returns:
        Parts per million.

    Raises:
        ValueError: the metric is unknown, takes other outputs, the shapes do not fit, or the
            metric is not defined on these targets.
    """
    metric = get(name)
    if len(targets) != len(predictions) or len(targets) == 0:
        raise ValueError(f"{len(predictions)} predictions, expected one for each of {len(targets)}")
    if predictions.ndim == 2 and Output.PROBABILITIES not in metric.outputs:
        raise ValueError(f"probabilities for {name}, expected {sorted(metric.outputs)}")
    if predictions.ndim == 1 and metric.outputs == {Output.PROBABILITIES}:
        raise ValueError(f"predictions of shape {predictions.shape} for {name}, expected (n, c)")
    metric.check(targets)
    return round(float(np.clip(metric.value(targets, predictions), 0.0, 1.0)) * PPM)


def get(name: str) -> Metric:
    """Return the metric with a name.

    Raises:
        ValueError: there is none; the message lists the known names.
    """
    if name not in METRICS:
        raise ValueError(f"metric {name!r}, expected one of {', '.join(METRICS)}")
    return METRICS[name]


def _sk() -> Any:
    from sklearn import metrics  # slow to import, and most of the hosts' tools never score

    return metrics


# ── Classification ──


def labels(predictions: Array) -> Array:
    """Return class indices (n,): labels unchanged, of probabilities the first largest."""
    return predictions.argmax(axis=1) if predictions.ndim == 2 else predictions


def accuracy(targets: Array, predictions: Array) -> float:
    """Return the share of correct labels, in [0, 1] (`sklearn.metrics.accuracy_score`)."""
    return float(_sk().accuracy_score(targets, labels(predictions)))


def balanced_accuracy(targets: Array, predictions: Array) -> float:
    """Return the mean recall over the classes in the sample, in [0, 1].

    This is `sklearn.metrics.recall_score(average="macro")` over those classes. It equals
    `balanced_accuracy_score`, without the warning for a class that is predicted but absent.
    """
    present = np.unique(targets)
    recall = _sk().recall_score(targets, labels(predictions), labels=present, average="macro")
    return float(recall)


def f1_macro(targets: Array, predictions: Array) -> float:
    """Return the mean F1 score over the classes in sample or predictions, in [0, 1].

    This is `sklearn.metrics.f1_score(average="macro", zero_division=0)`.
    """
    return float(_sk().f1_score(targets, labels(predictions), average="macro", zero_division=0))


def roc_auc_ovr(targets: Array, predictions: Array) -> float:
    """Return the mean area under the one-vs-rest ROC curve of the sample's classes, in [0, 1].

    It equals `sklearn.metrics.roc_auc_score(multi_class="ovr", average="macro")` if every class is
    in the sample. Random predictions get about 0.5.
    """
    present = np.unique(targets)
    areas = [_sk().roc_auc_score(targets == c, predictions[:, c]) for c in present]
    return float(np.mean(areas))


def log_loss_skill(targets: Array, predictions: Array) -> float:
    """Return 1 - L / L₀, at most 1: L is the log-loss of the probabilities, L₀ the baseline's.

    The baseline predicts the class frequencies of the sample itself. L is
    `sklearn.metrics.log_loss`, of rows normalised to sum to one and probabilities kept 2⁻⁵² away
    from 0 and 1.
    """
    classes = predictions.shape[1]
    frequencies = np.bincount(targets, minlength=classes) / len(targets)
    present = frequencies[frequencies > 0]
    baseline = float(-(present * np.log(present)).sum())
    rows = predictions / predictions.sum(axis=1, keepdims=True)
    return 1.0 - float(_sk().log_loss(targets, rows, labels=np.arange(classes))) / baseline


# ── Regression ──


def r2(targets: Array, predictions: Array) -> float:
    """Return the coefficient of determination, at most 1 (`sklearn.metrics.r2_score`).

    It is 0 for a model that always predicts the sample's mean.
    """
    return float(_sk().r2_score(targets, predictions))


def mae_skill(targets: Array, predictions: Array) -> float:
    """Return 1 - E / E₀, at most 1: E is the mean absolute error, E₀ that of the sample's median.

    E is `sklearn.metrics.mean_absolute_error`.
    """
    baseline = float(np.abs(targets - np.median(targets)).mean())
    return 1.0 - float(_sk().mean_absolute_error(targets, predictions)) / baseline


# ── Targets on which a metric is defined ──


def _any(_: Array) -> None:
    pass


def _two_classes(targets: Array) -> None:
    if len(np.unique(targets)) < 2:
        raise ValueError(f"all {len(targets)} targets of one class, expected at least two classes")


def _two_values(targets: Array) -> None:
    if len(np.unique(targets)) < 2:
        raise ValueError(f"all {len(targets)} targets equal, expected at least two values")


_PROBABILITIES = frozenset({Output.PROBABILITIES})
_VALUES = frozenset({Output.VALUES})

METRICS = {
    "accuracy": Metric(accuracy, CLASSIFIERS, _any),
    "balanced_accuracy": Metric(balanced_accuracy, CLASSIFIERS, _any),
    "f1_macro": Metric(f1_macro, CLASSIFIERS, _any),
    "roc_auc_ovr": Metric(roc_auc_ovr, _PROBABILITIES, _two_classes),
    "log_loss_skill": Metric(log_loss_skill, _PROBABILITIES, _two_classes),
    "r2": Metric(r2, _VALUES, _two_values),
    "mae_skill": Metric(mae_skill, _VALUES, _two_values),
}
"""Every metric by the name that a manifest uses."""
