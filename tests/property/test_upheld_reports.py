"""Whatever an honest enclave signs, every honest panel upholds: the theorem of docs/SPEC.md.

Markets are random tables of scores, one for each submission and one for each team. A proposer tries
every proposal of a grid on an honest signer. Whatever the signer accepts goes to a panel whose
machine differs from the signer's by up to the tolerance in every number, and in doubtful reasons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations, permutations, product
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from offchain.enclave.panel import upholds
from offchain.enclave.proposals import Doubt, Measured
from offchain.protocol.errors import InvalidRequest, ModelFault, SubmissionFault
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Proposal
from offchain.protocol.pricing import Award, Candidate, Knot, sells, walk
from offchain.protocol.reports import Report
from offchain.protocol.results import Result
from offchain.protocol.selection import Votes
from tests.offchain.market import Market, Offer, make_market

COUNT = 3
CURVE = (Knot(1, 1), Knot(12, 12))
TEAMS = list(chain(*(combinations(range(COUNT), size) for size in range(1, COUNT + 1))))


@pytest.fixture(scope="module")
def markets() -> dict[Selection, Market]:
    top = {"selection": Selection.TOP, "minimum_gain": 0}
    team = {"selection": Selection.ENSEMBLE, "minimum_gain": 1}
    return {
        made["selection"]: make_market([Offer()] * COUNT, manifest=made)  # type: ignore[misc]
        for made in (top, team)
    }


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "selection": draw(st.sampled_from(list(Selection))),
        "tolerance": draw(st.integers(0, 2)),
        "scores": draw(st.lists(st.integers(0, 14), min_size=COUNT, max_size=COUNT)),
        "teams": draw(st.lists(st.integers(0, 16), min_size=len(TEAMS), max_size=len(TEAMS))),
        "min_prices": draw(st.lists(st.sampled_from([0, 0, 4, 9]), min_size=COUNT, max_size=COUNT)),
        "budget": draw(st.integers(12, 30)),
        "most": draw(st.integers(1, COUNT)),
        "minimum": draw(st.integers(1, 4)),
    }


def machine(
    markets: Mapping[Selection, Market],
    table: Mapping[str, Any],
    score_drift: list[int],
    team_drift: list[int],
    refused: Mapping[int, ModelFault | SubmissionFault] | None = None,
    doubtful: Mapping[int, Doubt] | None = None,
) -> Measured:
    """Return one machine's measurement: the table's numbers, each moved by its drift."""
    market = markets[table["selection"]]
    transcript = market.transcript
    task = replace(
        transcript.task,
        curve=CURVE,
        budget=table["budget"],
        max_awards=table["most"],
        tolerance=table["tolerance"],
    )
    reveals = tuple(
        replace(
            each, submission=replace(each.submission, min_price=table["min_prices"][each.index])
        )
        for each in transcript.reveals
    )
    manifest = market.manifest
    if table["selection"] is Selection.ENSEMBLE:
        manifest = replace(manifest, minimum_gain=table["minimum"])
    scores = [max(0, s + d) for s, d in zip(table["scores"], score_drift, strict=True)]
    votes = {
        team: max(0, score + drift)
        for team, score, drift in zip(TEAMS, table["teams"], team_drift, strict=True)
    }
    results = tuple(
        Result(index, reason=refused[index]) if index in (refused or {}) else Result(index, score)
        for index, score in enumerate(scores)
    )
    return Measured(
        transcript=replace(transcript, task=task, reveals=reveals),
        manifest=manifest,
        inventory=tuple(range(COUNT)),
        secret=market.key,
        results=results,
        votes=Votes({}, len, votes),
        doubtful=dict(doubtful or {}),
    )


def proposals(signer: Measured) -> Iterator[Proposal]:
    """Yield a grid of proposals: scores at the bounds and own, and every order of every team."""
    tolerance = signer.tolerance
    ranges = [
        [each]
        if each.score is None
        else [
            Result(each.index, max(0, each.score + drift)) for drift in {-tolerance, 0, tolerance}
        ]
        for each in signer.results
    ]
    orders: list[tuple[int, ...]] = [()]
    if signer.manifest.selection is Selection.ENSEMBLE:
        orders += chain(*(permutations(range(COUNT), size) for size in range(1, COUNT + 1)))
    for results, order in product(product(*ranges), orders):
        yield Proposal(results, order)


def signed(signer: Measured) -> Iterator[Report]:
    """Yield the reports of all proposals of the grid that an honest enclave signs."""
    for proposal in proposals(signer):
        try:
            awards = signer.awards(proposal)
        except InvalidRequest:
            continue
        yield Report(bytes(32), 0, bytes(32), bytes(32), bytes(32), proposal.chosen, awards)


def drifts(tolerance: int, size: int) -> st.SearchStrategy[list[int]]:
    extremes = st.sampled_from(sorted({-tolerance, 0, tolerance}))
    return st.lists(extremes, min_size=size, max_size=size)


# Holds I-32.
@given(tables(), st.data())
def test_upholds__whatever_an_honest_enclave_signs__every_panel_within_the_tolerance(
    markets: dict[Selection, Market], table: dict[str, Any], data: st.DataObject
) -> None:
    tolerance = table["tolerance"]
    signer = machine(markets, table, [0] * COUNT, [0] * len(TEAMS))
    panel = machine(
        markets,
        table,
        data.draw(drifts(tolerance, COUNT)),
        data.draw(drifts(tolerance, len(TEAMS))),
    )
    usual = signer.propose()
    for report in signed(signer):
        event(f"{table['selection']} usual choices: {report.choices == usual.chosen}")
        assert upholds(panel, report), report


# Holds I-33.
@given(tables(), st.data())
def test_upholds__doubtful_reasons_that_differ__every_panel_all_the_same(
    markets: dict[Selection, Market], table: dict[str, Any], data: st.DataObject
) -> None:
    """One machine refuses what the other scores; the submission is doubtful on the panel's."""
    tolerance = table["tolerance"]
    doubtful = data.draw(st.sets(st.integers(0, COUNT - 1), min_size=1))
    fault = SubmissionFault.UNSTABLE
    by_signer = dict.fromkeys(data.draw(st.sets(st.sampled_from(sorted(doubtful)))), fault)
    by_panel = dict.fromkeys(data.draw(st.sets(st.sampled_from(sorted(doubtful)))), fault)
    drift = data.draw(drifts(tolerance, COUNT))
    teams = data.draw(drifts(tolerance, len(TEAMS)))
    signer = machine(markets, table, [0] * COUNT, [0] * len(TEAMS), by_signer)
    moved = {
        index: Doubt(max(0, table["scores"][index] + drift[index]), first=True)
        for index in doubtful
    }
    panel = machine(markets, table, drift, teams, by_panel, moved)
    for report in signed(signer):
        assert upholds(panel, report), report


