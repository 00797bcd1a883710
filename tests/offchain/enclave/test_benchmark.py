"""Measurement of each kind of submission: a score, a reason, or an aborted run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fsspec
import numpy as np
import pytest

from offchain.enclave.benchmark import Benchmark, Tools, read
from offchain.enclave.models.runner import Predictions, SecondPass
from offchain.enclave.proposals import Doubt
from offchain.protocol.artifacts import TEST_SET
from offchain.protocol.bounds import clopper_pearson, lower_bound
from offchain.protocol.errors import (
    InvalidModel,
    InvalidRequest,
    ModelFault,
    RunAborted,
    RunStopped,
    SubmissionFault,
)
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.passes import order, part_rows
from offchain.protocol.release import key_commitment
from offchain.protocol.results import Result
from offchain.protocol.sample import Samples, pack
from tests.offchain.market import (
    ROWS,
    SAMPLE,
    SPEC,
    STORE,
    TARGETS,
    TOOLS,
    Market,
    Offer,
    make_manifest,
    make_market,
    model,
    put,
    run,
    table,
)
from tests.vectors.generate import word


def results(market: Market, tools: Tools = TOOLS, **options: Any) -> dict[int, int | str]:
    """Return the first enclave's score or reason of every submission."""
    enclave = market.enclaves[0]
    enclave.measure(market.bundle(enclave, options.pop("inventory", None)), tools, **options)
    proposal = enclave.propose(market.transcript.task_id, 0)
    assert [each.index for each in proposal.results] == list(market.transcript.by_index)
    return {
        each.index: str(each.reason) if each.score is None else each.score
        for each in proposal.results
    }


def all_wrong_but(right: int) -> bytes:
    """Return a model with right labels in the first ``right`` rows alone."""
    return model(range(right, ROWS))


def test_measure__a_good_submission__has_the_metrics_score() -> None:
    scores = results(make_market([Offer(), Offer(all_wrong_but(0))]))
    assert scores == {0: 1_000_000, 1: 0}


def test_measure__sample__is_what_the_seed_draws() -> None:
    seen: list[np.ndarray[Any, Any]] = []

    def spy(model: bytes, samples: Any, *rest: Any, **options: Any) -> Predictions:
        seen.append(samples[:, 0])
        return run(model, samples, *rest, **options)

    for parent in (word("one"), word("other")):
        results(make_market([Offer()], prevrandao=parent), replace(TOOLS, run=spy))
    one, other = seen
    assert len(set(one)) == len(set(other)) == SAMPLE
    assert set(one) != set(other)


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (Offer(keyring=b""), SubmissionFault.KEYRING),
        (Offer(keyring=bytes(320)), SubmissionFault.KEYRING),
        (Offer(submission={"envelope_digest": word("junk")}), SubmissionFault.ENVELOPE),
        (Offer(submission={"model_digest": word("junk")}), SubmissionFault.MODEL_DIGEST),
        (Offer(model(refuse="unsupported-op")), ModelFault.UNSUPPORTED_OP),
        (Offer(model(plain=[[float("nan"), 1.0]] * ROWS)), ModelFault.NOT_FINITE),
        (Offer(model(plain=[[0.7, 0.7]] * ROWS)), ModelFault.NOT_PROBABILITIES),
        (Offer(model(plain=[[1.5, -0.5]] * ROWS)), ModelFault.NOT_PROBABILITIES),
        (Offer(model(optimised=[[2.0, 2.0]] * ROWS)), ModelFault.NOT_PROBABILITIES),
        (Offer(model(optimised=table(range(ROWS)))), SubmissionFault.UNSTABLE),
        (  # of two faults that of the first pass
            Offer(model(plain=[[0.7, 0.7]] * ROWS, optimised=[[float("nan"), 1.0]] * ROWS)),
            ModelFault.NOT_FINITE,
        ),
    ],
)
def test_measure__own_fault__is_its_reason_and_stops_nobody(offer: Offer, reason: str) -> None:
    assert results(make_market([offer, Offer()])) == {0: reason, 1: 1_000_000}


def test_measure__artifact_of_another_key__is_its_reason() -> None:
    other = make_market([Offer(secret=word("another key"))]).transcript.by_index[0].submission
    market = make_market([Offer(submission={"artifact_digest": other.artifact_digest})])
    assert results(market) == {0: SubmissionFault.ARTIFACT}


