"""A panel's enclave: what it judges, when it upholds, and when it does not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from offchain.enclave import Enclave, Signed
from offchain.errors import Refused, Why
from offchain.manifest import Selection
from offchain.panel import Posted
from offchain.pricing import Award
from offchain.proposals import Proposal
from offchain.reports import Cosignature, Report, sign
from offchain.results import Result
from tests.offchain.market import ROWS, TOOLS, Market, Offer, key_of, make_market, model
from tests.vectors.generate import DOMAIN, signing_key, word

# Every row is in the sample: one row is 25,000 parts per million, which is the tolerance.
TOP = {"sample_size": ROWS, "selection": Selection.TOP, "minimum_gain": 0}
TEAM = {"sample_size": ROWS, "minimum_gain": 25_000}


def market_of(*wrong: Sequence[int], team: bool = False) -> Market:
    offers = [Offer(model(rows)) for rows in wrong]
    manifest = TEAM if team else TOP
    return make_market(offers, manifest=manifest, tolerance=25_000, max_awards=1 + team)


def posted(market: Market, *, file: bool = True, **scores: int) -> Posted:
    """What the first enclave signs in round 0, had it measured these scores: ``_0=900_000``."""
    enclave, task_id = market.enclaves[0], market.transcript.task_id
    enclave.measure(market.bundle(enclave), TOOLS)
    own = enclave.propose(task_id, 0)
    results = [
        Result(each.index, scores.get(f"_{each.index}", each.score), each.reason)
        for each in own.results
    ]
    signed = enclave.cosign(task_id, 0, Proposal(tuple(results), own.chosen), word("platform"))
    return Posted(signed.report, (signed.cosignature,), signed.results if file else None)


def judge(market: Market, judged: Posted, position: int = 1) -> tuple[Enclave, Proposal]:
    enclave = market.enclaves[position]
    enclave.measure(replace(market.bundle(enclave), posted=judged), TOOLS)
    return enclave, enclave.propose(market.transcript.task_id, 1)


def verdict(market: Market, judged: Posted) -> Report:
    """What a panel of three signs, and that it signs the same."""
    _, proposal = judge(market, judged)
    panel = [judge(market, judged, position)[0] for position in (1, 2, 3)]
    task_id = market.transcript.task_id
    signed: list[Signed] = [each.cosign(task_id, 1, proposal, word("seat")) for each in panel]
    assert len({each.report.digest(DOMAIN) for each in signed}) == 1
    return signed[0].report


def forged(market: Market, *awards: Award) -> Posted:
    """A report that a broken enclave of the roster signed, without a file of results."""
    honest = posted(market).report
    report = replace(honest, awards=awards)
    return Posted(
        report, (sign(report.digest(DOMAIN), key_of(market.enclaves[0]), word("platform")),)
    )


@pytest.mark.parametrize("file", [True, False])
@pytest.mark.parametrize("team", [True, False])
def test_verdict__honest_report__is_upheld(file: bool, team: bool) -> None:
    market = market_of(range(4), range(20, 30), team=team)
    judged = posted(market, file=file)
    report = verdict(market, judged)
    assert report.round == 1
    assert report.awards == judged.report.awards
    assert report.inventory == judged.report.inventory


@pytest.mark.parametrize("file", [True, False])
@pytest.mark.parametrize("score", [875_000, 925_000])
def test_verdict__score_at_the_tolerance__is_upheld_as_posted(file: bool, score: int) -> None:
    market = market_of(range(4))
    judged = posted(market, file=file, _0=score)
    assert verdict(market, judged).awards == (Award(0, score),)


@pytest.mark.parametrize("file", [True, False])
def test_verdict__order_of_two_that_the_tolerance_leaves_open__is_upheld(file: bool) -> None:
    market = market_of(range(4), range(5))  # 900,000 and 875,000
    judged = posted(market, file=file, _0=890_000, _1=895_000)
    assert judged.report.awards == (Award(1, 895_000),)
    assert verdict(market, judged).awards == judged.report.awards


@pytest.mark.parametrize("score", [874_999, 925_001])
def test_verdict__score_beyond_the_tolerance__is_overturned(score: int) -> None:
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


def test_verdict__file_that_is_not_the_posted_one__is_not_believed() -> None:
    market = market_of(range(4), range(5))
    judged = posted(market, _0=890_000, _1=895_000)
    other = posted(market_of(range(4), range(5)))
    mixed = replace(judged, results=other.results)
    assert verdict(market, mixed).awards == judged.report.awards


def test_cosign__other_awards_where_the_posted_stand__are_refused() -> None:
    market = market_of(range(4))
    judged = posted(market, _0=890_000)
    enclave, proposal = judge(market, judged)
    own = replace(proposal, results=(Result(0, 900_000),))
    with pytest.raises(Refused) as refused:
        enclave.cosign(market.transcript.task_id, 1, own, word("seat"))
    assert refused.value.why is Why.POSTED_STANDS


# ── What is judged ──

MARKET = market_of(range(4))
POSTED = posted(MARKET)


def refusal(judged: Posted, position: int = 1, market: Market | None = None) -> Refused:
    market = market or market_of(range(4))
    enclave = market.enclaves[position]
    with pytest.raises(Refused) as refused:
        enclave.measure(replace(market.bundle(enclave), posted=judged), TOOLS)
    return refused.value


def altered(**changes: object) -> Posted:
    return replace(POSTED, report=replace(POSTED.report, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (altered(task_id=word("task")), Why.ANOTHER_TASK),
        (altered(seed=word("seed")), Why.ANOTHER_SEED),
        (altered(inventory=word("inventory")), Why.ANOTHER_INVENTORY),
        (altered(round=1), Why.ANOTHER_ROUND),
        (altered(awards=()), Why.POSTED),
        (altered(results=word("results")), Why.POSTED),
        (replace(POSTED, cosignatures=()), Why.POSTED),
        (replace(POSTED, cosignatures=(Cosignature(bytes(32), bytes(32), bytes(32)),)), Why.POSTED),
        (replace(POSTED, cosignatures=(sign(word("x"), signing_key("y"), word("z")),)), Why.POSTED),
    ],
)
def test_measure__not_the_posted_report__is_refused(judged: Posted, why: Why) -> None:
    assert refusal(judged).why is why


def test_measure__report_of_strangers__is_refused() -> None:
    digest = POSTED.report.digest(DOMAIN)
    judged = replace(POSTED, cosignatures=(sign(digest, signing_key("stranger"), word("x")),))
    assert refusal(judged).detail == "report signed by 0 of the roster, expected 1"


def test_measure__same_signature_twice_for_a_quorum_of_two__is_refused() -> None:
    market = make_market([Offer()], manifest=TOP, quorum=2)
    judged = posted(market)
    twice = replace(judged, cosignatures=judged.cosignatures * 2)
    assert refusal(twice, market=market).detail == "report signed by 1 of the roster, expected 2"


def test_measure__report_that_this_enclave_signed_itself__is_refused() -> None:
    assert refusal(POSTED, position=0).detail.endswith("itself, which cannot judge it")


def test_measure__another_posted_report_after_the_first__is_refused() -> None:
    enclave = market_of(range(4)).enclaves[1]
    enclave.measure(replace(MARKET.bundle(enclave), posted=POSTED), TOOLS)
    other = posted(market_of(range(4)), _0=890_000)
    with pytest.raises(Refused) as refused:
        enclave.measure(replace(MARKET.bundle(enclave), posted=other), TOOLS)
    assert refused.value.why is Why.MEASURED_OTHERWISE
