"""A sale of scikit-learn models of the digits data set, until the provider decrypts the models."""

from functools import partial

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB

from offchain.enclave.benchmark import Tools
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.protocol.artifacts import MODEL, decrypt_bytes
from offchain.protocol.envelopes import delivery_envelope, delivery_info, unseal
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.sample import Samples, draw_sample
from offchain.provider.data import Data
from offchain.provider.hidden_set import BenchmarkTerms, draft
from tests.offchain.market import STORE, Market, Offer, make_market
from tests.vectors.generate import word

TRAINING = 900
TOOLS = Tools(STORE, partial(run_model, run_limits=RunLimits()))


@pytest.fixture(scope="module")
def classifiers() -> list[object]:
    digits = load_digits()
    inputs, targets = digits.data[:TRAINING].astype("f4"), digits.target[:TRAINING]
    made = [
        LogisticRegression(max_iter=300),
        RandomForestClassifier(n_estimators=30, max_depth=8, random_state=1),
        GaussianNB(),
    ]
    return [classifier.fit(inputs, targets) for classifier in made]


@pytest.fixture(scope="module")
def market(classifiers: list[object]) -> Market:
    """Train three models, and copy the first."""
    digits = load_digits()
    samples = Samples(digits.data[TRAINING:].astype("f4"), digits.target[TRAINING:])
    terms = BenchmarkTerms("accuracy", minimum_gain=2_000, sample_size=500)
    manifest, artifact = draft(Data(samples), terms, word("test set"))
    STORE.put_bytes(artifact)
    example = samples.inputs[:1]
    files = [
        to_onnx(each, example, options={"zipmap": False}).SerializeToString()
        for each in classifiers
    ]
    offers = [Offer(file) for file in [*files, files[0]]]
    return make_market(offers, manifest=manifest)


def test_sale__of_real_models__scores_what_scikit_learn_scores_and_delivers(
    market: Market, classifiers: list[object]
) -> None:
    task_id, transcript = market.transcript.task_id, market.transcript
    signed = []
    for enclave, workers in zip(market.enclaves, (1, 2), strict=False):
        enclave.measure(market.bundle(enclave), TOOLS, workers)
        signed.append(enclave.cosign(task_id, 0, enclave.propose(task_id, 0), bytes(32)))
    assert signed[0].report == signed[1].report

    digits = load_digits()
    hidden = digits.target[TRAINING:]
    rows = TRAINING + draw_sample(transcript.seed, market.manifest, hidden)
    results = {entry.result.index: entry.result for entry in signed[0].results.entries}
    for index, classifier in enumerate(classifiers):
        predicted = classifier.predict(digits.data[rows].astype("f4"))  # type: ignore[attr-defined]
        expected = round(1_000_000 * accuracy_score(digits.target[rows], predicted))
        assert results[index].score == pytest.approx(expected, abs=2_000)
    assert results[3].reason is SubmissionFault.DUPLICATE

    awards = signed[0].report.awards
    assert awards
    assert awards[0].score == max(result.score or 0 for result in results.values())
    for award in awards:
        reveal = transcript.by_index[award.index]
        # claim_award publishes the envelope: the developer has its key, the provider opens it.
        envelope = delivery_envelope(
            word(f"key {award.index} {task_id.hex()}"), task_id, transcript.task.delivery_key
        )
        key = unseal(word("delivery key"), delivery_info(task_id), envelope)
        artifact = STORE.fetch_bytes(reveal.submission.artifact_digest, 10**8)
        model = decrypt_bytes(artifact, key, MODEL)
        inputs = digits.data[rows].astype("f4")
        spec, limits = market.manifest.model, market.manifest.limits
        predictions = TOOLS.run(model, inputs, spec, limits, submission=award.index, second=None)
        labels = predictions.optimised.argmax(axis=1)
        measured = round(1_000_000 * accuracy_score(digits.target[rows], labels))
        assert measured == pytest.approx(award.score, abs=transcript.task.tolerance)
    assert np.unique([award.index for award in awards]).size == len(awards)