def test_measure__keyring_and_envelope_wrong__is_the_keyrings_fault() -> None:
    wrong = {"envelope_digest": word("junk")}
    market = make_market([Offer(submission=wrong)])
    assert results(market) == {0: SubmissionFault.ENVELOPE}
    for position in range(4):
        keyring = bytearray(market.keyrings[0])
        keyring[80 * position + 40] ^= 1
        offer = Offer(submission=wrong, keyring=bytes(keyring))
        assert results(make_market([offer])) == {0: SubmissionFault.KEYRING}


@pytest.mark.parametrize("position", range(4))
def test_measure__keyring_wrong_for_one_enclave__has_no_score_with_any(position: int) -> None:
    right = make_market([Offer()])
    keyring = bytearray(right.keyrings[0])
    keyring[80 * position + 40] ^= 1
    market = make_market([Offer(keyring=bytes(keyring))])
    for enclave in market.enclaves:
        enclave.measure(market.bundle(enclave), TOOLS)
        proposal = enclave.propose(market.transcript.task_id, 0)
        assert proposal.results == (Result(0, reason=SubmissionFault.KEYRING),)


@pytest.mark.parametrize("drift", [0, 1])
def test_measure__optimisations_move_the_score__at_three_tolerances_and_above(drift: int) -> None:
    # Every row is in the sample, so one row is worth 1/40 = 25,000 parts per million.
    offer = Offer(model(optimised=table([7])))
    market = make_market([offer], manifest={"sample_size": ROWS}, tolerance=8_334 - drift)
    assert results(market) == {0: "unstable" if drift else 975_000}
    offer = Offer(model(optimised=table([7, 8, 9])))  # 75,000: three tolerances exactly
    market = make_market([offer], manifest={"sample_size": ROWS}, tolerance=25_000 - drift)
    assert results(market) == {0: "unstable" if drift else 925_000}


# Holds S-99.
@pytest.mark.parametrize(
    ("tolerance", "doubtful"), [(25_000, False), (24_999, True), (5_000, True), (4_999, False)]
)
def test_measure__passes_differ__is_doubtful_from_one_tolerance_to_five(
    tolerance: int, doubtful: bool
) -> None:
    # The passes are 25,000 parts per million apart.
    offer = Offer(model(optimised=table([7])))
    market = make_market([offer], manifest={"sample_size": ROWS}, tolerance=tolerance)
    results(market)
    measured = market.enclaves[0]._get(market.transcript.task_id, 0).measured
    assert bool(measured.doubtful) is doubtful


def test_measure__passes_differ__is_judged_by_their_bounds() -> None:
    """39 of 40 right are 25,000 parts per million below 40, and their bounds are 41,000 apart."""
    options = {"sample_size": ROWS, "confidence": 950_000}
    offer = Offer(model(optimised=table([7])))
    market = make_market([offer], manifest=options, tolerance=10_000)
    assert results(market) == {0: SubmissionFault.UNSTABLE}


def test_measure__attempt_that_aborted__keeps_doubts_and_details() -> None:
    left = Counter({2: 1})

    def starved(content: bytes, *rest: Any, submission: int, **options: Any) -> Predictions:
        if left[submission]:
            left[submission] -= 1
            raise RunStopped(submission, "killed")
        return run(content, *rest, submission=submission, **options)

    offers = [Offer(model(optimised=table([7]))), Offer(model(refuse="shape")), Offer()]
    market = make_market(offers, manifest={"sample_size": ROWS}, tolerance=10_000)
    enclave, tools = market.enclaves[0], replace(TOOLS, run=starved)
    with pytest.raises(RunStopped):
        enclave.measure(market.bundle(enclave), tools)
    enclave.measure(market.bundle(enclave), tools)
    measured = enclave._get(market.transcript.task_id, 0).measured
    assert measured.doubtful == {0: Doubt(975_000, first=True)}
    assert measured.details == {1: "as the model says"}
    enclave.measure(market.bundle(enclave, [2]), tools)
    left_out = enclave._get(market.transcript.task_id, 0).measured
    assert (left_out.doubtful, left_out.details) == ({}, {})


