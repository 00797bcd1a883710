"""Scores are those of the report that stands, or an error says what is wrong with them."""

from dataclasses import replace

import pytest

from offchain.chain.history import History, StandingReport, Verdict
from offchain.chain.result_proofs import extract
from offchain.developer.reasons import IN_FULL
from offchain.observer.scores import find_results, rows
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import ModelFault, SubmissionFault
from offchain.protocol.pricing import Award
from offchain.protocol.results import Result, make_results
from offchain.storage.publications import ResultsFolder
from tests.offchain.market import Offer, make_market, model
from tests.vectors.generate import word

AWARDS = (Award(2, 900_000),)


@pytest.fixture(scope="module")
def market():
    return make_market([Offer(model([row])) for row in range(5)], order=[3, 0, 4, 1, 2])


def results_of(market, score=900_000):
    transcript = market.transcript
    found = [Result(index, score - index) for index in range(4)]
    found.append(Result(4, reason=ModelFault.MEMORY))
    return make_results(transcript.task_id, transcript.leaves, market.key, found)


@pytest.fixture(scope="module")
def history(market):
    transcript, results = market.transcript, results_of(market)
    return History(
        transcript.task,
        reveals=transcript.reveals,
        seed=transcript.seed,
        posted=StandingReport(bytes(32), results.root(), (), AWARDS, (), ()),
    )


@pytest.fixture(scope="module")
def report(market, history):
    return history.standing(market.transcript.task_id)


def table(market, history, report, results, prices=()):
    return list(rows(history, market.transcript.task_id, report, results, dict(prices)))


def test_rows__results_of_the_report__each_with_its_proof(market, history, report):
    found = table(market, history, report, results_of(market), [(2, 5)])
    assert [each.index for each in found] == [0, 1, 2, 3, 4]
    assert [each.score for each in found] == [900_000, 899_999, 899_998, 899_997, None]
    assert [each.reason for each in found] == [None, None, None, None, ModelFault.MEMORY]
    assert [each.price for each in found] == [None, None, 5, None, None]
    for each in found:
        assert each.proof.proves(report.results)
        assert each.proof == extract(results_of(market), each.index)
        assert not each.proof.proves(word("another root"))
    assert found[1].developer == market.transcript.by_index[1].developer


@pytest.mark.parametrize("index", range(5))
def test_rows__one_result_forged__is_refused(index, market, history, report):
    honest = results_of(market)
    entries = list(honest.entries)
    entries[index] = replace(entries[index], result=Result(index, 999_999))
    with pytest.raises(ValueError, match="the result of submission 0 is not the report's"):
        table(market, history, report, replace(honest, entries=tuple(entries)))


def test_rows__of_other_submissions__are_refused(market, history, report):
    honest = results_of(market)
    fewer = replace(honest, entries=honest.entries[:-1])
    with pytest.raises(ValueError, match=r"results of submissions \[0, 1, 2, 3\], expected \[0, 1"):
        table(market, history, report, fewer)


def test_rows__proved_with_another_leaf__are_refused(market, history):
    leaves = {**market.transcript.leaves, 3: word("another leaf")}
    task_id = market.transcript.task_id
    results = make_results(task_id, leaves, market.key, [Result(i, 5) for i in range(5)])
    forged = replace(history, posted=replace(history.posted, results=results.root()))
    with pytest.raises(ValueError, match="the result of submission 3 is not the report's"):
        table(market, forged, forged.standing(task_id), results)


# ── The report that stands ──


def test_standing__no_report__says_so(market, history):
    with pytest.raises(ValueError, match="no report is posted"):
        replace(history, posted=None).standing(market.transcript.task_id)


@pytest.mark.parametrize("upheld", [True, False])
def test_standing__after_a_verdict__is_the_panels_if_it_overturns(upheld, market, history):
    task_id, panels = market.transcript.task_id, word("panel's results")
    verdict = Verdict(upheld, panels, (), (), ())
    found = replace(history, verdict=verdict).standing(task_id)
    posted = history.posted.results
    assert (found.round, found.results) == ((0, posted) if upheld else (1, panels))


# ── Where operators say ──


def test_find_results__one_operator_has_it__found_among_those_that_lie(market, report, tmp_path):
    for name, results in (("liar", results_of(market, 800_000)), ("honest", results_of(market))):
        (tmp_path / name).mkdir()
        name_of_file = f"0x{report.task_id.hex()}-round-0.json"
        (tmp_path / name / name_of_file).write_bytes(to_json(results))
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / f"0x{report.task_id.hex()}-round-0.json").write_text("{")
    uris = [str(tmp_path / each) for each in ("absent", "garbage", "liar", "honest")]
    place, results = find_results(report, uris, local_uris=True)
    assert place == str(tmp_path / "honest")
    assert results == results_of(market)
    with pytest.raises(FileNotFoundError) as refused:
        find_results(report, uris[:-1], local_uris=True)
    for each in (*uris[:-1], "does not exist", "expected 0x", "results"):
        assert each in str(refused.value)


@pytest.mark.parametrize("entries", [1, 5])
def test_put__results_of_another_root_or_task__are_refused(market, report, tmp_path, entries):
    made = results_of(market)
    made = replace(made, entries=made.entries[:entries])
    own, folder = replace(report, results=made.root()), ResultsFolder(str(tmp_path))
    folder.put(own, made)
    assert folder.find(own) == made
    with pytest.raises(ValueError, match="results with root 0x"):
        folder.put(replace(own, results=word("another")), made)
    with pytest.raises(ValueError, match="results with task 0x"):
        folder.put(replace(own, task_id=word("another")), made)


def test_find_results__no_operator_with_a_uri__says_so(report):
    with pytest.raises(FileNotFoundError, match="no operator has announced a URI"):
        find_results(report, [], local_uris=True)


def test_find_results__uri_into_this_machine__refused_unless_allowed(market, report, tmp_path):
    ResultsFolder(str(tmp_path)).put(report, results_of(market))
    find_results(report, [str(tmp_path)], local_uris=True)
    with pytest.raises(FileNotFoundError, match="expected one of http, https, ipfs, s3"):
        find_results(report, [str(tmp_path)], local_uris=False)


def test_reasons__each_of_a_result__is_told_in_full():
    assert IN_FULL.keys() == {*ModelFault, *SubmissionFault}
    assert "No dispute helps" in IN_FULL[SubmissionFault.NOT_IN_INVENTORY]
