"""The demo's data and models: scikit-learn's handwritten digits, and classifiers as ONNX files."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from offchain.protocol.model_spec import ModelSpec, Output
from offchain.protocol.sample import Samples

DIGITS = ModelSpec(input_shape=(64,), output=Output.PROBABILITIES, classes=10)
"""Images of 8 x 8 pixels, ten classes."""


@dataclass(frozen=True)
class Data:
    """Digits to train on, and digits that only the provider has."""

    train_inputs: NDArray[Any]
    train_targets: NDArray[Any]
    hidden: Samples


def digits() -> Data:
    """1,797 digits, 40 % of them hidden."""
    inputs, targets = load_digits(return_X_y=True)
    train, hidden, train_targets, hidden_targets = train_test_split(
        inputs.astype(np.float32), targets.astype(np.int64), test_size=0.4, random_state=0
    )
    return Data(train, train_targets, Samples(hidden, hidden_targets))


def logistic_regression(data: Data) -> bytes:
    return _onnx(LogisticRegression(max_iter=200), data)


def random_forest(data: Data, trees: int = 40) -> bytes:
    return _onnx(RandomForestClassifier(trees, max_depth=12, random_state=1), data)


def perceptron(data: Data) -> bytes:
    return _onnx(_network(), data)


def near_copy_of_perceptron(data: Data) -> bytes:
    """The same network, with weights changed a little: another file with the same answers."""
    network = _network()
    _fit(network, data)
    network.coefs_ = [weights * (1 + 1e-5) for weights in network.coefs_]
    return _export(network, data)


def _network() -> MLPClassifier:
    return MLPClassifier((200,), alpha=0.1, learning_rate_init=2e-3, max_iter=100, random_state=2)


def _onnx(classifier: Any, data: Data) -> bytes:
    _fit(classifier, data)
    return _export(classifier, data)


def _fit(classifier: Any, data: Data) -> None:
    # One thread: on models of this size, more of them only wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(data.train_inputs, data.train_targets)


def _export(classifier: Any, data: Data) -> bytes:
    model = to_onnx(classifier, data.train_inputs[:1], options={"zipmap": False})
    return bytes(model.SerializeToString())
