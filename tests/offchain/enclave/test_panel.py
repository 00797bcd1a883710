"""A panel's enclave: the reports that it judges, upholds and does not uphold."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.enclave.benchmark import Tools
from offchain.enclave.enclave import MAX_REFUSALS, Enclave
from offchain.enclave.models.runner import Predictions
from offchain.enclave.panel import upholds
from offchain.enclave.proposals import Doubt, Measured
from offchain.protocol.errors import InvalidRequest, ModelFault, RequestFault, SubmissionFault
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Posted, Proposal, Signed
from offchain.protocol.pricing import Award, Candidate, Knot, walk
from offchain.protocol.reports import Cosignature, Report, sign
from offchain.protocol.results import Result
from offchain.protocol.selection import Votes
from tests.offchain.market import (
    ROWS,
    TOOLS,
    Market,
    Offer,
    key_of,
    make_market,
    model,
    run,
    table,
)
from tests.vectors.generate import DOMAIN, signing_key, word

# Every row is in the sample: one row is worth 25,000 parts per million, the tolerance.
TOP = {"sample_size": ROWS, "selection": Selection.TOP, "minimum_gain": 0}
TEAM = {"sample_size": ROWS, "minimum_gain": 25_000}


def market_of(*wrong: Sequence[int], team: bool = False) -> Market:
    offers = [Offer(model(rows)) for rows in wrong]
    manifest = TEAM if team else TOP
    return make_market(offers, manifest=manifest, tolerance=25_000, max_awards=1 + team)


def posted(market: Market, **scores: int) -> Posted:
    """Return the first enclave's report of round 0 for other scores, such as ``_0=900_000``."""
    enclave, task_id = market.enclaves[0], market.transcript.task_id
    enclave.measure(market.bundle(enclave), TOOLS)
    own = enclave.propose(task_id, 0)
    results = [
        Result(each.index, scores.get(f"_{each.index}", each.score), each.reason)
        for each in own.results
    ]
    signed = enclave.cosign(task_id, 0, Proposal(tuple(results), own.chosen), word("platform"))
    return Posted(signed.report, (signed.cosignature,))


def judge(
    market: Market, judged: Posted, position: int = 1, tools: Tools = TOOLS
) -> tuple[Enclave, Proposal]:
    enclave = market.enclaves[position]
    enclave.measure(replace(market.bundle(enclave), posted=judged), tools)
    return enclave, enclave.propose(market.transcript.task_id, 1)


def verdict(market: Market, judged: Posted) -> Report:
    """Return the report that all three enclaves of a panel sign alike."""
    _, proposal = judge(market, judged)
    panel = [judge(market, judged, position)[0] for position in (1, 2, 3)]
    task_id = market.transcript.task_id
    signed: list[Signed] = [each.cosign(task_id, 1, proposal, word("seat")) for each in panel]
    assert len({each.report.digest(DOMAIN) for each in signed}) == 1
    return signed[0].report


def forged(market: Market, *awards: Award) -> Posted:
    """Return a compromised enclave's signed report with these awards."""
    honest = posted(market).report
    team = market.manifest.selection is Selection.ENSEMBLE
    chosen = tuple(award.index for award in awards) if team else ()
    report = replace(honest, awards=awards, choices=chosen)
    return Posted(
        report, (sign(report.digest(DOMAIN), key_of(market.enclaves[0]), word("platform")),)
    )


@pytest.mark.parametrize("team", [True, False])
def test_verdict__honest_report__is_upheld(team: bool) -> None:
    market = market_of(range(4), range(20, 30), team=team)
    judged = posted(market)
    report = verdict(market, judged)
    assert report.round == 1
    assert report.awards == judged.report.awards
    assert report.inventory == judged.report.inventory


@pytest.mark.parametrize("score", [875_000, 925_000])
def test_verdict__score_at_the_tolerance__is_upheld_as_posted(score: int) -> None:
    market = market_of(range(4))
    judged = posted(market, _0=score)
    assert verdict(market, judged).awards == (Award(0, score),)


def test_verdict__revealed_in_another_order__is_upheld_at_each_ones_own_minimum_price() -> None:
    offers = [Offer(model(range(4)), min_price=950_000), Offer(model(range(6)))]
    market = make_market(offers, order=[1, 0], manifest=TOP, tolerance=25_000, max_awards=1)
    judged = posted(market)
    assert judged.report.awards == (Award(1, 850_000),)
    assert judge(market, judged)[1].upheld