@pytest.mark.parametrize(("faulty", "first"), [("plain", True), ("optimised", False)])
def test_measure__one_pass_is_faulty__is_doubtful_at_the_bound_of_the_other(
    faulty: str, first: bool
) -> None:
    offer = Offer(model(**{"plain": table(), "optimised": table(), faulty: [[0.7, 0.7]] * ROWS}))
    market = make_market([offer], manifest={"sample_size": ROWS, "confidence": 950_000})
    assert results(market) == {0: ModelFault.NOT_PROBABILITIES}
    measured = market.enclaves[0]._get(market.transcript.task_id, 0).measured
    assert measured.doubtful == {0: Doubt(clopper_pearson(ROWS, ROWS, 950_000), first)}


# ── The second pass runs over a part that finds a shift ──

HALF = 500_000
"""A tolerance at which 20 of 40 rows have to differ, and a part of them finds that."""


def passes(
    name: str = "plain", row: list[float] | None = None, inside: bool = True, **manifest: Any
) -> tuple[dict[int, int | str], int, bool]:
    """Return the results, the size of the part, and True if the whole second pass ran.

    One pass has another row of probabilities, inside or outside the part of the second pass. No
    developer can choose which: the seed follows from the model.
    """
    seen: list[tuple[int, bool]] = []

    def spy(content: bytes, samples: Any, *rest: Any, second: SecondPass, **options: Any) -> Any:
        if row is not None:
            rows = table()
            rows[int(samples[second.order[0 if inside else second.part], 0])] = row
            content = model(**{"optimised": table(), name: rows})
        found = run(content, samples, *rest, second=second, **options)
        seen.append((second.part, found.plain is not None))
        return found

    market = make_market([Offer()], manifest={"sample_size": ROWS, **manifest}, tolerance=HALF)
    found = results(market, replace(TOOLS, run=spy))
    return found, *seen[0]


def test_measure__passes_agree__only_a_part_runs_twice() -> None:
    found, part, whole = passes()
    assert found == {0: 1_000_000}
    assert 1 < part < ROWS
    assert not whole


@pytest.mark.parametrize("name", ["plain", "optimised"])
@pytest.mark.parametrize("inside", [False, True])
def test_measure__a_row_differs__the_whole_second_pass_runs_if_the_part_has_it(
    name: str, inside: bool
) -> None:
    """The score is the first pass's in any case. One of the two rows is wrong for its class."""
    outcomes = [passes(name, row, inside) for row in ([0.9, 0.1], [0.1, 0.9])]
    wrong = 1_000_000 if name == "plain" else 975_000
    assert sorted(found[0] for found, _, _ in outcomes) == [wrong, 1_000_000]
    assert sorted(whole for _, _, whole in outcomes) == [False, inside]


@pytest.mark.parametrize("name", ["plain", "optimised"])
@pytest.mark.parametrize("inside", [False, True])
def test_measure__a_row_is_faulty__is_found_in_all_of_the_first_pass(
    name: str, inside: bool
) -> None:
    """One of the two rows has the right label all the same."""
    for row in ([0.8, 0.7], [0.7, 0.8]):
        found, _, whole = passes(name, row, inside)
        if name == "plain" and not inside:
            assert (found, whole) == ({0: 1_000_000}, False)
        else:
            assert (found, whole) == ({0: ModelFault.NOT_PROBABILITIES}, True)


# Holds S-91.
@pytest.mark.parametrize("options", [{"metric": "f1_macro"}, {"confidence": 950_000}])
def test_measure__one_row_can_shift_the_score__the_whole_second_pass_runs(
    options: dict[str, Any],
) -> None:
    _, part, whole = passes(**options)
    assert (part, whole) == (ROWS, True)


# Holds S-83.
def test_measure__confidence__bounds_the_score_but_no_gain() -> None:
    """The same whether passes agree or differ; a team is chosen by scores without the bound."""
    level, minimum = 950_000, 950_000
    offers = [Offer(), Offer(all_wrong_but(36)), Offer(model(optimised=table([7])))]
    options = {"sample_size": ROWS, "confidence": level, "minimum_gain": minimum}
    market = make_market(offers, manifest=options, tolerance=HALF)
    bounds = [clopper_pearson(right, ROWS, level) for right in (ROWS, 36, ROWS - 1)]
    assert results(market) == dict(enumerate(bounds))
    assert bounds[0] < minimum
    assert market.enclaves[0].propose(market.transcript.task_id, 0).chosen == (0,)


