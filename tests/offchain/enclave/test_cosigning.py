"""The rule of co-signing at its bounds, and one signature per task and round."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from offchain.chain import result_proofs
from offchain.chain.packing import by_signer
from offchain.enclave.enclave import MAX_REFUSALS, Enclave
from offchain.protocol.errors import InvalidRequest, ModelFault, RequestFault, SubmissionFault
from offchain.protocol.keys import hkdf
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Proposal, Signed
from offchain.protocol.pricing import Award
from offchain.protocol.reports import recover
from offchain.protocol.results import Result
from tests.offchain.market import ROWS, TOOLS, Market, Offer, make_market, model, table
from tests.vectors.generate import word

# Every row is in the sample: one row is worth 25,000 parts per million, the tolerance.
TOLERANCE = 25_000
WHOLE = {"sample_size": ROWS, "minimum_gain": 25_000}

BEST, COPY, OTHER = [0, 1, 2, 3], [0, 1, 2, 3, 4], range(20, 32)


def market_of(*wrong: Sequence[int]) -> Market:
    """Make a sale of models that are wrong in these rows."""
    offers = [Offer(model(rows)) for rows in wrong]
    return make_market(offers, manifest=WHOLE, tolerance=TOLERANCE)


def measured(market: Market, position: int = 0) -> tuple[Enclave, Proposal]:
    enclave = market.enclaves[position]
    enclave.measure(market.bundle(enclave), TOOLS)
    return enclave, enclave.propose(market.transcript.task_id, 0)


def cosign(market: Market, enclave: Enclave, proposal: Proposal) -> Signed:
    return enclave.cosign(market.transcript.task_id, 0, proposal, word("platform"))


def refusal(market: Market, proposal: Proposal) -> InvalidRequest:
    enclave, _ = measured(market, 1)
    with pytest.raises(InvalidRequest) as refused:
        cosign(market, enclave, proposal)
    return refused.value


def with_scores(proposal: Proposal, **scores: int) -> Proposal:
    """Return the proposal with other scores, such as ``_0=900_000``."""
    results = [
        Result(each.index, scores.get(f"_{each.index}", each.score), each.reason)
        for each in proposal.results
    ]
    return replace(proposal, results=tuple(results))


def test_cosign__quorum_on_one_proposal__signs_one_digest() -> None:
    market = market_of(BEST, OTHER)
    proposer, proposal = measured(market)
    signed = [cosign(market, proposer, proposal)]
    signed += [cosign(market, measured(market, i)[0], proposal) for i in (1, 2)]
    assert len({each.report.digest(market.transcript.domain) for each in signed}) == 1
    assert len({each.results for each in signed}) == 1
    digest = signed[0].report.digest(market.transcript.domain)
    ordered = by_signer(digest, [each.cosignature for each in signed])
    keys = [each.identity.signing_key for each in market.enclaves[:3]]
    assert [recover(digest, each) for each in ordered] == keys


def test_cosign__results__have_the_reports_root_and_a_proof_each() -> None:
    market = market_of(BEST, OTHER)
    signed = cosign(market, *measured(market))
    assert signed.results.root() == signed.report.results
    for index, leaf in market.transcript.leaves.items():
        extract = result_proofs.extract(signed.results, index)
        assert extract.entry.leaf == leaf
        assert extract.entry.salt == hkdf(market.key, "result", leaf)  # no host can guess scores
        assert extract.proves(signed.report.results)


# Holds S-96.
@pytest.mark.parametrize("drift", [-TOLERANCE, TOLERANCE])
def test_cosign__score_at_the_tolerance__is_signed_as_proposed(drift: int) -> None:
    market = market_of(BEST)
    _, proposal = measured(market)
    signed = cosign(market, measured(market, 1)[0], with_scores(proposal, _0=900_000 + drift))
    assert signed.report.awards == (Award(0, 900_000 + drift),)


@pytest.mark.parametrize("drift", [-TOLERANCE - 1, TOLERANCE + 1])
@pytest.mark.parametrize("index", [0, 1])
def test_cosign__score_beyond_the_tolerance__is_refused(drift: int, index: int) -> None:
    market = market_of(BEST, OTHER)
    _, proposal = measured(market)
    score = proposal.results[index].score + drift
    refused = refusal(market, with_scores(proposal, **{f"_{index}": score}))
    assert refused.reason is RequestFault.SCORES
    expected = f"submission {index} with score {score}, expected another result"
    assert refused.detail == expected


@pytest.mark.parametrize(
    "result",
    [
        Result(1, reason=SubmissionFault.KEYRING),
        Result(1, reason=SubmissionFault.NOT_IN_INVENTORY),
        Result(1, 0),
    ],
)
def test_cosign__loser_with_another_result__is_refused(result: Result) -> None:
    market = market_of(BEST, OTHER)
    _, proposal = measured(market)
    refused = refusal(market, replace(proposal, results=(proposal.results[0], result)))
    assert refused.reason is RequestFault.SCORES


def test_cosign__score_for_one_without__is_refused() -> None:
    market = make_market([Offer(), Offer(model(refuse="work"))])
    _, proposal = measured(market)
    refused = refusal(market, replace(proposal, results=(proposal.results[0], Result(1, 5))))
    assert refused.detail == "submission 1 with score 5, expected another result"


@pytest.mark.parametrize("reason", [ModelFault.MEMORY, SubmissionFault.UNSTABLE])
def test_cosign__another_reason__is_refused(reason: ModelFault | SubmissionFault) -> None:
    market = make_market([Offer(), Offer(model(refuse="work"))])
    _, proposal = measured(market)
    other = Result(1, reason=reason)
    refused = refusal(market, replace(proposal, results=(proposal.results[0], other)))
    assert refused.detail == f"submission 1 with reason {reason}, expected another result"


def test_cosign__results_of_a_stranger__are_refused() -> None:
    market = market_of(BEST)
    _, proposal = measured(market)
    stranger = replace(proposal, results=(*proposal.results, Result(7, 1)))
    assert refusal(market, stranger).detail == "results of submissions [0, 7], expected [0]"


@pytest.mark.parametrize("positions", [[0], [0, 0], [1, 0], [0, 1, 1], []])
def test_cosign__results_incomplete_or_out_of_order__are_refused(positions: list[int]) -> None:
    market = market_of(BEST, OTHER)
    _, proposal = measured(market)
    results = tuple(proposal.results[position] for position in positions)
    assert refusal(market, replace(proposal, results=results)).reason is RequestFault.RESULTS


# ── Choices ──


def test_propose__copy_of_the_best__is_not_bought_twice() -> None:
    market = market_of(BEST, COPY, OTHER)
    signed = cosign(market, *measured(market))
    assert signed.results.chosen[0] == 0
    assert 1 not in signed.results.chosen


def test_propose__team__is_in_the_order_of_the_choice_and_of_the_rank() -> None:
    """The best comes first. Then the two others gain the same, and one ranks before the other."""

    def unsure(wrong: Sequence[int]) -> bytes:
        """Return a model that is overruled by a sure one where it is wrong."""
        rows = [table(wrong, 0.55 if row in wrong else 0.9)[row] for row in range(ROWS)]
        return model(plain=rows)

    offers = [Offer(unsure(range(12))), Offer(unsure(range(8))), Offer(unsure(range(20, 24)))]
    market = make_market(offers, manifest=WHOLE, tolerance=TOLERANCE)
    signed = cosign(market, *measured(market))
    assert signed.report.choices == signed.results.chosen == (2, 1)
    assert signed.report.awards == (Award(2, 900_000), Award(1, 800_000))


def test_propose__top__takes_both() -> None:
    manifest = WHOLE | {"selection": Selection.TOP, "minimum_gain": 0}
    market = make_market([Offer(model(BEST)), Offer(model(COPY))], manifest=manifest)
    signed = cosign(market, *measured(market))
    assert signed.report.awards == (Award(0, 900_000), Award(1, 875_000))


def test_cosign__choices_in_top__are_refused() -> None:
    manifest = WHOLE | {"selection": Selection.TOP, "minimum_gain": 0}
    market = make_market([Offer(model(BEST))], manifest=manifest)
    _, proposal = measured(market)
    assert refusal(market, replace(proposal, chosen=(0,))).reason is RequestFault.SELECTION


@pytest.mark.parametrize(("worse_by", "why"), [(2, None), (3, RequestFault.SELECTION)])
def test_cosign__first_choice_worse_by_rows__passes_up_to_twice_the_tolerance(
    worse_by: int, why: RequestFault | None
) -> None:
    # The worse model is wrong in every row where the better one is: together they gain nothing.
    market = market_of(range(4), range(4 + worse_by))
    _, proposal = measured(market)
    assert proposal.chosen == (0,)
    other = replace(proposal, chosen=(1,))
    if why is not None:
        assert refusal(market, other).reason is why
        return
    signed = cosign(market, measured(market, 1)[0], other)
    assert signed.report.awards == (Award(1, 900_000 - 25_000 * worse_by),)
    assert signed.results.chosen == signed.report.choices == (1,)


def test_cosign__choice_that_does_not_sell_at_the_proposed_score__is_refused() -> None:
    market = make_market(
        [Offer(model(BEST), min_price=900_000)], manifest=WHOLE, tolerance=TOLERANCE
    )
    _, proposal = measured(market)
    assert proposal.chosen == (0,)
    refused = refusal(market, with_scores(proposal, _0=899_999))
    assert refused.detail == "choice of submission 0, expected one that sells"


# ── One signature ──


@pytest.mark.parametrize("upheld", [False, True])
def test_cosign__same_proposal_again__is_the_same_signature(upheld: bool) -> None:
    market = market_of(BEST, OTHER)
    enclave, own = measured(market)
    proposal = replace(own, upheld=upheld)
    assert cosign(market, enclave, proposal) == cosign(market, enclave, proposal)


def test_cosign__other_proposal_within_the_tolerance__is_refused_after_the_first() -> None:
    market = market_of(BEST, OTHER)
    enclave, proposal = measured(market)
    cosign(market, enclave, proposal)
    with pytest.raises(InvalidRequest) as refused:
        cosign(market, enclave, with_scores(proposal, _0=900_001))
    assert refused.value.reason is RequestFault.SIGNED_OTHERWISE


# Holds S-89, S-96.
def test_cosign__signed_while_a_smaller_inventory_is_measured__signs_no_second_report() -> None:
    market = market_of(BEST, OTHER)
    enclave, own = measured(market)
    signed: list[Signed] = []
    with pytest.raises(InvalidRequest) as refused:
        enclave.measure(
            market.bundle(enclave, [0]),
            TOOLS,
            progress=lambda _: signed.append(cosign(market, enclave, own)),
        )
    assert refused.value.reason is RequestFault.MEASURED_OTHERWISE
    assert enclave.propose(market.transcript.task_id, 0) == own
    assert cosign(market, enclave, own) == signed[0]


def test_cosign__refused_proposal__leaves_the_signature_for_another() -> None:
    market = market_of(BEST)
    enclave, proposal = measured(market)
    with pytest.raises(InvalidRequest):
        cosign(market, enclave, with_scores(proposal, _0=1))
    assert cosign(market, enclave, proposal).report.awards == (Award(0, 900_000),)


def test_cosign__nobody_in_the_inventory__signs_no_awards() -> None:
    market = market_of(BEST)
    enclave = market.enclaves[0]
    enclave.measure(market.bundle(enclave, []), TOOLS)
    signed = cosign(market, enclave, enclave.propose(market.transcript.task_id, 0))
    assert signed.report.awards == ()


def expecting(market: Market, enclave: Enclave, proposal: Proposal, digest: bytes) -> Signed:
    return enclave.cosign(market.transcript.task_id, 0, proposal, word("platform"), digest)


def test_cosign__proposal_that_leads_to_another_report_than_expected__signs_nothing() -> None:
    """A peer's host publishes another proposal than its enclave signed: it binds nobody."""
    market = market_of(BEST, OTHER)
    first, proposal = measured(market)
    digest = cosign(market, first, proposal).report.digest(market.transcript.domain)
    enclave, _ = measured(market, 1)
    with pytest.raises(InvalidRequest) as refused:
        expecting(market, enclave, with_scores(proposal, _0=900_001), digest)
    assert refused.value.reason is RequestFault.ANOTHER_REPORT
    signed = expecting(market, enclave, proposal, digest)
    assert signed.report.digest(market.transcript.domain) == digest


