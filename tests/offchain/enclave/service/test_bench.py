"""The benchmark of the service: real models on MNIST, from encrypted artifacts to a signature."""

from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from rich.console import Console

from offchain.protocol.manifest import Selection
from scripts.lib.bench.market import bench, images, models

SUBMISSIONS = 3


@pytest.mark.parametrize("selection", Selection)
def test_bench__any_selection__scores_every_model_as_numpy_does(
    tmp_path: Path, selection: Selection
) -> None:
    samples = images()
    figures = bench(SUBMISSIONS, 2, selection, tmp_path, Console(file=StringIO()))
    assert bool(figures.proposal.chosen) == (selection is Selection.ENSEMBLE)
    for result, file in zip(figures.proposal.results, models(samples, SUBMISSIONS), strict=True):
        (weights,) = onnx.load_from_string(file).graph.initializer
        scores = samples.inputs.astype("f4") @ numpy_helper.to_array(weights)
        right = int((np.argmax(scores, axis=1) == samples.targets).sum())
        assert abs(result.score - 100 * right) <= 300, (
            "at most three of 10,000 images are as good as tied"
        )
    assert (tmp_path / "journal").read_bytes().count(b"\n") == 1