def test_agrees__rows_of_the_part__are_compared_by_their_own_targets() -> None:
    """With two classes a wrong target turns both values, with three it can make them equal."""
    targets, spec = np.arange(30) % 3, ModelSpec((1,), Output.PROBABILITIES, 3)
    manifest = replace(make_manifest(word("test set")), model=spec, sample_size=30)
    made = Benchmark(manifest, targets, None, word("seed"), HALF, TOOLS).second_pass()
    assert made.order.tolist() == order(word("seed"), 2, 30).tolist()
    for place in range(made.part):
        row = made.order[place]
        first, second = np.eye(3)[targets], np.eye(3)[targets[made.order[: made.part]]]
        assert made.agrees(first, second)
        second[place] = np.roll(second[place], 1)
        assert not made.agrees(first, second)  # right, then wrong
        first[row] = np.roll(second[place], 1)
        assert made.agrees(first, second)  # wrong, then wrong otherwise
    first, second = np.eye(3)[targets], np.eye(3)[targets[made.order[: made.part]]]
    first[made.order[0]], second[1] = np.roll(second[0], 1), np.roll(second[1], 1)
    assert not made.agrees(first, second)  # as many right, but others


def test_agrees__values_that_are_almost_equal__do_not_agree() -> None:
    targets, spec = np.tile([1.0, 1.0 + 1e-9], (30, 1)), ModelSpec((1,), Output.VECTORS, 2)
    top = {"selection": Selection.TOP, "minimum_gain": 0}
    task = {"metric": "ndcg@1", "model": spec, "sample_size": 30}
    manifest = replace(make_manifest(word("test set")), **task | top)
    made = Benchmark(manifest, targets, None, word("seed"), HALF, TOOLS).second_pass()
    first, second = np.tile([0.0, 1.0], (30, 1)), np.tile([0.0, 1.0], (made.part, 1))
    assert made.agrees(first, second)
    second[-1] = [1.0, 0.0]
    assert not made.agrees(first, second)


# ── Weights ──

RISING = np.arange(1.0, ROWS + 1)  # 820 together


def weighted(**changes: Any) -> Manifest:
    key = word("test set")
    samples = Samples(np.arange(ROWS, dtype=np.float32)[:, None], TARGETS, RISING)
    hidden = HiddenSet(ROWS, put(pack(samples, SPEC), key, TEST_SET)[1], key_commitment(key), True)
    top = {"selection": Selection.TOP, "minimum_gain": 0, "sample_size": ROWS}
    return replace(make_manifest(key), test_set=hidden, **top | changes)


def test_measure__weights__count_in_the_score_and_in_the_size_of_the_part() -> None:
    parts: list[int] = []

    def spy(*args: Any, second: SecondPass, **options: Any) -> Predictions:
        parts.append(second.part)
        return run(*args, second=second, **options)

    market = make_market([Offer(model([0])), Offer(model([39]))], manifest=weighted())
    assert results(market, replace(TOOLS, run=spy)) == {0: 998_780, 1: 951_220}
    assert parts == [part_rows("accuracy", ROWS, RISING, 2_000)] * 2
    market = make_market([Offer()], manifest=weighted(), tolerance=HALF)
    results(market, replace(TOOLS, run=spy))
    assert parts[2] == part_rows("accuracy", ROWS, RISING, HALF)
    assert parts[2] > part_rows("accuracy", ROWS, None, HALF)


# Holds S-85.
def test_measure__weights_and_confidence__are_the_bound_of_the_seed_and_the_weights() -> None:
    market = make_market([Offer(model([1, 2, 3]))], manifest=weighted(confidence=900_000))
    rows, seed = order(market.transcript.seed, 1, ROWS), market.transcript.seed
    made = np.array(table([1, 2, 3]))[rows]
    bound = lower_bound("accuracy", TARGETS[rows], made, RISING[rows], 900_000, seed)
    assert results(market) == {0: bound}
    assert bound != lower_bound("accuracy", TARGETS[rows], made, RISING[rows], 900_000, bytes(32))