def test_verdict__order_of_two_that_the_tolerance_leaves_open__is_upheld() -> None:
    market = market_of(range(4), range(5))  # 900,000 and 875,000
    judged = posted(market, _0=890_000, _1=895_000)
    assert judged.report.awards == (Award(1, 895_000),)
    assert verdict(market, judged).awards == judged.report.awards


@pytest.mark.parametrize("budget", [1_730_000, 1_740_000, 1_779_999])
def test_verdict__budget_that_the_tolerance_leaves_open__is_upheld(budget: int) -> None:
    # 900,000 and 850,000: the second fits or not, by scores within the tolerance.
    offers = [Offer(model(range(4))), Offer(model(range(6)))]
    market = make_market(offers, manifest=TOP, tolerance=25_000, max_awards=2, budget=budget)
    judged = posted(market, _0=905_000, _1=875_000)
    assert judged.report.awards == (Award(0, 905_000),)
    assert verdict(market, judged).awards == judged.report.awards


@pytest.mark.parametrize(("budget", "upheld"), [(1_804_999, True), (1_805_000, False)])
def test_verdict__award_that_is_left_out__is_upheld_if_a_score_ends_the_budget(
    budget: int, upheld: bool
) -> None:
    # 850,000 is at most 900,000 within twice the tolerance, and 905,000 of the budget are spent.
    offers = [Offer(model(range(4))), Offer(model(range(6)))]
    market = make_market(offers, manifest=TOP, tolerance=25_000, max_awards=2, budget=budget)
    report = verdict(market, forged(market, Award(0, 905_000)))
    both = (Award(0, 900_000), Award(1, 850_000))
    assert report.awards == ((Award(0, 905_000),) if upheld else both)


def test_cosign__report_that_is_upheld__is_signed_whatever_is_proposed() -> None:
    market = market_of(range(4), range(12))
    judged = posted(market, _0=890_000, _1=690_000)
    reports = []
    for position, score in ((1, 900_000), (2, 0)):
        enclave, own = judge(market, judged, position)
        assert own.upheld
        other = replace(own, results=(Result(0, score), Result(1, 5)))
        signed = enclave.cosign(market.transcript.task_id, 1, other, word("seat"))
        assert signed.results is None
        assert enclave.propose(market.transcript.task_id, 1) == own
        reports.append(signed.report)
    assert reports[0] == reports[1] == replace(judged.report, round=1)


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("upheld", [False, True])
def test_cosign__host_that_says_what_is_upheld__changes_nothing(upheld: bool, said: bool) -> None:
    market = market_of(range(4))
    judged = forged(market, Award(0, 900_000 if upheld else 800_000))
    enclave, own = judge(market, judged)
    assert own.upheld is upheld
    signed = enclave.cosign(
        market.transcript.task_id, 1, replace(own, upheld=said), word("platform")
    )
    assert signed.report.awards == (Award(0, 900_000),)
    assert (signed.results is None) is upheld


def test_cosign__panel_that_contradicts__signs_once_and_refuses_sixteen_proposals() -> None:
    market = market_of(range(4))
    enclave, own = judge(market, forged(market, Award(0, 800_000)))
    task_id, platform = market.transcript.task_id, word("platform")

    def refused(score: int) -> RequestFault:
        other = replace(own, results=(Result(0, score),))
        with pytest.raises(InvalidRequest) as fault:
            enclave.cosign(task_id, 1, other, platform)
        return fault.value.reason

    reasons = [refused(score) for score in range(MAX_REFUSALS + 1)]
    assert reasons == [RequestFault.SCORES] * MAX_REFUSALS + [RequestFault.TOO_MANY_PROPOSALS]
    signed = enclave.cosign(task_id, 1, own, platform)
    assert enclave.cosign(task_id, 1, own, platform) == signed
    assert refused(900_001) is RequestFault.SIGNED_OTHERWISE


@pytest.mark.parametrize(("worse_by", "upheld"), [(4, True), (5, False)])
def test_verdict__team__is_upheld_up_to_four_times_the_tolerance(
    worse_by: int, upheld: bool
) -> None:
    # The worse model is wrong in every row where the better one is: together they gain little.
    market = market_of(range(4), range(4 + worse_by), team=True)
    award = Award(1, 900_000 - 25_000 * worse_by)
    expected = award if upheld else Award(0, 900_000)
    assert verdict(market, forged(market, award)).awards == (expected,)


