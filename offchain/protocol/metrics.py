"""Named metrics: predictions on the sample → a score from 0 to 1,000,000 parts per million.

A metric's value is one of scikit-learn's, or a skill made of one: what the model gains over a
prediction that knows nothing of the inputs. It is clipped to [0, 1], multiplied by 1,000,000 and
rounded to the nearest integer, ties to the even one. A score of zero never sells.
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
        value: of targets (n,) and predictions; without a bound, higher is better.
        outputs: which of a model's outputs it takes. Labels are made of probabilities by the
            largest one, the first of equals.
        check: raises ValueError for targets on which the value is not defined.
    """

    value: Callable[[Array, Array], float]
    outputs: frozenset[Output]
    check: Callable[[Array], None]


def score(name: str, targets: Array, predictions: Array) -> int:
    """The score of a model's predictions.

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
    """The metric of a name.

    Raises:
        ValueError: there is none; names those that are.
    """
    if name not in METRICS:
        raise ValueError(f"metric {name!r}, expected one of {', '.join(METRICS)}")
    return METRICS[name]


def _sk() -> Any:
    from sklearn import metrics  # slow to import, and most hosts' tools score nothing

    return metrics


# ── Classification ──


def labels(predictions: Array) -> Array:
    """Class indices (n,): labels as they are, probabilities by the largest, the first of equals."""
    return predictions.argmax(axis=1) if predictions.ndim == 2 else predictions


def accuracy(targets: Array, predictions: Array) -> float:
    """Share of samples whose label is right, in [0, 1] (`sklearn.metrics.accuracy_score`)."""
    return float(_sk().accuracy_score(targets, labels(predictions)))


def balanced_accuracy(targets: Array, predictions: Array) -> float:
    """Mean over the classes in the sample of the share that is found, in [0, 1].

    `sklearn.metrics.recall_score(average="macro")` over those classes, which is
    `balanced_accuracy_score` without its warning for a class that is predicted but absent.
    """
    present = np.unique(targets)
    recall = _sk().recall_score(targets, labels(predictions), labels=present, average="macro")
    return float(recall)


def f1_macro(targets: Array, predictions: Array) -> float:
    """Mean over the classes in sample or predictions of the F1 score, in [0, 1].

    `sklearn.metrics.f1_score(average="macro", zero_division=0)`.
    """
    return float(_sk().f1_score(targets, labels(predictions), average="macro", zero_division=0))


def roc_auc_ovr(targets: Array, predictions: Array) -> float:
    """Mean over the classes in the sample of the area under its one-vs-rest ROC curve, in [0, 1].

    `sklearn.metrics.roc_auc_score(multi_class="ovr", average="macro")` where every class is in the
    sample. 0.5 is what chance gets.
    """
    present = np.unique(targets)
    areas = [_sk().roc_auc_score(targets == c, predictions[:, c]) for c in present]
    return float(np.mean(areas))


def log_loss_skill(targets: Array, predictions: Array) -> float:
    """1 - L / L₀, at most 1: L the log-loss of the probabilities, L₀ that of class frequencies.

    Frequencies are of the sample itself. L is `sklearn.metrics.log_loss`, rows normalised to sum
    to one and probabilities kept 2⁻⁵² away from 0 and 1.
    """
    classes = predictions.shape[1]
    frequencies = np.bincount(targets, minlength=classes) / len(targets)
    present = frequencies[frequencies > 0]
    baseline = float(-(present * np.log(present)).sum())
    rows = predictions / predictions.sum(axis=1, keepdims=True)
    return 1.0 - float(_sk().log_loss(targets, rows, labels=np.arange(classes))) / baseline


# ── Regression ──


def r2(targets: Array, predictions: Array) -> float:
    """Coefficient of determination, at most 1 (`sklearn.metrics.r2_score`); 0 for the mean."""
    return float(_sk().r2_score(targets, predictions))


def mae_skill(targets: Array, predictions: Array) -> float:
    """1 - E / E₀, at most 1: E the mean absolute error, E₀ that of the sample's median.

    `sklearn.metrics.mean_absolute_error`.
    """
    baseline = float(np.abs(targets - np.median(targets)).mean())
    return 1.0 - float(_sk().mean_absolute_error(targets, predictions)) / baseline


# ── Where a metric is defined ──


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