def test_measure__sample__is_in_an_order_of_the_seed() -> None:
    """Rows of the test set that are neighbours are none in a batch."""
    seen: list[Any] = []

    def spy(model: bytes, samples: Any, *rest: Any, **options: Any) -> Predictions:
        seen.append(samples[:, 0].astype(int))
        return run(model, samples, *rest, **options)

    for parent in (word("one"), word("other")):
        market = make_market([Offer()], manifest={"sample_size": ROWS}, prevrandao=parent)
        results(market, replace(TOOLS, run=spy))
    one, other = (list(each) for each in seen)
    assert sorted(one) == sorted(other) == list(range(ROWS))
    assert one != sorted(one)
    assert other not in (one, sorted(one))


def test_measure__not_in_the_inventory__is_not_opened() -> None:
    market = make_market([Offer(model(abort=True)), Offer()])
    assert results(market, inventory=[1]) == {0: SubmissionFault.NOT_IN_INVENTORY, 1: 1_000_000}


@pytest.mark.parametrize("copied", ["model_digest", "artifact_digest"])
def test_measure__digest_of_an_earlier_one_with_a_score__is_a_duplicate(copied: str) -> None:
    first = make_market([Offer()]).transcript.by_index[0].submission
    market = make_market([Offer(), Offer(model([1]), submission={copied: getattr(first, copied)})])
    assert results(market) == {0: 1_000_000, 1: SubmissionFault.DUPLICATE}


# Holds S-86.
def test_measure__envelope_of_an_earlier_one_with_a_score__is_a_duplicate() -> None:
    secret = word("a key used twice")
    market = make_market([Offer(secret=secret), Offer(model([1]), secret=secret)])
    assert results(market) == {0: 1_000_000, 1: SubmissionFault.DUPLICATE}


@pytest.mark.parametrize(
    ("first", "reason"),
    [(model(optimised=table(range(ROWS))), SubmissionFault.UNSTABLE)]
    + [(model(refuse=each), each) for each in ModelFault],
)
def test_measure__copy_of_one_that_was_refused__is_a_duplicate(first: bytes, reason: str) -> None:
    assert results(make_market([Offer(first)] * 2)) == {0: reason, 1: SubmissionFault.DUPLICATE}


def test_measure__same_model_file_thrice__scores_the_first_commit_alone() -> None:
    market = make_market([Offer(), Offer(), Offer()], order=[2, 1, 0])
    assert list(results(market).items()) == [
        (0, 1_000_000),
        (1, SubmissionFault.DUPLICATE),
        (2, SubmissionFault.DUPLICATE),
    ]


def test_measure__same_model_as_an_earlier_one_without_a_score__has_its_score() -> None:
    market = make_market([Offer(keyring=b""), Offer(), Offer(), Offer()])
    assert results(market, inventory=[0, 2, 3]) == {
        0: SubmissionFault.KEYRING,
        1: SubmissionFault.NOT_IN_INVENTORY,
        2: 1_000_000,
        3: SubmissionFault.DUPLICATE,
    }


def test_measure__chain_of_duplicates__each_is_judged_by_earlier_scores() -> None:
    # 1 shares its model with 0 and its artifact digest with 2: once 1 is a duplicate, 2 is none.
    whole = {"sample_size": ROWS}
    last = make_market([Offer(), Offer(), Offer(model([1]))], manifest=whole)
    artifact = last.transcript.by_index[2].submission.artifact_digest
    offers = [Offer(), Offer(submission={"artifact_digest": artifact}), Offer(model([1]))]
    market = make_market(offers, manifest=whole)
    assert market.transcript.by_index[2].submission.artifact_digest == artifact
    assert results(market) == {0: 1_000_000, 1: SubmissionFault.DUPLICATE, 2: 975_000}


def test_measure__original_left_out_later__judges_its_copies_anew() -> None:
    # 1 has the model of 0 and the key of 2: without 0, it opens, and 2 is its duplicate.
    secret = word("a key used twice")
    offers = [Offer(), Offer(secret=secret), Offer(model([1]), secret=secret)]
    market = make_market(offers, manifest={"sample_size": ROWS})
    assert results(market) == {0: 1_000_000, 1: SubmissionFault.DUPLICATE, 2: 975_000}
    assert results(market, inventory=[1, 2]) == {
        0: SubmissionFault.NOT_IN_INVENTORY,
        1: 1_000_000,
        2: SubmissionFault.DUPLICATE,
    }