@pytest.mark.parametrize(("minimum", "upheld"), [(800_001, True), (800_000, False)])
def test_verdict__empty_team__is_upheld_up_to_four_times_the_tolerance(
    minimum: int, upheld: bool
) -> None:
    # 900,000 is 100,000 above the minimum, or less.
    manifest = {"sample_size": ROWS, "minimum_gain": minimum}
    market = make_market([Offer(model(range(4)))], manifest=manifest, tolerance=25_000)
    awards = () if upheld else (Award(0, 900_000),)
    assert verdict(market, forged(market)).awards == awards


@pytest.mark.parametrize("score", [850_000, 950_000])
def test_verdict__score_at_twice_the_tolerance__is_upheld(score: int) -> None:
    market = market_of(range(4))
    assert verdict(market, forged(market, Award(0, score))).awards == (Award(0, score),)


@pytest.mark.parametrize("score", [849_999, 950_001])
def test_verdict__score_beyond_twice_the_tolerance__is_overturned(score: int) -> None:
    market = market_of(range(4))
    assert verdict(market, forged(market, Award(0, score))).awards == (Award(0, 900_000),)


@pytest.mark.parametrize(
    "awards",
    [
        (),
        (Award(1, 700_000),),
        (Award(2, 900_000),),
    ],
    ids=["nobody", "the second best", "one without a score"],
)
def test_verdict__awards_that_no_measurement_bears_out__are_overturned(
    awards: tuple[Award, ...],
) -> None:
    offers = [Offer(model(range(4))), Offer(model(range(12))), Offer(model(refuse="work"))]
    market = make_market(offers, manifest=TOP, tolerance=25_000, max_awards=1)
    assert verdict(market, forged(market, *awards)).awards == (Award(0, 900_000),)


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (table(range(8)), SubmissionFault.UNSTABLE),
        ([[0.7, 0.7]] * ROWS, ModelFault.NOT_PROBABILITIES),
    ],
)
def test_verdict__team_with_a_model_that_the_seat_refuses__is_upheld_by_its_first_pass(
    plain: list[list[float]], reason: ModelFault | SubmissionFault
) -> None:
    market = market_of(range(4), range(20, 30), team=True)
    judged = posted(market)

    def otherwise(content: bytes, *rest: Any, submission: int, **options: Any) -> Predictions:
        if submission == 0:
            content = model(range(4), plain=plain, optimised=table(range(4)))
        return run(content, *rest, submission=submission, **options)

    _, proposal = judge(market, judged, tools=replace(TOOLS, run=otherwise))
    assert proposal.results[0].reason is reason
    assert judged.report.choices[0] == 0
    assert proposal.upheld


# ── The report to judge ──

MARKET = market_of(range(4))
POSTED = posted(MARKET)


def refusal(judged: Posted, position: int = 1, market: Market | None = None) -> InvalidRequest:
    market = market or market_of(range(4))
    enclave = market.enclaves[position]
    with pytest.raises(InvalidRequest) as refused:
        enclave.measure(replace(market.bundle(enclave), posted=judged), TOOLS)
    return refused.value


def altered(**changes: object) -> Posted:
    return replace(POSTED, report=replace(POSTED.report, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (altered(task_id=word("task")), RequestFault.ANOTHER_TASK),
        (altered(seed=word("seed")), RequestFault.ANOTHER_SEED),
        (altered(inventory=word("inventory")), RequestFault.ANOTHER_INVENTORY),
        (altered(round=1), RequestFault.ANOTHER_ROUND),
        (altered(awards=()), RequestFault.POSTED),
        (altered(results=word("results")), RequestFault.POSTED),
        (replace(POSTED, cosignatures=()), RequestFault.POSTED),
        (
            replace(POSTED, cosignatures=(Cosignature(bytes(32), bytes(32), bytes(32)),)),
            RequestFault.POSTED,
        ),
        (
            replace(POSTED, cosignatures=(sign(word("x"), signing_key("y"), word("z")),)),
            RequestFault.POSTED,
        ),
    ],
)
def test_measure__not_the_posted_report__is_refused(judged: Posted, why: RequestFault) -> None:
    assert refusal(judged).reason is why


def test_measure__report_of_strangers__is_refused() -> None:
    digest = POSTED.report.digest(DOMAIN)
    judged = replace(POSTED, cosignatures=(sign(digest, signing_key("stranger"), word("x")),))
    assert refusal(judged).detail == "report signed by 0 of the roster, expected at least 1"


def test_measure__same_signature_twice_for_a_quorum_of_two__is_refused() -> None:
    market = make_market([Offer()], manifest=TOP, quorum=2)
    judged = posted(market)
    twice = replace(judged, cosignatures=judged.cosignatures * 2)
    assert (
        refusal(twice, market=market).detail
        == "report signed by 1 of the roster, expected at least 2"
    )


