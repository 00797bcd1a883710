"""Bought models: opened with the delivery key, checked by their digests, and measured again."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from offchain.chain.history import Claim, History, Signer, StandingReport
from offchain.enclave.models.runner import Predictions, RunLimits, run_model
from offchain.protocol.artifacts import MODEL
from offchain.protocol.envelopes import EnvelopeError, delivery_envelope
from offchain.protocol.errors import StorageError
from offchain.protocol.manifest import Selection
from offchain.protocol.pricing import Award
from offchain.protocol.sample import Samples
from offchain.provider.opening import ModelOpening
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from tests.offchain.market import (
    CONFINED,
    ROWS,
    STORE,
    TARGETS,
    Offer,
    make_market,
    model,
    put,
    run,
)
from tests.vectors.generate import address, word

MODELS = [model([0, 1, 2, 3]), model([4, 5, 6, 7, 8]), model(range(20))]
MARKET = make_market([Offer(each) for each in MODELS])
TRANSCRIPT = MARKET.transcript
SAMPLES = Samples(np.arange(ROWS, dtype=np.float32)[:, None], TARGETS)
AWARDS = (Award(1, 900_000), Award(0, 850_000), Award(2, 500_000))
DELIVERY = word("delivery key")


def claim(index: int, price: int = 7) -> Claim:
    secret = word(f"key {index} {TRANSCRIPT.task_id.hex()}")
    envelope = delivery_envelope(secret, TRANSCRIPT.task_id, TRANSCRIPT.task.delivery_key)
    return Claim(index, TRANSCRIPT.by_index[index].developer, price, envelope)


def history(*claims: Claim, **changes: object) -> History:
    signer = Signer(address("signing key"), address("operator"), word("platform"))
    posted = StandingReport(word("inventory"), word("results"), (), AWARDS, (signer,), ())
    made = History(TRANSCRIPT.task, reveals=TRANSCRIPT.reveals, seed=TRANSCRIPT.seed, posted=posted)
    return replace(made, claims=claims, **changes)


@pytest.fixture
def opening(tmp_path):
    sources = SubmissionSources(STORE, (), RetryPolicy(seconds=1, attempts=1), local=True)
    return ModelOpening(
        TRANSCRIPT.domain, TRANSCRIPT.task_id, MARKET.manifest, DELIVERY, sources, tmp_path / "out"
    )


# ── One model ──


def test_open__envelope_of_a_claim__gives_the_model(opening):
    file = opening.open(history(), claim(0))
    assert file.name == "model-0.onnx"
    assert file.read_bytes() == MODELS[0]


def test_open__file_that_is_there__is_kept_and_one_that_is_cut_is_replaced(opening):
    file = opening.open(history(), claim(0))
    before = file.stat().st_ino
    assert opening.open(history(), claim(0)).stat().st_ino == before
    file.write_bytes(MODELS[0][:-1])
    assert opening.open(history(), claim(0)).read_bytes() == MODELS[0]


@pytest.mark.parametrize("above", [0, 1])
def test_open__model_of_the_most_bytes_and_above__is_there_or_missing(opening, above):
    limits = replace(MARKET.manifest.limits, model_bytes=len(MODELS[0]) - above)
    opening = replace(opening, manifest=replace(MARKET.manifest, limits=limits))
    if above:
        with pytest.raises(StorageError, match="memory://0"):
            opening.open(history(), claim(0))
    else:
        assert opening.open(history(), claim(0)).read_bytes() == MODELS[0]


def test_open__another_delivery_key__does_not_open(opening):
    with pytest.raises(EnvelopeError):
        replace(opening, private=word("another")).open(history(), claim(0))


def test_open__model_of_another_digest__is_refused(opening):
    secret = word(f"key 0 {TRANSCRIPT.task_id.hex()}")
    _, artifact = put(MODELS[1], secret, MODEL)
    reveals = list(TRANSCRIPT.reveals)
    lie = replace(reveals[0].submission, artifact_digest=artifact)
    reveals[0] = replace(reveals[0], submission=lie)
    with pytest.raises(ValueError, match=r"model with sha256 0x.*, expected 0x"):
        opening.open(history(reveals=tuple(reveals)), claim(0))
    assert not (opening.folder / "model-0.onnx").exists()


def test_open__artifact_that_nobody_has__names_the_place(opening, tmp_path):
    sources = replace(opening.sources, keep=Store(str(tmp_path / "empty")))
    with pytest.raises(StorageError, match="memory://0"):
        replace(opening, sources=sources).open(history(), claim(0))


# ── All of them ──


def test_deliver__claims__are_measured_on_the_whole_test_set(opening):
    found = opening.deliver(history(claim(0, 5), claim(1, 9)), SAMPLES, run)
    first, second = found.models
    assert (first.price, first.paid_score, first.whole_score) == (5, 850_000, 900_000)
    assert (second.price, second.paid_score, second.whole_score) == (9, 900_000, 875_000)
    assert first.problem is None
    assert found.team_score == 900_000  # where one errs, both classes are equal: the first counts
    assert found.unclaimed.keys() == {2}


def test_deliver__passes_that_differ__is_scored_by_the_first(opening):
    def differing(content, inputs, *rest, submission):
        found = run(content, inputs, *rest, submission=submission)
        return replace(found, plain=1 - found.plain)

    (bought,) = opening.deliver(history(claim(0)), SAMPLES, differing).models
    assert bought.whole_score == 900_000


def test_deliver__team__is_averaged_in_float64(opening):
    """In float32 both classes would be equal, and the first would count."""
    rows = [0.028, 0.972], [0.97199999, 0.02800001]

    def close(content, inputs, *_, submission):
        made = np.tile(rows[submission], (len(inputs), 1))
        return Predictions(made, made, CONFINED)

    samples = replace(SAMPLES, targets=np.ones(ROWS, dtype=int))
    assert opening.deliver(history(claim(0), claim(1)), samples, close).team_score == 1_000_000


def test_deliver__weights__count_in_the_scores_of_models_and_team(opening):
    samples = replace(SAMPLES, weights=np.arange(1.0, ROWS + 1))  # 820 together
    found = opening.deliver(history(claim(0), claim(1)), samples, run)
    wrong = (1 + 2 + 3 + 4), (5 + 6 + 7 + 8 + 9)
    scores = [round(1_000_000 * (1 - each / 820)) for each in wrong]
    assert [each.whole_score for each in found.models] == scores
    assert found.team_score == round(1_000_000 * (1 - (2 + 4 + 6 + 8) / 820))


def test_deliver__whole_set_larger_than_the_sample__is_run_in_parts(opening):
    sizes = []

    def counting(content, inputs, *rest, submission):
        sizes.append(len(inputs))
        return run(content, inputs, *rest, submission=submission)

    manifest = replace(MARKET.manifest, sample_size=15)
    opening = replace(opening, manifest=manifest)
    (model_bought,) = opening.deliver(history(claim(0)), SAMPLES, counting).models
    assert sizes == [15, 15, 10]
    assert model_bought.whole_score == 900_000


def test_deliver__top_selection__has_no_team(opening):
    manifest = replace(MARKET.manifest, selection=Selection.TOP, minimum_gain=0)
    found = replace(opening, manifest=manifest).deliver(history(claim(0)), SAMPLES, run)
    assert found.team_score is None


def test_deliver__key_of_the_test_set_lost__still_opens(opening):
    (bought,) = opening.deliver(history(claim(0)), None, run).models
    assert bought.file.read_bytes() == MODELS[0]
    assert bought.whole_score is None
    assert bought.problem == "not measured: no test set at hand"


def test_deliver__one_that_cannot_be_opened__does_not_stop_the_others(opening):
    wrong = replace(claim(1), envelope=bytes(80))
    found = opening.deliver(history(wrong, claim(0)), SAMPLES, run)
    assert found.models[0].file is None
    assert found.models[0].problem.startswith("cannot be opened: envelope 0x")
    assert found.models[1].whole_score == 900_000
    assert found.team_score is None


def test_deliver__file_that_is_no_model__is_kept_without_a_score(opening):
    """In an own child process, as an enclave runs it."""
    own = partial(run_model, run_limits=RunLimits(require_sandbox=False))
    (bought,) = opening.deliver(history(claim(0)), SAMPLES, own).models
    assert bought.file.read_bytes() == MODELS[0]
    assert bought.problem.startswith("not measured: ")


def test_deliver__no_report__is_nothing(opening):
    assert opening.deliver(History(TRANSCRIPT.task), SAMPLES, run).models == ()