def test_measure__duplicate_between__makes_no_duplicate_of_a_later_one() -> None:
    # All but 0 name the artifact of 3: 1 is a duplicate of 0, and 2 has no key to it.
    last = make_market([Offer()] * 3 + [Offer(model([1]))])
    artifact = {"artifact_digest": last.transcript.by_index[3].submission.artifact_digest}
    middle = [Offer(submission=artifact), Offer(model([2]), submission=artifact)]
    market = make_market([Offer(), *middle, Offer(model([1]))])
    assert market.transcript.by_index[3] == last.transcript.by_index[3]
    found = results(market)
    assert (found[1], found[2]) == (SubmissionFault.DUPLICATE, SubmissionFault.ARTIFACT)
    assert isinstance(found[3], int)


def test_measure__digests_of_an_earlier_one_that_did_not_open__are_no_duplicate() -> None:
    secret = word("a key used twice")
    junk = Offer(secret=secret, submission={"model_digest": word("junk")})
    market = make_market([junk, Offer(secret=secret)])
    assert results(market) == {0: SubmissionFault.MODEL_DIGEST, 1: 1_000_000}
    other = make_market([Offer(secret=word("another key"))]).transcript.by_index[0].submission
    undecrypted = Offer(submission={"artifact_digest": other.artifact_digest})
    market = make_market([undecrypted, Offer()])
    assert results(market) == {0: SubmissionFault.ARTIFACT, 1: 1_000_000}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_measure__any_number_of_workers__gives_the_same_report(workers: int) -> None:
    offers = [Offer(model(range(i % 7))) for i in range(20)] + [Offer(model(refuse="work"))]
    market = make_market(offers)
    digests = set()
    for enclave, count in zip(market.enclaves, (1, workers), strict=False):
        enclave.measure(market.bundle(enclave), TOOLS, workers=count)
        proposal = enclave.propose(market.transcript.task_id, 0)
        signed = enclave.cosign(market.transcript.task_id, 0, proposal, bytes(32))
        digests.add(signed.report.digest(market.transcript.domain))
    assert len(digests) == 1


def test_measure__progress__is_told_every_result_once() -> None:
    told: list[Result] = []
    market = make_market([Offer(), Offer(), Offer(model([1]))])
    results(market, progress=told.append)
    assert sorted(result.index for result in told) == [0, 1, 2]


# ── Faults of the environment abort the run and name the submission ──


def counting(runs: list[int]) -> Tools:
    """Return tools that note the submission of every run."""

    def counted(*args: Any, submission: int, **options: Any) -> Predictions:
        runs.append(submission)
        return run(*args, submission=submission, **options)

    return replace(TOOLS, run=counted)


def test_measure__model_stopped__costs_nobody_else_a_score_nor_another_run() -> None:
    """An entry fee must not buy a stopped sale: two poisoned models, one of them sent twice."""
    poison = Offer(model(abort=True))
    other = Offer(model([1], abort=True))
    market = make_market([Offer(), poison, Offer(model([1])), other, poison])
    enclave, runs = market.enclaves[0], list[int]()
    with pytest.raises(RunStopped) as stopped:
        enclave.measure(market.bundle(enclave), counting(runs))
    assert (stopped.value.submission, stopped.value.others) == (1, (3, 4))
    assert stopped.value.notice.stopped == (1, 3, 4)
    assert sorted(runs) == [0, 1, 2, 3]  # the copy of a stopped model is not run
    with pytest.raises(InvalidRequest, match="not measured"):
        enclave.propose(market.transcript.task_id, 0)  # nothing to sign

    runs.clear()
    enclave.measure(market.bundle(enclave, [0, 2]), counting(runs))
    assert runs == []
    others = dict.fromkeys((1, 3, 4), SubmissionFault.NOT_IN_INVENTORY)
    found = {r.index: r.reason for r in enclave.propose(market.transcript.task_id, 0).results}
    assert found == {0: None, 2: None} | others

    untouched = market.enclaves[1]  # it has measured all and follows, although it was not stopped
    healthy = replace(TOOLS, run=lambda content, *rest, **options: run(
        content.replace(b'"abort"', b'"calm"'), *rest, **options))  # fmt: skip
    untouched.measure(market.bundle(untouched), healthy)
    untouched.measure(market.bundle(untouched, [0, 2]), healthy)
    proposal = enclave.propose(market.transcript.task_id, 0)
    reports = {
        each.cosign(market.transcript.task_id, 0, proposal, bytes(32)).report
        for each in (enclave, untouched)
    }
    assert len(reports) == 1


