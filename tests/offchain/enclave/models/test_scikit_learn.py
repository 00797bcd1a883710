"""scikit-learn models, exported by skl2onnx: they pass the checks and predict the same."""

from typing import Any

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.base import BaseEstimator, is_classifier
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from offchain.enclave.models.runner import Predictions, RunLimits, run_model
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

FIXED = {"random_state": 0}
CLASSIFIERS = [
    LogisticRegression(max_iter=50),
    RandomForestClassifier(20, **FIXED),
    ExtraTreesClassifier(10, max_depth=8, **FIXED),
    GradientBoostingClassifier(n_estimators=3, **FIXED),
    MLPClassifier((32,), max_iter=30, **FIXED),
    DecisionTreeClassifier(**FIXED),
    GaussianNB(var_smoothing=1e-2),
    SVC(**FIXED),
    make_pipeline(StandardScaler(), PCA(20, **FIXED), LogisticRegression(max_iter=50)),
    make_pipeline(Normalizer(), MLPClassifier((16,), max_iter=30, **FIXED)),
]
REGRESSORS = [
    LinearRegression(),
    make_pipeline(MinMaxScaler(), Ridge()),
    RandomForestRegressor(20, **FIXED),
    GradientBoostingRegressor(n_estimators=20, **FIXED),
    make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=50, **FIXED)),
    make_pipeline(StandardScaler(), SVR(C=100)),
]


def name(model: BaseEstimator) -> str:
    """Return the name of a model's class, or of the classes of a pipeline's steps."""
    steps = [step for _, step in getattr(model, "steps", [("", model)])]
    return "-".join(type(step).__name__ for step in steps)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    samples, targets = load_digits(return_X_y=True)
    return samples.astype(np.float32), targets


@pytest.fixture(scope="module")
def diabetes() -> tuple[np.ndarray, np.ndarray]:
    samples, targets = load_diabetes(return_X_y=True)
    return samples.astype(np.float32), targets


def export(model: BaseEstimator, samples: np.ndarray) -> bytes:
    options: dict[Any, Any] = {id(model): {"zipmap": False}} if is_classifier(model) else {}
    return to_onnx(model, samples[:1], options=options).SerializeToString()


def run(model: bytes, samples: np.ndarray, output: Output) -> Predictions:
    spec = ModelSpec(samples.shape[1:], output, 0 if output is Output.VALUES else 10)
    return run_model(model, samples, spec, ModelLimits(), RunLimits(120, 60), submission=0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Attribute `prob[AB]_` was deprecated:FutureWarning")
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_run_model__classifier__labels_are_the_same(digits, model):
    samples, targets = digits
    model.fit(samples[:800], targets[:800])
    result = run(export(model, samples), samples[800:], Output.LABELS)
    np.testing.assert_array_equal(result.plain, model.predict(samples[800:]))
    np.testing.assert_array_equal(result.optimised, result.plain)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", CLASSIFIERS[:3], ids=name)
def test_run_model__classifier__probabilities_are_the_same(digits, model):
    samples, targets = digits
    model.fit(samples[:800], targets[:800])
    result = run(export(model, samples), samples[800:], Output.PROBABILITIES)
    expected = model.predict_proba(samples[800:])
    np.testing.assert_allclose(result.plain, expected, atol=2e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_run_model__regressor__values_are_the_same(diabetes, model):
    samples, targets = diabetes
    model.fit(samples[:300], targets[:300])
    result = run(export(model, samples), samples[300:], Output.VALUES)
    np.testing.assert_allclose(result.plain, model.predict(samples[300:]), rtol=1e-4)


def test_run_model__exported_with_zipmap__predicts_the_same(digits):
    samples, targets = digits
    model = DecisionTreeClassifier(**FIXED).fit(samples, targets)
    found = run(to_onnx(model, samples[:1]).SerializeToString(), samples, Output.LABELS)
    np.testing.assert_array_equal(found.plain, model.predict(samples))