# ── What a host learns by asking ──


def test_cosign__many_expectations_missed__looks_at_no_other_but_its_own() -> None:
    market = market_of(BEST)
    enclave, own = measured(market)
    near = [with_scores(own, _0=900_000 + each) for each in range(1, MAX_REFUSALS + 2)]
    for proposal in near[:-1]:
        with pytest.raises(InvalidRequest) as fault:
            expecting(market, enclave, proposal, word("a digest"))
        assert fault.value.reason is RequestFault.ANOTHER_REPORT
    with pytest.raises(InvalidRequest) as fault:
        expecting(market, enclave, near[-1], word("a digest"))
    assert fault.value.reason is RequestFault.TOO_MANY_PROPOSALS


# Holds I-35, S-98.
def test_cosign__many_proposals_refused__looks_at_no_other_but_its_own() -> None:
    market = market_of(BEST)
    enclave, own = measured(market)
    refused = [with_scores(own, _0=score) for score in range(16)]
    for proposal in (*refused, refused[0]):
        with pytest.raises(InvalidRequest) as fault:
            cosign(market, enclave, proposal)
        assert fault.value.reason is RequestFault.SCORES
    within = with_scores(own, _0=900_001)
    with pytest.raises(InvalidRequest) as fault:
        cosign(market, enclave, within)
    assert fault.value.reason is RequestFault.TOO_MANY_PROPOSALS
    assert cosign(market, enclave, own).report.awards == (Award(0, 900_000),)


def test_cosign__many_choices_refused_for_the_same_results__looks_at_no_other() -> None:
    market = market_of(BEST, OTHER)
    enclave, own = measured(market)
    reasons = []
    for index in range(MAX_REFUSALS + 1):
        with pytest.raises(InvalidRequest) as fault:
            cosign(market, enclave, replace(own, chosen=(2 + index,)))
        reasons.append(fault.value.reason)
    assert reasons == [RequestFault.SELECTION] * MAX_REFUSALS + [RequestFault.TOO_MANY_PROPOSALS]


# Holds I-35.
def test_cosign__refusals__name_no_own_score_and_no_gain() -> None:
    market = market_of(BEST, OTHER)
    enclave, own = measured(market)
    for proposal in (with_scores(own, _0=1), replace(own, chosen=(1, 0)), replace(own, chosen=())):
        with pytest.raises(InvalidRequest) as fault:
            cosign(market, enclave, proposal)
        for number in ("900000", "900_000", "700000", "100000"):
            assert number not in fault.value.detail