# Holds S-100.
def test_measure__report_that_this_enclave_signed_itself__is_refused() -> None:
    assert refusal(POSTED, position=0).detail.endswith("itself, expected one by other enclaves")


def test_measure__another_posted_report_after_the_first__is_refused() -> None:
    enclave = market_of(range(4)).enclaves[1]
    enclave.measure(replace(MARKET.bundle(enclave), posted=POSTED), TOOLS)
    other = posted(market_of(range(4)), _0=890_000)
    with pytest.raises(InvalidRequest) as refused:
        enclave.measure(replace(MARKET.bundle(enclave), posted=other), TOOLS)
    assert refused.value.reason is RequestFault.MEASURED_OTHERWISE


def test_measure__another_posted_report_on_a_smaller_inventory__is_refused() -> None:
    market = market_of(range(4), range(12))
    task_id, (first, second, seat, _) = market.transcript.task_id, market.enclaves
    for enclave, inventory in ((first, [0, 1]), (second, [0])):
        enclave.measure(market.bundle(enclave, inventory), TOOLS)
    signed = [
        each.cosign(task_id, 0, each.propose(task_id, 0), bytes(32)) for each in (first, second)
    ]
    judged, other = (Posted(each.report, (each.cosignature,)) for each in signed)
    seat.measure(replace(market.bundle(seat), posted=judged), TOOLS)
    with pytest.raises(InvalidRequest) as refused:
        seat.measure(replace(market.bundle(seat, [0]), posted=other), TOOLS)
    assert refused.value.reason is RequestFault.MEASURED_OTHERWISE


def test_measure__seat_that_measured_a_part_before__judges_the_whole_inventory() -> None:
    market = market_of(range(4), range(12))
    judged, seat = posted(market), market.enclaves[1]
    seat.measure(market.bundle(seat, [0]), TOOLS)
    assert judge(market, judged)[1].upheld


# ── In `top`: exactly the awards of some scores within twice the tolerance ──

CURVE = (Knot(1, 1), Knot(9, 9))
BENCH = make_market([Offer(), Offer(), Offer()], manifest=TOP, tolerance=1, max_awards=3)


@given(
    st.lists(st.integers(0, 11), min_size=3, max_size=3),
    st.lists(st.sampled_from([0, 0, 4, 7]), min_size=3, max_size=3),
    st.lists(st.integers(0, 13), min_size=3, max_size=3),
    st.integers(9, 20),
    st.integers(1, 3),
)
def test_upholds__any_scores__agrees_with_trying_all_within_twice_the_tolerance(
    own: list[int], min_prices: list[int], seen: list[int], budget: int, most: int
) -> None:
    task = replace(BENCH.transcript.task, curve=CURVE, budget=budget, max_awards=most)
    reveals = tuple(
        replace(each, submission=replace(each.submission, min_price=min_prices[each.index]))
        for each in BENCH.transcript.reveals
    )
    measured = Measured(
        transcript=replace(BENCH.transcript, task=task, reveals=reveals),
        manifest=BENCH.manifest,
        inventory=(0, 1, 2),
        secret=BENCH.key,
        results=tuple(Result(index, score) for index, score in enumerate(own)),
        votes=Votes({}, len),
    )

    def awards(scores: Sequence[int]) -> tuple[Award, ...]:
        candidates = map(Candidate, range(3), scores, min_prices)
        return walk(CURVE, budget, most, candidates)

    signed = awards(seen)
    report = Report(bytes(32), 0, bytes(32), bytes(32), bytes(32), (), signed)
    ranges = [range(max(0, score - 2), score + 3) for score in own]
    possible = any(awards(scores) == signed for scores in product(*ranges))
    assert upholds(measured, report) == possible


# ── Each condition at its bound: tolerance 1, prices equal to scores ──


