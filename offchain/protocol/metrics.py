"""Named metrics: they turn predictions on the sample into a score from 0 to 1,000,000 (ppm).

A metric's value is one of scikit-learn's, or a skill score computed from one: the gain over a
prediction that ignores the inputs. It is clipped to [0, 1], multiplied by 1,000,000 and rounded to
the nearest integer, ties to even. A model with a score of zero never sells.
docs/SPEC.md, "Metrics", has a table of all with baselines and edge cases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol.model_spec import Output

Array = NDArray[Any]
Weights = NDArray[np.float64] | None
PPM = 1_000_000
CLASSIFIERS = frozenset({Output.LABELS, Output.PROBABILITIES, Output.SCORES})


@dataclass(frozen=True)
class Metric:
    """A metric and the kinds of model it can score.

    Args:
        value: function of targets (n, …), predictions and weights (n,); not clipped, higher is
            better.
        outputs: the kinds of output it takes. A metric of labels takes probabilities and scores
            too: the label is the class of the largest, the first of equals.
        check: raises ValueError for targets on which the value is not defined.
        weighted: True if samples may have weights.
        each: for a metric that is the mean of one value for each sample, a function of targets and
            predictions that returns them (n,), bool if the metric is a share; None for the others.
        classes: exact number of classes it takes; None for any.
    """

    value: Callable[[Array, Array, Weights], float]
    outputs: frozenset[Output]
    check: Callable[[Array], None]
    weighted: bool = True
    each: Callable[[Array, Array], Array] | None = None
    classes: int | None = None


def score(name: str, targets: Array, predictions: Array, weights: Weights = None) -> int:
    """Return the score of a model's predictions.

    Args:
        name: a key of `METRICS`, with a parameter after ``@`` where it takes one.
        targets: as in `offchain.protocol.sample.Samples`; n at least 1.
        predictions: labels int64 (n,), values float64 (n,), or a table float64 (n, c); finite.
        weights: float64 (n,), positive; None if all samples count the same.

    Returns:
        Parts per million.

    Raises:
        ValueError: the metric is unknown, takes other outputs, the shapes do not fit, or the
            metric is not defined on these targets.
    """
    metric = get(name)
    if len(targets) != len(predictions) or len(targets) == 0:
        raise ValueError(f"{len(predictions)} predictions, expected one for each of {len(targets)}")
    if metric.outputs <= CLASSIFIERS:
        fits = predictions.ndim == 2 or (predictions.ndim == 1 and Output.LABELS in metric.outputs)
    else:
        fits = predictions.shape == targets.shape
    if not fits:
        raise ValueError(
            f"predictions of shape {predictions.shape} for targets of {targets.shape}, expected "
            f"{' or '.join(sorted(metric.outputs))} for {name}"
        )
    metric.check(targets)
    return to_ppm(metric.value(targets, predictions, weights))


def to_ppm(value: float) -> int:
    """Clip a value to [0, 1] and return it in parts per million, rounded, ties to even.

    A value that is not a number, from errors too large to add, is 0.
    """
    return 0 if np.isnan(value) else round(float(np.clip(value, 0.0, 1.0)) * PPM)


@cache
def get(name: str) -> Metric:
    """Return the metric with a name, such as ``accuracy`` or ``ndcg@10``.

    Raises:
        ValueError: there is none, or its parameter is out of range; the message lists the known
            names or the range.
    """
    base, at, parameter = name.partition("@")
    if base in METRICS and not at:
        return METRICS[base]
    if base in FAMILIES and parameter.isascii() and parameter.isdigit():
        low, high, make = FAMILIES[base]
        # str() refuses other ways to write the same number, such as 05.
        if str(int(parameter)) == parameter and low <= int(parameter) <= high:
            return make(int(parameter))
        raise ValueError(f"metric {name!r}, expected {base}@{low} to {base}@{high}")
    raise ValueError(f"metric {name!r}, expected one of {', '.join(names())}")


def names() -> list[str]:
    """Return the names of all metrics; those with a parameter end in ``@`` and its range."""
    ranges = (f"{base}@{low}..{high}" for base, (low, high, _) in FAMILIES.items())
    return [*METRICS, *ranges]


def _sk() -> Any:
    from sklearn import metrics  # slow to import, and most of the hosts' tools never score

    return metrics


# ── Classification, by labels ──


def labels(predictions: Array) -> Array:
    """Return class indices (n,): labels unchanged, of a table the first largest."""
    return predictions.argmax(axis=1) if predictions.ndim == 2 else predictions


def _right(targets: Array, predictions: Array) -> Array:
    """Return True for each correct label (`sklearn.metrics.accuracy_score` is their share)."""
    return np.asarray(targets == labels(predictions))


def balanced_accuracy(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the mean recall over the classes in the sample, in [0, 1].

    This is `sklearn.metrics.recall_score(average="macro")` over those classes. It equals
    `balanced_accuracy_score`, without the warning for a class that is predicted but absent.
    """
    options = {"labels": np.unique(targets), "average": "macro", "sample_weight": weights}
    return float(_sk().recall_score(targets, labels(predictions), **options))