def test_measure__smaller_inventories__are_bounded_in_number_and_end_with_a_signature() -> None:
    market = make_market([Offer(model([i])) for i in range(6)])
    enclave = market.enclaves[0]
    for size in (6, 5, 4):
        enclave.measure(market.bundle(enclave, list(range(size))), TOOLS)
    for inventory in ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5]):  # larger, or other ones
        with pytest.raises(InvalidRequest, match="measured otherwise"):
            enclave.measure(market.bundle(enclave, inventory), TOOLS)
    enclave.measure(market.bundle(enclave, [0, 1, 2]), TOOLS)  # the fourth
    with pytest.raises(InvalidRequest, match="measured otherwise: inventory of 2 submissions"):
        enclave.measure(market.bundle(enclave, [0, 1]), TOOLS)
    task_id = market.transcript.task_id
    signed = enclave.cosign(task_id, 0, enclave.propose(task_id, 0), bytes(32))
    assert signed.report.inventory == market.transcript.inventory_digest([0, 1, 2])


def test_measure__nothing_measured_yet__an_inventory_is_a_part_of_each_before() -> None:
    poison = Offer(model(abort=True))
    market = make_market([Offer(), poison, Offer(model([1], abort=True))])
    enclave = market.enclaves[0]
    for inventory in ([0, 1, 2], [0, 1], [0, 1, 2]):
        with pytest.raises(RunStopped):
            enclave.measure(market.bundle(enclave, inventory), TOOLS)
    with pytest.raises(InvalidRequest, match="expected a part of the earlier 2 ones"):
        enclave.measure(market.bundle(enclave, [0, 2]), TOOLS)
    enclave.measure(market.bundle(enclave, [0]), TOOLS)


def test_measure__after_a_signature__another_inventory_is_refused() -> None:
    market = make_market([Offer(), Offer(model([1]))])
    enclave, task_id = market.enclaves[0], market.transcript.task_id
    enclave.measure(market.bundle(enclave), TOOLS)
    enclave.cosign(task_id, 0, enclave.propose(task_id, 0), bytes(32))
    with pytest.raises(InvalidRequest, match="measured otherwise"):
        enclave.measure(market.bundle(enclave, [0]), TOOLS)


def aborted(market: Market, change: Callable[[Any], Any] = lambda bundle: bundle) -> RunAborted:
    enclave = market.enclaves[0]
    with pytest.raises(RunAborted) as failure:
        enclave.measure(change(market.bundle(enclave)), TOOLS)
    enclave.measure(market.bundle(enclave, [0]), TOOLS)  # accepted, since nothing was signed
    return failure.value


def test_measure__model_killed__aborts_and_names_the_submission() -> None:
    failure = aborted(make_market([Offer(), Offer(model(abort=True))]))
    assert str(failure) == "run of submission 1 aborted: killed"


def test_measure__model_killed_before_a_fault_of_the_machine__is_no_stop() -> None:
    absent = {"artifact_digest": word("absent")}
    market = make_market([Offer(), Offer(model(abort=True)), Offer(model([1]), submission=absent)])
    failure = aborted(market)
    assert not isinstance(failure, RunStopped)
    assert failure.submission == 2


@pytest.mark.parametrize("missing", [0, 1, len(model()) - 1])
def test_measure__artifact_of_a_byte_more_than_the_manifest_allows__is_missing(
    missing: int,
) -> None:
    limits = ModelLimits(model_bytes=len(model()) - missing)
    market = make_market([Offer()], manifest={"limits": limits})
    if not missing:
        assert results(market) == {0: 1_000_000}
        return
    with pytest.raises(RunAborted, match="its artifact is missing"):
        results(market)


# Holds S-89.
def test_measure__artifact_missing__aborts_and_names_the_submission() -> None:
    absent = {"artifact_digest": word("absent")}
    failure = aborted(make_market([Offer(), Offer(model([1]), submission=absent)]))
    assert failure.submission == 1
    assert failure.cause.startswith("its artifact is missing: memory://artifacts/")


