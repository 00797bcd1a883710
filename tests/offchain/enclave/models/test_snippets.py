"""The snippet of docs/MODELS.md for scikit-learn; `make models` runs those of other libraries."""

import numpy as np

from offchain.enclave.benchmark import read
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.protocol.model_spec import ModelSpec, Output
from offchain.provider.hidden_set import propose_limits
from scripts.models.snippets import BASE, run, snippets

EXPORTERS = [
    *(BASE, "XGBoost", "LightGBM", "CatBoost", "PyTorch", "Keras", "Hugging Face"),
]


def test_snippets__page__has_one_for_each_exporter() -> None:
    assert list(snippets()) == EXPORTERS


def test_snippet__scikit_learn__is_accepted_and_predicts_the_same() -> None:
    model, inputs, expected = run(snippets()[BASE])
    spec = ModelSpec(inputs.shape[1:], Output.PROBABILITIES, expected.shape[1])
    limits = propose_limits(spec, len(inputs))
    found = read(run_model(model, inputs, spec, limits, RunLimits(), 0).plain, spec)
    np.testing.assert_allclose(found, expected, atol=1e-5)
