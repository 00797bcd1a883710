"""Price of luck: what a provider pays for the best of similar models, and what it is worth.

    make luck

Twenty similar models learn from parts of 3,000 images of MNIST. Each seed draws a sample of 10,000
others, and the model with the highest score is bought. Its worth is the price at its score on the
57,000 images that are left.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

from offchain.protocol.bounds import lower_bound
from offchain.protocol.metrics import score
from offchain.protocol.pricing import Knot, price
from offchain.protocol.sample import allocate, draw
from scripts.lib.bench.market import images

Array = NDArray[Any]

MODELS, TRAINING, HIDDEN = 20, 3_000, 10_000
LEVEL = 950_000
CURVES = {
    "accuracy": (Knot(880_000, 1), Knot(980_000, 1_000_000)),
    "brier_skill": (Knot(800_000, 1), Knot(1_000_000, 1_000_000)),
}
CASES = [("accuracy", 200, 300), ("accuracy", 500, 300), ("accuracy", 2_000, 300)]
CASES += [("brier_skill", 200, 60), ("brier_skill", 500, 60)]
"""Metric, size of the sample, number of seeds."""


def predictions(inputs: Array, targets: Array) -> Array:
    """Return the tables of all models for all samples but those of the training, float64."""
    random, tables = np.random.default_rng(1), []
    for index in range(MODELS):
        own = random.choice(TRAINING, TRAINING // 2, replace=False)
        model = make_pipeline(
            PCA(30, random_state=index), QuadraticDiscriminantAnalysis(reg_param=0.1)
        )
        tables.append(model.fit(inputs[own], targets[own]).predict_proba(inputs[TRAINING:]))
    return np.array(tables, np.float64)


def sample(seed: bytes, targets: Array, size: int) -> Array:
    """Return the rows of a stratified draw, as an enclave makes it."""
    sizes = allocate(np.bincount(targets), size)
    strata = (np.flatnonzero(targets == c) for c in range(len(sizes)))
    drawn = [draw(seed, 0, c, rows, int(sizes[c])) for c, rows in enumerate(strata)]
    return np.sort(np.concatenate(drawn))


def sales(
    name: str, size: int, seeds: int, targets: Array, tables: Array
) -> Iterator[tuple[int, int, int, int]]:
    """Yield what each sale pays for its best model and what that is worth: by score, by bound."""
    curve = CURVES[name]
    worth = [price(curve, score(name, targets[HIDDEN:], table[HIDDEN:])) for table in tables]
    for number in range(seeds):
        seed = sha256(number.to_bytes(8, "big")).digest()
        rows = sample(seed, targets[:HIDDEN], size)
        scores = [score(name, targets[rows], table[rows]) for table in tables]
        bounds = [
            lower_bound(name, targets[rows], table[rows], None, LEVEL, seed) for table in tables
        ]
        lucky, sure = int(np.argmax(scores)), int(np.argmax(bounds))
        yield price(curve, scores[lucky]), worth[lucky], price(curve, bounds[sure]), worth[sure]


def main() -> None:
    """Print a table: means of the prices, and how often a price is above the worth."""
    parts = images(), images("train")
    targets = np.concatenate([each.targets for each in parts])
    order = np.random.default_rng(0).permutation(len(targets))
    inputs = np.concatenate([each.inputs for each in parts])[order].astype(np.float32) / 255
    targets = targets[order]
    tables = predictions(inputs, targets)
    print(
        "| metric | sample | seeds | worth | paid by score | for luck | too much | paid by bound | "
        "too much |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, size, seeds in CASES:
        paid, worth, bound, sure = (
            np.array(list(sales(name, size, seeds, targets[TRAINING:], tables))).T / 1e6
        )
        print(
            f"| `{name}` | {size:,} | {seeds} | {worth.mean():.3f} | {paid.mean():.3f} | "
            f"{(paid - worth).mean() / worth.mean():+.0%} | {(paid > worth).mean():.0%} | "
            f"{bound.mean():.3f} | {(bound > sure).mean():.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