def test_measure__artifact_altered_in_the_store__aborts_and_names_the_submission() -> None:
    market = make_market([Offer(), Offer(model([3, 5]))])
    digest = market.transcript.by_index[1].submission.artifact_digest
    with fsspec.open(STORE.address(digest), "rb") as file:
        content = file.read()
    with fsspec.open(STORE.address(digest), "wb") as file:
        file.write(content[:-1] + bytes([content[-1] ^ 1]))
    failure = aborted(market)
    assert failure.submission == 1
    assert "its artifact is missing" in failure.cause


@pytest.mark.parametrize(
    ("keyrings", "cause"),
    [
        ({}, "its keyring is missing from the bundle"),
        ({1: bytes(320)}, "keyring of 320 bytes hashes to 0x"),
    ],
)
def test_measure__keyring_missing_or_altered__aborts_and_names_the_submission(
    keyrings: dict[int, bytes], cause: str
) -> None:
    def change(bundle: Any) -> Any:
        return replace(bundle, keyrings={0: bundle.keyrings[0]} | keyrings)

    failure = aborted(make_market([Offer(), Offer(model([1]))]), change)
    assert failure.submission == 1
    assert failure.cause.startswith(cause)


# ── Predictions are checked where they are used ──


@pytest.mark.parametrize("off", [-0.02, -1.3e-6, 1.3e-6, 0.0039, 0.02])
def test_read__row_within_the_tolerance__is_clipped_and_normalised(off: float) -> None:
    made = read(
        np.array([[0.25, 0.75 + off * (1 - 1e-9)], [1.0, min(off, 0.0) * (1 - 1e-9)]]), SPEC
    )
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-7)
    assert made.min() >= 0
    np.testing.assert_allclose(made[0, 0], 0.25 / (1 + off), rtol=1e-6)


# Holds S-87.
@pytest.mark.parametrize(
    "row",
    [
        [0.25, 0.75 + 0.0202],
        [0.25, 0.75 - 0.0202],
        [1 + 0.0202, -0.0202],
    ],
)
def test_read__row_beyond_the_tolerance__raises(row: list[float]) -> None:
    with pytest.raises(InvalidModel, match="not-probabilities"):
        read(np.array([row]), SPEC)


def test_read__values_a_little_below_zero__add_up_before_they_are_clipped() -> None:
    spec = ModelSpec((1,), Output.PROBABILITIES, 5)
    made = read(np.array([[1.0, 0.019, 0.019, -0.019, -0.019]]), spec)
    np.testing.assert_allclose(made, np.array([[1, 0.019, 0.019, 0, 0]]) / 1.038, rtol=1e-6)


def test_read__probabilities__are_rounded_to_float32_after_they_are_divided() -> None:
    rows = np.random.default_rng(1).uniform(0.49, 0.51, (100, 2))
    made = read(rows, SPEC)
    assert made.dtype == np.float32
    assert made.tolist() == [
        [float(np.float32(each / (a + b))) for each in (a, b)] for a, b in rows
    ]


def test_read__labels_beside_zero_and_one__are_clipped_or_refused() -> None:
    spec = ModelSpec((1,), Output.MULTILABEL, 2)
    made = read(np.array([[-0.0199, 1.0199], [0.25, 0.5]]), spec)
    assert made.tolist() == [[0, 1], [0.25, 0.5]]
    for value in (-0.0201, 1.0201):
        with pytest.raises(InvalidModel, match="not-probabilities"):
            read(np.array([[0.5, value]]), spec)


@pytest.mark.parametrize("label", [-1, 2])
def test_read__label_of_no_class__raises(label: int) -> None:
    with pytest.raises(InvalidModel, match="unknown-label: expected labels from 0 to 1"):
        read(np.array([0, label]), ModelSpec((1,), Output.LABELS, 2))


def test_read__values_and_labels__stay_as_they_are() -> None:
    values = np.array([1e9 + 0.5])
    assert read(values, ModelSpec((1,), Output.VALUES, 0)) is values
    labels = np.array([0, 1])
    assert read(labels, ModelSpec((1,), Output.LABELS, 2)) is labels