# Holds I-33.
@given(tables(), st.data())
def test_upholds__one_machine_lacks_the_first_pass__every_panel_all_the_same(
    markets: dict[Selection, Market], table: dict[str, Any], data: st.DataObject
) -> None:
    """The panel has the other pass of a submission, which is up to four tolerances apart."""
    tolerance = table["tolerance"]
    index = data.draw(st.integers(0, COUNT - 1))
    drift = data.draw(drifts(tolerance, COUNT))
    teams = data.draw(drifts(tolerance, len(TEAMS)))
    other = table["scores"][index] + data.draw(st.integers(-4 * tolerance, 4 * tolerance))
    signer = machine(markets, table, [0] * COUNT, [0] * len(TEAMS))
    doubt = {index: Doubt(max(0, other), first=False)}
    panel = machine(markets, table, drift, teams, {index: ModelFault.NOT_FINITE}, doubt)
    for team in [each for each in TEAMS if index in each]:
        del panel.votes._scores[team]
    for report in signed(signer):
        assert upholds(panel, report), report


# Holds I-34.
@given(
    tables(),
    st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, 14)), max_size=COUNT),
    st.permutations(range(COUNT)),
    st.integers(0, COUNT),
)
def test_upholds__any_report__only_if_some_scores_within_the_bounds_lead_to_it(
    markets: dict[Selection, Market],
    table: dict[str, Any],
    pairs: list[tuple[int, int]],
    order: list[int],
    size: int,
) -> None:
    """An oracle tries every score within twice the tolerance, and the choices at four times it."""
    panel = machine(markets, table, [0] * COUNT, [0] * len(TEAMS))
    awards = tuple(Award(*pair) for pair in dict(pairs).items())
    awards = tuple(sorted(awards, key=lambda award: (-award.score, award.index)))
    choices = tuple(order[:size]) if table["selection"] is Selection.ENSEMBLE else ()
    report = Report(bytes(32), 0, bytes(32), bytes(32), bytes(32), choices, awards)
    slack = 2 * table["tolerance"]
    ranges = [range(max(0, score - slack), score + slack + 1) for score in table["scores"]]
    possible = any(walked(panel, table, scores, choices) == awards for scores in product(*ranges))
    event(f"possible: {possible}")
    assert upholds(panel, report) == possible


def walked(
    panel: Measured, table: Mapping[str, Any], scores: tuple[int, ...], choices: tuple[int, ...]
) -> tuple[Award, ...] | None:
    """Return the awards at these scores; None if the choices are not within the bounds."""
    candidates = [
        Candidate(*each) for each in zip(range(COUNT), scores, table["min_prices"], strict=True)
    ]
    candidates = [each for each in candidates if sells(CURVE, each)]
    if table["selection"] is Selection.TOP:
        return walk(CURVE, table["budget"], table["most"], candidates)
    selling = {each.index for each in candidates}
    slack, minimum = 4 * table["tolerance"], table["minimum"]
    if not set(choices) <= selling or len(choices) > table["most"]:
        return None
    team: tuple[int, ...] = ()
    for index in choices:
        gains = {
            i: panel.votes.score((*team, i)) - panel.votes.score(team) for i in selling - set(team)
        }
        if gains[index] < max(*gains.values(), minimum, 0) - slack:
            return None
        team = (*team, index)
    if len(team) < table["most"]:
        end = panel.votes.score(team)
        if any(panel.votes.score((*team, i)) - end >= minimum + slack for i in selling - set(team)):
            return None
    members = [each for each in candidates if each.index in team]
    return walk(CURVE, table["budget"], table["most"], members)


def test_upholds__odd_order_of_choices_that_the_signer_accepts__is_not_overturned(
    markets: dict[Selection, Market],
) -> None:
    """The attack of a host that orders its choices within the tolerance, against an honest panel.

    A panel without the results file once tried the order of its own gains alone, and overturned.
    """
    table = {
        "selection": Selection.ENSEMBLE,
        "tolerance": 2,
        "scores": [10, 9, 8],
        "teams": [10, 9, 8, 12, 13, 11, 14],
        "min_prices": [0, 0, 0],
        "budget": 22,
        "most": 3,
        "minimum": 1,
    }
    signer = machine(markets, table, [0] * COUNT, [0] * len(TEAMS))
    panel = machine(markets, table, [0] * COUNT, [0] * len(TEAMS))
    orders = {report.choices for report in signed(signer)}
    assert {(0, 2, 1), (1, 0, 2), (2, 0, 1)} <= orders
    assert all(upholds(panel, report) for report in signed(signer))