def _of_labels(name: str, **options: Any) -> Callable[[Array, Array, Weights], float]:
    """Return the metric of labels that scikit-learn has under a name."""

    def value(targets: Array, predictions: Array, weights: Weights) -> float:
        function = getattr(_sk(), name)
        return float(function(targets, labels(predictions), sample_weight=weights, **options))

    return value


_f1 = partial(_of_labels, "f1_score", zero_division=0)


def _quadratic_kappa(targets: Array, predictions: Array, weights: Weights) -> float:
    found = labels(predictions)  # scikit-learn would number only the classes that occur
    mean = np.average(found, weights=weights)
    return _skill((targets - found) ** 2, (targets - mean) ** 2 + (found - mean) ** 2, weights)


# ── Classification, by probabilities or scores ──


def _one_vs_rest(
    area: Callable[..., float], targets: Array, predictions: Array, weights: Weights
) -> float:
    """Return the mean area of the sample's classes, each against the rest."""
    areas = [
        area(targets == c, predictions[:, c], sample_weight=weights) for c in np.unique(targets)
    ]
    return float(np.mean(areas))


def roc_auc_ovr(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the mean area under the one-vs-rest ROC curve of the sample's classes, in [0, 1].

    It equals `sklearn.metrics.roc_auc_score(multi_class="ovr", average="macro")` if every class is
    in the sample. Random predictions get about 0.5.
    """
    return _one_vs_rest(_sk().roc_auc_score, targets, predictions, weights)


def average_precision(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the average precision of class 1 of two, or the mean over the sample's classes."""
    if predictions.shape[1] == 2:
        return float(
            _sk().average_precision_score(targets == 1, predictions[:, 1], sample_weight=weights)
        )
    return _one_vs_rest(_sk().average_precision_score, targets, predictions, weights)


def log_loss_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return 1 - L / L₀, at most 1: L is the log-loss of the probabilities, L₀ the baseline's."""
    classes = predictions.shape[1]
    present = _frequencies(targets, classes, weights)
    present = present[present > 0]
    baseline = float(-(present * np.log(present)).sum())
    rows = predictions / predictions.sum(axis=1, keepdims=True)
    loss = _sk().log_loss(targets, rows, labels=np.arange(classes), sample_weight=weights)
    return 1.0 - float(loss) / baseline


def brier_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return 1 - B / B₀, at most 1: B is the Brier score, B₀ that of the class frequencies."""
    truth = np.eye(predictions.shape[1])[targets]
    rows = predictions / predictions.sum(axis=1, keepdims=True)
    frequencies = _frequencies(targets, predictions.shape[1], weights)
    return _skill(((rows - truth) ** 2).sum(axis=1), ((frequencies - truth) ** 2).sum(1), weights)


def _hit_in_top(targets: Array, predictions: Array, *, k: int) -> Array:
    """Return True for each sample whose class is among its k largest scores."""
    own = predictions[np.arange(len(targets)), targets][:, None]
    earlier = np.arange(predictions.shape[1]) < targets[:, None]
    ahead = (predictions > own) | ((predictions == own) & earlier)
    return np.asarray(ahead.sum(axis=1) < k)


def _frequencies(targets: Array, classes: int, weights: Weights) -> Array:
    counts = np.bincount(targets, weights, classes)
    return np.asarray(counts / counts.sum())


# ── Regression ──


def _skill(errors: Array, baseline: Array, weights: Weights) -> float:
    """Return 1 - E / E₀ for the errors of each sample, by a model and by a baseline."""
    expected = float(np.average(baseline, weights=weights))
    return 1.0 - float(np.average(errors, weights=weights)) / expected


def quantile(values: Array, weights: Weights, share: float) -> float:
    """Return the least value that, with all values below it, has this share of the weight."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])


def r2(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the coefficient of determination, at most 1 (`sklearn.metrics.r2_score`)."""
    return float(_sk().r2_score(targets, predictions, sample_weight=weights))


def mae_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return 1 - E / E₀, at most 1: E is the mean absolute error, E₀ that of the median."""

    def skill(truth: Array, values: Array) -> float:
        median = quantile(truth, weights, 0.5)
        return _skill(np.abs(values - truth), np.abs(truth - median), weights)

    return _over_columns(skill, targets, predictions)


def rmse_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return 1 - E / E₀, at most 1: E is the root mean squared error, E₀ the mean's."""

    def skill(truth: Array, values: Array) -> float:
        mean = np.average(truth, weights=weights)
        ratio = 1.0 - _skill((values - truth) ** 2, (truth - mean) ** 2, weights)
        return 1.0 - float(np.sqrt(ratio))

    return _over_columns(skill, targets, predictions)


def rmsle_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return `rmse_skill` of log(1 + target) and log(1 + prediction)."""
    return rmse_skill(np.log1p(targets), np.log1p(np.maximum(predictions, 0.0)), weights)


def mape_skill(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return 1 - E / E₀, at most 1: E is the mean of |error / target|, no target is 0."""
    relative = 1.0 / np.abs(targets)
    constant = quantile(targets, relative if weights is None else relative * weights, 0.5)
    errors, baseline = (np.abs(v - targets) * relative for v in (predictions, constant))
    return _skill(errors, baseline, weights)


def pinball_skill(targets: Array, predictions: Array, weights: Weights, *, percent: int) -> float:
    """Return 1 - E / E₀, at most 1: E is the pinball loss, E₀ that of the quantile."""
    alpha = percent / 100

    def loss(values: Array | float) -> Array:
        difference = targets - values
        return np.maximum(alpha * difference, (alpha - 1) * difference)

    return _skill(loss(predictions), loss(quantile(targets, weights, alpha)), weights)


def spearman(targets: Array, predictions: Array, _: Weights) -> float:
    """Return Spearman's rank correlation, in [-1, 1] (`scipy.stats.spearmanr`)."""
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    if predictions.min() == predictions.max():
        return 0.0
    return float(np.corrcoef(rankdata(targets), rankdata(predictions))[0, 1])


def _over_columns(
    value: Callable[[Array, Array], float], targets: Array, predictions: Array
) -> float:
    if targets.ndim == 1:
        return value(targets, predictions)
    return float(np.mean([value(*pair) for pair in zip(targets.T, predictions.T, strict=True)]))


# ── Rankings: a sample is a query, a column an item, a target its relevance; below 0 is no item ──


def _ndcg(targets: Array, predictions: Array, *, k: int) -> Array:
    """Return each query's normalised discounted cumulative gain of the first k items."""
    pairs = zip(targets, predictions, strict=True)
    return np.array([_gain(truth[truth >= 0], row[truth >= 0], k) for truth, row in pairs])


def _gain(truth: Array, scores: Array, k: int) -> float:
    if len(truth) > 1:
        return float(_sk().ndcg_score(truth[None], scores[None], k=k))
    return float(truth.sum() > 0)


def _average_precisions(targets: Array, predictions: Array, *, k: int) -> Array:
    """Return each query's average precision of the first k items."""

    def precision(truth: Array, scores: Array) -> float:
        relevant, scores = truth[truth >= 0] > 0, scores[truth >= 0]
        first = relevant[np.lexsort((relevant, -scores))][:k]
        found = np.cumsum(first) / np.arange(1, len(first) + 1)
        return float((found * first).sum() / max(min(k, int(relevant.sum())), 1))

    return np.array([precision(*pair) for pair in zip(targets, predictions, strict=True)])


# ── Multilabel and masks: a column is a label or a pixel, present from a probability of 0.5 ──


def multilabel_f1_macro(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the mean F1 score of the labels that occur in the sample, in [0, 1].

    This is `sklearn.metrics.f1_score(average="macro", zero_division=0)` over those labels.
    """
    present = targets.any(axis=0)
    scores = _sk().f1_score(
        targets[:, present],
        predictions[:, present] >= 0.5,
        average=None,
        zero_division=0,
        sample_weight=weights,
    )
    return float(np.mean(scores))


def multilabel_ap_micro(targets: Array, predictions: Array, weights: Weights) -> float:
    """Return the average precision of all pairs of sample and label together, in [0, 1].

    This is `sklearn.metrics.average_precision_score(average="micro")`.
    """
    each = None if weights is None else np.repeat(weights, targets.shape[1])
    value = _sk().average_precision_score(targets.ravel(), predictions.ravel(), sample_weight=each)
    return float(value)


def _dice(targets: Array, predictions: Array) -> Array:
    """Return Dice's coefficient (1945) of each mask; 1 if both are empty.

    It is twice the size of the intersection over the sum of both sizes.
    """
    both, one = _overlap(targets, predictions)
    return _ratio(2 * both, both + one)


def _iou(targets: Array, predictions: Array) -> Array:
    """Return the intersection over the union of each mask; 1 if both are empty."""
    return _ratio(*_overlap(targets, predictions))


def _overlap(targets: Array, predictions: Array) -> tuple[Array, Array]:
    found, truth = predictions >= 0.5, targets == 1
    return (found & truth).sum(axis=1), (found | truth).sum(axis=1)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.ones(len(whole)), where=whole > 0)


# ── Targets on which a metric is defined ──


def _any(_: Array) -> None:
    pass


def _two_classes(targets: Array) -> None:
    if len(np.unique(targets)) < 2:
        raise ValueError(f"all {len(targets)} targets of one class, expected at least two classes")


def _two_values(targets: Array) -> None:
    """Refuse a column of equal values, whose baseline makes no error."""
    if (targets.min(axis=0) == targets.max(axis=0)).any():
        raise ValueError(f"all {len(targets)} targets equal, expected at least two values")


def _above_minus_one(targets: Array) -> None:
    if targets.min() <= -1:
        raise ValueError(f"target {targets.min()}, expected all above -1")
    _two_values(targets)


def _no_zero(targets: Array) -> None:
    least = np.abs(targets).min()
    if least < np.finfo(np.float64).tiny:
        raise ValueError(f"target {least}, expected none near 0: errors are divided by it")
    _two_values(targets)


def _one_relevant(targets: Array) -> None:
    if targets.max() <= 0:
        raise ValueError(f"no relevant item in {len(targets)} queries, expected at least one")


def _one_label(targets: Array) -> None:
    if not targets.any():
        raise ValueError(f"no label in {len(targets)} samples, expected at least one")


_SCORES = frozenset({Output.PROBABILITIES, Output.SCORES})
_PROBABILITIES = frozenset({Output.PROBABILITIES})
_VALUES = frozenset({Output.VALUES})
_COLUMNS = frozenset({Output.VALUES, Output.VECTORS})
_VECTORS = frozenset({Output.VECTORS})
_MULTILABEL = frozenset({Output.MULTILABEL})


def _mean_of(
    each: Callable[[Array, Array], Array],
    outputs: frozenset[Output],
    check: Callable[[Array], None] = _any,
) -> Metric:
    """Return the metric that is the mean of a value for each sample."""

    def value(targets: Array, predictions: Array, weights: Weights) -> float:
        return float(np.average(each(targets, predictions), weights=weights))

    return Metric(value, outputs, check, each=each)


METRICS = {
    "accuracy": _mean_of(_right, CLASSIFIERS),
    "balanced_accuracy": Metric(balanced_accuracy, CLASSIFIERS, _any),
    "f1_macro": Metric(_f1(average="macro"), CLASSIFIERS, _any),
    "f1_weighted": Metric(_f1(average="weighted"), CLASSIFIERS, _any),
    "f1_binary": Metric(_f1(), CLASSIFIERS, _two_classes, classes=2),
    "mcc": Metric(_of_labels("matthews_corrcoef"), CLASSIFIERS, _two_classes),
    "cohen_kappa": Metric(_of_labels("cohen_kappa_score"), CLASSIFIERS, _two_classes),
    "quadratic_kappa": Metric(_quadratic_kappa, CLASSIFIERS, _two_classes),
    "roc_auc_ovr": Metric(roc_auc_ovr, _SCORES, _two_classes),
    "average_precision": Metric(average_precision, _SCORES, _two_classes),
    "log_loss_skill": Metric(log_loss_skill, _PROBABILITIES, _two_classes),
    "brier_skill": Metric(brier_skill, _PROBABILITIES, _two_classes),
    "r2": Metric(r2, _COLUMNS, _two_values),
    "mae_skill": Metric(mae_skill, _COLUMNS, _two_values),
    "rmse_skill": Metric(rmse_skill, _COLUMNS, _two_values),
    "rmsle_skill": Metric(rmsle_skill, _VALUES, _above_minus_one),
    "mape_skill": Metric(mape_skill, _VALUES, _no_zero),
    "spearman": Metric(spearman, _VALUES, _two_values, weighted=False),
    "multilabel_f1_macro": Metric(multilabel_f1_macro, _MULTILABEL, _one_label),
    "multilabel_ap_micro": Metric(multilabel_ap_micro, _MULTILABEL, _one_label),
    "mean_iou": _mean_of(_iou, _MULTILABEL),
    "dice": _mean_of(_dice, _MULTILABEL),
}
"""Every metric without a parameter, by the name that a manifest uses."""

FAMILIES: dict[str, tuple[int, int, Callable[[int], Metric]]] = {
    "top_accuracy": (2, 1000, lambda k: _mean_of(partial(_hit_in_top, k=k), _SCORES)),
    "pinball_skill": (
        1,
        99,
        lambda percent: Metric(partial(pinball_skill, percent=percent), _VALUES, _two_values),
    ),
    "ndcg": (1, 1000, lambda k: _mean_of(partial(_ndcg, k=k), _VECTORS, _one_relevant)),
    "map": (
        1,
        1000,
        lambda k: _mean_of(partial(_average_precisions, k=k), _VECTORS, _one_relevant),
    ),
}
"""Metrics with an integer parameter: the least, the greatest, and the metric for each."""