def measured_of(
    *own: int,
    budget: int = 30,
    most: int = 3,
    min_prices: Sequence[int] = (0, 0, 0),
    minimum: int | None = None,
    teams: dict[tuple[int, ...], int] | None = None,
    doubtful: dict[int, Doubt] | None = None,
) -> Measured:
    """Return a measurement in `top`, or of teams if there is a minimum gain."""
    task = replace(BENCH.transcript.task, curve=CURVE, budget=budget, max_awards=most)
    reveals = tuple(
        replace(each, submission=replace(each.submission, min_price=min_prices[each.index]))
        for each in BENCH.transcript.reveals
    )
    kind = {} if minimum is None else {"selection": Selection.ENSEMBLE, "minimum_gain": minimum}
    return Measured(
        transcript=replace(BENCH.transcript, task=task, reveals=reveals),
        manifest=replace(BENCH.manifest, **kind),
        inventory=(0, 1, 2),
        secret=BENCH.key,
        results=tuple(Result(index, score) for index, score in enumerate(own)),
        votes=Votes({}, len, dict(teams or {})),
        doubtful=dict(doubtful or {}),
    )


def supported(measured: Measured, *awards: tuple[int, int], choices: Sequence[int] = ()) -> bool:
    made = tuple(Award(index, score) for index, score in awards)
    return upholds(measured, Report(bytes(32), 0, bytes(32), bytes(32), bytes(32), choices, made))


@pytest.mark.parametrize(("first", "slack"), [(True, 2), (False, 5)])
def test_upholds__score_of_a_doubtful_one__may_differ_by_two_tolerances_or_five(
    first: bool, slack: int
) -> None:
    measured = measured_of(6, doubtful={0: Doubt(6, first)})
    assert supported(measured, (0, 6 - slack))
    assert supported(measured, (0, 6 + slack))
    assert not supported(measured, (0, 6 - slack - 1))
    assert not supported(measured, (0, 6 + slack + 1))
    assert supported(measured)  # another machine may refuse it
    assert not supported(measured_of(6))


def test_upholds__awards__are_paid_by_the_budget_to_the_last_unit() -> None:
    awards = (0, 5), (1, 5)
    assert supported(measured_of(5, 5, budget=10), *awards)
    assert not supported(measured_of(5, 5, budget=9), *awards)
    assert supported(measured_of(5, 5, most=2), *awards)
    assert not supported(measured_of(5, 5, most=1), *awards)
    assert not supported(measured_of(5, 5), (1, 5), (0, 5))  # ties go to the first


@pytest.mark.parametrize(("own", "upheld"), [(6, True), (7, False)])
def test_upholds__one_without_an_award__may_rank_behind_the_last(own: int, upheld: bool) -> None:
    # Behind an award of 4, or of 5 with a higher index: at most 4, which is within 2 of 6.
    assert supported(measured_of(5, own, most=1), (0, 4)) is upheld
    assert supported(measured_of(own, 5, most=1), (1, 5)) is upheld


@pytest.mark.parametrize(("own", "upheld"), [(6, True), (7, False)])
def test_upholds__one_without_an_award__ranks_behind_the_last_of_several(
    own: int, upheld: bool
) -> None:
    assert supported(measured_of(9, 4, own, most=2), (0, 9), (1, 4)) is upheld


def test_upholds__one_that_may_not_sell__may_lack_an_award() -> None:
    # At 5 - 2 it is below a minimum price of 4, and not below one of 3.
    assert supported(measured_of(9, 5, min_prices=(0, 4, 0)), (0, 9))
    assert not supported(measured_of(9, 5, min_prices=(0, 3, 0)), (0, 9))


def test_upholds__award_that_does_not_sell_at_its_score__is_not_upheld() -> None:
    assert supported(measured_of(5, min_prices=(6, 0, 0)), (0, 6))
    assert not supported(measured_of(5, min_prices=(6, 0, 0)), (0, 5))
    assert supported(measured_of(1), (0, 1))
    assert not supported(measured_of(1), (0, 0))


MINIMUM, SLACK = 10, 4


@pytest.mark.parametrize(
    ("teams", "upheld"),
    [
        ({(0,): MINIMUM - SLACK, (0, 1): 0}, True),
        ({(0,): MINIMUM - SLACK - 1, (0, 1): 0}, False),
        ({(0,): 20, (1,): 20 + SLACK, (0, 1): 0}, True),
        ({(0,): 20, (1,): 20 + SLACK + 1, (0, 1): 0}, False),
        ({(0,): 20, (0, 1): 20 + MINIMUM + SLACK - 1}, True),
        ({(0,): 20, (0, 1): 20 + MINIMUM + SLACK}, False),
    ],
)
def test_upholds__team_of_one__gains_the_minimum_and_is_the_best_within_the_slack(
    teams: dict[tuple[int, ...], int], upheld: bool
) -> None:
    measured = measured_of(5, 5, minimum=MINIMUM, teams={(1,): 0} | teams)
    assert supported(measured, (0, 5), choices=(0,)) is upheld


