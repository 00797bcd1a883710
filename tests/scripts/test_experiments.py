"""The experiments on a few samples, and the network that they train."""

import json

import numpy as np
import pytest
from onnxruntime import InferenceSession

from offchain.protocol.pricing import price
from scripts.experiments import QUICK, main
from scripts.lib.experiments.cnn import Convolutional
from scripts.lib.experiments.data import DATA_SETS, sentences
from scripts.lib.experiments.learners import LEARNERS
from scripts.lib.experiments.page import Figures

SETS = {each.name: each for each in DATA_SETS}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The figures of a quick run, and the folder that it wrote."""
    folder = tmp_path_factory.mktemp("experiments")
    return main(["--quick", "--folder", str(folder)]), folder


def test_main__quick__sells_every_model_at_the_price_of_its_score(quick):
    figures, _ = quick
    tried = [(name, kind) for name in QUICK for kind in LEARNERS[SETS[name].kind]]
    assert [(model.data_set, model.kind) for model in figures.models] == tried
    for model in figures.models:
        assert model.price == price(SETS[model.data_set].curve, model.score)
        assert model.plain > 0
        assert model.size > 0
    assert sum(model.enclave > model.plain for model in figures.models) > len(figures.models) / 2


def test_main__quick__learns_more_than_chance(quick):
    best = {name: max(m.score for m in quick[0].models if m.data_set == name) for name in QUICK}
    assert best["iris"] > 900_000
    assert best["diabetes"] > 300_000
    assert best["sentences"] > 550_000


def test_market__of_both_rules__pays_more_for_more_models(quick):
    figures, _ = quick
    top = [each for each in figures.purchases if each.rule == "top"]
    team = [each for each in figures.purchases if each.rule == "ensemble"]
    assert [each.models for each in top] == [1, 2, 3]
    assert [each.models for each in team] == list(range(1, len(team) + 1))
    assert team[0] == top[0].__class__("ensemble", 1, top[0].paid, top[0].seen, top[0].unseen)
    assert [each.paid for each in top] == sorted(each.paid for each in top)
    gains = np.diff([each.seen for each in team])
    assert (gains >= 1_000).all()  # the least gain of a member


def test_main__again__writes_the_same_page_from_the_figures(quick):
    figures, folder = quick
    page = folder / "EXPERIMENTS.md"
    written = page.read_text()
    page.unlink()
    again = main(["--again", "--folder", str(folder)])
    assert page.read_text() == written
    assert again.models == figures.models
    assert Figures.of(json.loads((folder / "experiments.json").read_text())) == again


def test_sentences__learned_and_hidden__have_none_in_common():
    learn, test = sentences()
    assert not set(learn.inputs["text"]) & set(test.samples.inputs["text"])
    assert len(learn.targets) + len(test.samples.targets) == 2_982
    assert set(learn.targets) == {0, 1}


def images(count: int):
    """Noisy images of 8 by 8 with a bright half: left, right, top, bottom."""
    random = np.random.default_rng(3)
    targets = random.integers(0, 4, count)
    values = random.random((count, 8, 8))
    halves = np.zeros((4, 8, 8))
    halves[0, :, :4] = halves[1, :, 4:] = halves[2, :4] = halves[3, 4:] = 1
    return (values + halves[targets]).reshape(count, 64).astype(np.float32), targets


def test_convolutional__gradients__are_those_of_the_loss():
    inputs, targets = images(8)
    model = Convolutional(steps=0).fit(inputs, targets)
    random = np.random.default_rng(1)
    model.weights = [each + 0.1 * random.normal(size=each.shape) for each in model.weights]
    inputs = inputs.astype(np.float64)

    def loss() -> float:
        shares = model._forward(inputs)[-1]
        return float(-np.log(shares[np.arange(len(targets)), targets]).mean())

    step = 1e-6
    for weight, gradient in zip(model.weights, model._gradients(inputs, targets), strict=True):
        for place in random.integers(0, weight.size, 5):
            at = np.unravel_index(place, weight.shape)
            before = weight[at]
            weight[at] = before + step
            above = loss()
            weight[at] = before - step
            below = loss()
            weight[at] = before
            assert gradient[at] == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-8)


def test_convolutional__as_onnx__predicts_the_same():
    inputs, targets = images(400)
    model = Convolutional(steps=60).fit(inputs[:300], targets[:300])
    expected = model.predict_proba(inputs[300:])
    session = InferenceSession(model.to_onnx())
    (made,) = session.run(None, {"x": inputs[300:]})
    np.testing.assert_allclose(made, expected, atol=1e-5)
    assert (made.argmax(1) == targets[300:]).mean() > 0.9
