"""A developer's own result: proven, explained, and held against what everybody can compute."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from offchain.developer import checking
from offchain.developer.checking import Sample, check
from offchain.developer.judgement import Judgement
from offchain.developer.reasons import IN_FULL
from offchain.developer.results import OWN_FAULTS, STATIC, judge, own_result
from offchain.enclave.models.runner import Predictions
from offchain.enclave.models.static import check_model
from offchain.protocol.errors import ModelFault, SubmissionFault
from offchain.protocol.manifest import Selection
from offchain.protocol.model_spec import ModelLimits
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report
from offchain.protocol.results import Result, make_results
from offchain.storage.publications import TaskDocuments
from tests.offchain.enclave.models.onnx_files import two_classes
from tests.offchain.market import (
    CONFINED,
    ROWS,
    TARGETS,
    Offer,
    make_manifest,
    make_market,
    model,
)
from tests.vectors.generate import word

OFFERS = [Offer(model([1])), Offer(model([2])), Offer(model([3]), min_price=700_000)]
TOP = {"selection": Selection.TOP, "minimum_gain": 0}
MODEL = two_classes()


def scene(
    *results: Result, awards=(), choices=(), chosen=None, offers=OFFERS, manifest=TOP, **terms
):
    """``chosen``: the choices that the file claims, which no root covers."""
    market = make_market(offers, manifest=manifest, **terms)
    transcript = market.transcript
    claimed = choices if chosen is None else chosen
    made = make_results(transcript.task_id, transcript.leaves, market.key, results, claimed)
    report = Report(
        transcript.task_id, 0, transcript.seed, word("i"), made.root(), choices, tuple(awards)
    )
    return market, made, report


def opinion(index: int, *results: Result, content: bytes = MODEL, **how):
    market, made, report = scene(*results, **how)
    result = own_result(report, made, market.transcript, index)
    return judge(result, made, report, market.transcript, market.manifest, content, "{} wei".format)


SCORES = [Result(0, 800_000), Result(1, 700_000), Result(2, 600_000)]


def test_judge__bought__says_its_worth():
    found = opinion(0, *SCORES, awards=[Award(0, 800_000)])
    assert found.text == "score 0.800000, worth 800000 wei: bought"
    assert not found.is_wrong


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_judge__below_the_min_price__is_right_not_to_buy_it(order):
    awards = [Award(0, 800_000), Award(1, 700_000)]
    found = opinion(2, *SCORES, awards=awards, order=order)
    assert "below your min price of 700000 wei" in found.text
    assert not found.is_wrong


def test_judge__worth_exactly_the_min_price__sells():
    offers = [OFFERS[0], replace(OFFERS[1], min_price=700_000), OFFERS[2]]
    assert opinion(1, *SCORES, awards=[Award(0, 800_000)], offers=offers).is_wrong
    offers[1] = replace(OFFERS[1], min_price=700_001)
    assert not opinion(1, *SCORES, awards=[Award(0, 800_000)], offers=offers).is_wrong


def test_judge__submission_between_was_not_revealed__is_judged_by_its_index():
    found = opinion(2, SCORES[0], SCORES[2], awards=[Award(0, 800_000)], order=[2, 0])
    assert "below your min price of 700000 wei" in found.text


def test_judge__rules_buy_it_and_the_report_does_not__is_wrong():
    found = opinion(1, *SCORES, awards=[Award(0, 800_000)])
    assert "although the rules buy it at these scores" in found.text
    assert found.is_wrong


def test_judge__better_one_that_does_not_sell__takes_no_award():
    offers = [replace(OFFERS[0], min_price=800_001), *OFFERS[1:]]
    assert opinion(1, *SCORES, offers=offers, max_awards=1).is_wrong


@pytest.mark.parametrize(("awards", "wrong"), [(1, False), (2, True)])
def test_judge__award_count_at_its_bound__decides(awards, wrong):
    found = opinion(1, *SCORES, awards=[Award(0, 800_000)], max_awards=awards)
    assert found.is_wrong == wrong


@pytest.mark.parametrize(("budget", "wrong"), [(1_499_999, False), (1_500_000, True)])
def test_judge__budget_at_its_bound__decides(budget, wrong):
    found = opinion(1, *SCORES, awards=[Award(0, 800_000)], budget=budget)
    assert found.is_wrong == wrong


def test_judge__not_in_the_team__is_no_fault_that_others_can_see():
    ensemble = {"selection": Selection.ENSEMBLE, "minimum_gain": 1_000}
    awards = [Award(0, 800_000)]
    found = opinion(1, *SCORES, awards=awards, choices=(0,), manifest=ensemble)
    assert "adds less than 1,000 ppm to the team" in found.text
    assert not found.is_wrong
    found = opinion(1, *SCORES, awards=awards, choices=(0, 1), manifest=ensemble)
    assert found.is_wrong


@pytest.mark.parametrize(("choices", "wrong"), [((0,), False), ((0, 1), True)])
def test_judge__file_that_claims_other_choices__is_judged_by_those_of_the_report(choices, wrong):
    ensemble = {"selection": Selection.ENSEMBLE, "minimum_gain": 1_000}
    given = {"awards": [Award(0, 800_000)], "choices": choices, "manifest": ensemble}
    for chosen in ((), (0,), (0, 1)):
        assert opinion(1, *SCORES, chosen=chosen, **given).is_wrong == wrong


def test_judge__not_in_inventory__says_that_no_dispute_helps():
    found = opinion(1, *SCORES[:1], Result(1, None, SubmissionFault.NOT_IN_INVENTORY), SCORES[2])
    assert "No dispute helps: a panel measures the same inventory" in found.text
    assert not found.is_wrong


@pytest.mark.parametrize("reason", sorted(OWN_FAULTS))
def test_judge__fault_of_an_entry_that_was_made_right__is_wrong(reason):
    found = opinion(1, SCORES[0], Result(1, None, reason), SCORES[2])
    assert IN_FULL[reason] in found.text
    assert found.is_wrong


@pytest.mark.parametrize("reason", sorted(STATIC))
def test_judge__static_fault__is_wrong_unless_the_own_check_finds_one(reason):
    results = SCORES[0], Result(1, None, reason), SCORES[2]
    assert opinion(1, *results).is_wrong
    found = opinion(1, *results, content=b"no model")
    assert "Your own check finds the same: unreadable" in found.text
    assert not found.is_wrong


@pytest.mark.parametrize(("less", "wrong"), [(0, True), (1, False)])
def test_judge__work_for_the_sample_at_its_bound__decides(less, wrong):
    """The whole test set is twice the sample, and more work."""
    market = make_market(OFFERS, manifest=TOP)
    task = market.manifest
    needed = check_model(MODEL, task.model, task.limits, task.sample_size).operations
    manifest = TOP | {"limits": replace(task.limits, operations=needed - less)}
    results = SCORES[0], Result(1, None, ModelFault.WORK), SCORES[2]
    assert opinion(1, *results, manifest=manifest).is_wrong == wrong


@pytest.mark.parametrize("reason", sorted(set(ModelFault) - STATIC))
def test_judge__fault_on_hidden_samples__cannot_be_told_from_outside(reason):
    found = opinion(1, SCORES[0], Result(1, None, reason), SCORES[2])
    assert "It depends on the hidden samples" in found.text
    assert not found.is_wrong


def test_judge__duplicate__names_the_earlier_twin_or_is_wrong():
    duplicate = Result(1, None, SubmissionFault.DUPLICATE)
    twins = [OFFERS[0], OFFERS[0], OFFERS[2]]
    found = opinion(1, SCORES[0], duplicate, SCORES[2], offers=twins)
    assert "duplicate of submission 0" in found.text
    assert not found.is_wrong
    assert opinion(1, SCORES[0], duplicate, SCORES[2]).is_wrong
    first = Result(0, None, SubmissionFault.DUPLICATE)
    assert opinion(0, first, *SCORES[1:], offers=twins).is_wrong  # the later one is the copy


@pytest.mark.parametrize("shared", ["model_digest", "artifact_digest", "envelope_digest"])
def test_judge__duplicate_by_any_one_digest__is_right(shared):
    first = make_market(OFFERS, manifest=TOP).transcript.by_index[0].submission
    twin = replace(OFFERS[1], submission={shared: getattr(first, shared)})
    results = SCORES[0], Result(1, None, SubmissionFault.DUPLICATE), SCORES[2]
    assert not opinion(1, *results, offers=[OFFERS[0], twin, OFFERS[2]]).is_wrong


def test_own_result__leaf_of_another_submission__is_refused():
    market, made, report = scene(*SCORES)
    first, second, third = made.entries
    swapped = replace(first, leaf=second.leaf), replace(second, leaf=first.leaf), third
    other = replace(made, entries=swapped)
    with pytest.raises(ValueError, match="is not part of the posted report"):
        own_result(replace(report, results=other.root()), other, market.transcript, 0)


def test_own_result__file_without_the_submission_or_of_another_root__is_refused():
    market, made, report = scene(*SCORES)
    with pytest.raises(ValueError, match="the results lack submission 3"):
        own_result(report, made, market.transcript, 3)
    _, other, _ = scene(Result(0, 800_001), *SCORES[1:])
    with pytest.raises(ValueError, match="is not part of the posted report"):
        own_result(report, other, market.transcript, 0)


def test_check__rows_with_targets__gives_the_score_of_the_metric():
    limits = ModelLimits(memory_bytes=2**27, operations=10**10)
    manifest = replace(make_manifest(word("key")), limits=limits)
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    lines, scores = [], []

    def run():
        scores.append((yield from check(MODEL, manifest, Sample(rows, TARGETS))))

    lines += run()
    assert scores == [500_000]  # always the first class
    assert "score       0.500000 accuracy on your rows" in lines
    assert lines[-1] == "ok"


def test_check__fewer_rows_than_the_sample__is_held_to_the_work_of_the_sample():
    manifest = make_manifest(word("key"))
    plan = check_model(MODEL, manifest.model, manifest.limits, manifest.sample_size)
    limits = replace(manifest.limits, operations=plan.operations - 1)
    rows = np.arange(2, dtype=np.float32)[:, None]
    with pytest.raises(ValueError, match="work: "):
        list(check(MODEL, replace(manifest, limits=limits), Sample(rows)))


def test_check__passes_that_differ__gives_the_score_of_the_first(monkeypatch):
    right, wrong = np.eye(2)[TARGETS], np.eye(2)[1 - TARGETS]
    passes = Predictions(right, wrong, CONFINED)
    monkeypatch.setattr(checking, "run_model", lambda *_, **__: passes)
    limits = ModelLimits(memory_bytes=2**27, operations=10**10)
    manifest = replace(make_manifest(word("key")), limits=limits)
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    assert "score       1.000000 accuracy on your rows" in list(
        check(MODEL, manifest, Sample(rows, TARGETS))
    )


# ── An opinion for each report ──


def test_form__another_report__forgets_the_opinion_of_the_first():
    market, made, report = scene(*SCORES, awards=[Award(0, 800_000)])
    files = {report: made}
    judgement = Judgement(
        market=SimpleNamespace(transcript=lambda *_: market.transcript),
        files=SimpleNamespace(model=lambda _: MODEL),
        entry=SimpleNamespace(task_id=report.task_id),
        documents=TaskDocuments(market.manifest, market.transcript.roster),
        find_results=lambda _, standing: files.get(standing),
        amount="{} wei".format,
    )

    def form(standing: Report) -> list[str]:
        return list(judgement.form(SimpleNamespace(standing=lambda _: standing), 1))

    (line,) = form(report)
    assert "although the rules buy it" in line
    assert judgement.opinion.is_wrong
    assert form(report) == []  # once for each report
    verdict = replace(report, round=1, awards=(*report.awards, Award(1, 700_000)))
    assert form(verdict) == [
        "no operator's results file can be read yet; the awards are on the chain"
    ]
    assert judgement.opinion is None
    files[verdict] = made
    assert form(verdict) == ["own result, proven: score 0.700000, worth 700000 wei: bought"]
    assert not judgement.opinion.is_wrong