@pytest.mark.parametrize(("reached", "upheld"), [(26, True), (25, False)])
def test_upholds__second_of_a_team__gains_the_minimum_too(reached: int, upheld: bool) -> None:
    teams = {(0,): 20, (1,): 0, (0, 1): reached}
    measured = measured_of(5, 5, minimum=MINIMUM, teams=teams)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1)) is upheld


@pytest.mark.parametrize(("alone", "upheld"), [(20 + SLACK, True), (20 + SLACK + 1, False)])
def test_upholds__chosen_later__is_a_rival_though_it_may_not_sell(alone: int, upheld: bool) -> None:
    # At 5 - 2 the second one is below its minimum price of 4.
    teams = {(0,): 20, (1,): alone, (0, 1): 40}
    measured = measured_of(5, 5, min_prices=(0, 4, 0), minimum=MINIMUM, teams=teams)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1)) is upheld


@pytest.mark.parametrize(("other", "upheld"), [(40 + SLACK, True), (40 + SLACK + 1, False)])
def test_upholds__second_of_a_team__has_those_that_are_not_chosen_as_rivals(
    other: int, upheld: bool
) -> None:
    teams = {(0,): 20, (1,): 0, (2,): 0, (0, 1): 40, (0, 2): other}
    measured = measured_of(5, 5, 5, most=2, minimum=MINIMUM, teams=teams)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1)) is upheld


@pytest.mark.parametrize(
    ("reached", "upheld"), [(40 + MINIMUM + SLACK - 1, True), (40 + MINIMUM + SLACK, False)]
)
def test_upholds__team_of_two_that_has_room__leaves_no_gain_over_both(
    reached: int, upheld: bool
) -> None:
    teams = {(0,): 20, (1,): 0, (2,): 0, (0, 1): 40, (0, 2): 0, (0, 1, 2): reached}
    measured = measured_of(5, 5, 5, minimum=MINIMUM, teams=teams)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1)) is upheld


def test_upholds__team_of_the_most_that_are_bought__needs_no_end() -> None:
    teams = {(0,): 20, (1,): 0, (0, 1): 99}
    assert supported(measured_of(5, 5, most=1, minimum=MINIMUM, teams=teams), (0, 5), choices=(0,))
    assert not supported(
        measured_of(5, 5, most=2, minimum=MINIMUM, teams=teams), (0, 5), choices=(0,)
    )


@pytest.mark.parametrize(
    ("awards", "choices"),
    [
        (((0, 5),), (0, 0)),
        (((0, 5), (1, 5)), (0,)),
        (((0, 5), (2, 5)), (0, 2)),
        (((0, 5),), (0, 1)),
        (((0, 5), (1, 5), (2, 5)), (0, 1, 2)),
    ],
    ids=["twice", "award outside", "without a score", "sold without an award", "too many"],
)
def test_upholds__choices_that_are_no_team__are_not_upheld(
    awards: Sequence[tuple[int, int]], choices: Sequence[int]
) -> None:
    teams = dict.fromkeys([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)], 20)
    own = (5, 5, 5) if choices == (0, 1, 2) else (5, 5)
    measured = measured_of(*own, most=2, minimum=1, teams=teams)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1))
    assert not supported(measured, *awards, choices=choices)


# Holds S-100.
@pytest.mark.parametrize(("budget", "upheld"), [(9, True), (10, False)])
def test_upholds__choice_that_sells_at_some_scores__is_bought_or_ends_the_budget(
    budget: int, upheld: bool
) -> None:
    """A choice sold at the proposed score. Only in `top` it may be one that does not sell."""
    options = {"budget": budget, "min_prices": (0, 4, 0)}  # the second may have 1 to 5
    teams = {(0,): 20, (1,): 20, (0, 1): 40}
    measured = measured_of(5, 3, minimum=1, teams=teams, **options)
    assert supported(measured, (0, 5), choices=(0, 1)) is upheld
    assert supported(measured_of(5, 3, **options), (0, 5))


def test_upholds__choices_in_top__are_not_upheld() -> None:
    assert not supported(measured_of(5), (0, 5), choices=(0,))


def test_upholds__choice_without_the_first_pass__ends_the_comparison() -> None:
    doubtful = {1: Doubt(5, first=False)}
    measured = measured_of(5, 5, minimum=MINIMUM, teams={(0,): 20}, doubtful=doubtful)
    assert supported(measured, (0, 5), (1, 5), choices=(0, 1))
    assert supported(measured, (0, 5), choices=(0,))  # no rival: its vote is not known
