"""Models that are tried on each kind of data, and their ONNX files."""

from collections.abc import Callable, Mapping
from typing import Any

from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn.base import is_classifier
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from offchain.protocol.sample import Samples
from scripts.lib.experiments.cnn import Convolutional

Learners = Mapping[str, Callable[[], Any]]
"""Functions that make models to be trained, by the name of the kind of model."""


def _scaled(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model)


IMAGES: Learners = {
    "linear": lambda: LogisticRegression(max_iter=50),
    "forest": lambda: RandomForestClassifier(100, random_state=0),
    "boosting": lambda: make_pipeline(
        PCA(40, random_state=0),
        GradientBoostingClassifier(
            learning_rate=0.2, n_estimators=50, max_features=6, min_samples_leaf=5, random_state=0
        ),
    ),
    "MLP": lambda: MLPClassifier((128,), max_iter=30, random_state=0),
    "deep MLP": lambda: MLPClassifier((256, 128), max_iter=30, random_state=0),
    "CNN": lambda: Convolutional(steps=2_000),
}
TABLE: Learners = {
    "linear": lambda: _scaled(LogisticRegression()),
    "Bayes": GaussianNB,
    "neighbours": lambda: _scaled(KNeighborsClassifier(5)),
    "forest": lambda: RandomForestClassifier(100, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(random_state=0),
    "MLP": lambda: _scaled(MLPClassifier((32,), max_iter=400, random_state=0)),
}
VALUES: Learners = {
    "linear": lambda: _scaled(Ridge()),
    "vectors": lambda: _scaled(SVR(C=100)),
    "neighbours": lambda: _scaled(KNeighborsRegressor(10)),
    "forest": lambda: RandomForestRegressor(100, random_state=0),
    "boosting": lambda: GradientBoostingRegressor(n_estimators=50, random_state=0),
    "MLP": lambda: _scaled(MLPRegressor(hidden_layer_sizes=(16,), max_iter=1500, random_state=0)),
}
TEXT: Learners = {
    "linear": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "linear, pairs": lambda: make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10)
    ),
    "Bayes": lambda: make_pipeline(CountVectorizer(), MultinomialNB()),
    "forest": lambda: make_pipeline(TfidfVectorizer(), RandomForestClassifier(100, random_state=0)),
    "boosting": lambda: make_pipeline(
        TfidfVectorizer(min_df=2), GradientBoostingClassifier(random_state=0)
    ),
    "MLP": lambda: make_pipeline(
        TfidfVectorizer(), TruncatedSVD(100, random_state=0), MLPClassifier((32,), random_state=0)
    ),
}
LEARNERS = {"images": IMAGES, "table": TABLE, "values": VALUES, "text": TEXT}
"""Models by the kind of a data set."""


def inputs_of(samples: Samples) -> Any:
    """Return inputs as a learner takes them: a list of texts, or an array of floats."""
    if samples.inputs.dtype.names:
        (name,) = samples.inputs.dtype.names
        return [each.decode() for each in samples.inputs[name]]
    return samples.inputs


def train(make: Callable[[], Any], samples: Samples) -> bytes:
    """Train a model and return its ONNX file; a classifier gives a table of probabilities."""
    inputs = inputs_of(samples)
    model = make().fit(inputs, samples.targets)
    if isinstance(model, Convolutional):
        return model.to_onnx()
    kinds = None
    if samples.inputs.dtype.names:
        kinds = [(name, StringTensorType([None])) for name in samples.inputs.dtype.names]
    example = inputs[:1] if kinds is None else None
    options = {id(model): {"zipmap": False}} if is_classifier(model) else None
    made = to_onnx(model, example, initial_types=kinds, options=options)
    return bytes(made.SerializeToString())
