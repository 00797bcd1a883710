"""A verdict is put together from one signature of each seat, all on the posted report."""

from dataclasses import replace

import pytest

from offchain.chain.history import History, Signer, StandingReport
from offchain.chain.refusals import Refused
from offchain.developer.verdicts import Verdict
from offchain.protocol.messages import Signed
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report, recover, sign
from tests.offchain.market import Offer, key_of, make_market
from tests.vectors.generate import DOMAIN, address, word

MARKET = make_market([Offer()])
TRANSCRIPT = MARKET.transcript
AWARDS = (Award(0, 800_000),)
POSTED = StandingReport(
    word("inventory"), word("results"), (), AWARDS, (Signer(address("s"), address("o"), b""),), ()
)
HISTORY = History(TRANSCRIPT.task, seed=TRANSCRIPT.seed, posted=POSTED, challenger=address("c"))
VERDICT = Report(
    TRANSCRIPT.task_id, 1, TRANSCRIPT.seed, POSTED.inventory, word("own results"), (), AWARDS
)
SEATS = MARKET.enclaves[1:]
"""Three seats, as a quorum of one asks for."""


def signed(report: Report = VERDICT, seats=SEATS) -> list[Signed]:
    digest = report.digest(DOMAIN)
    return [Signed(report, sign(digest, key_of(each), word("platform")), None) for each in seats]


@pytest.mark.parametrize(("awards", "upholds"), [(AWARDS, True), ((Award(0, 800_001),), False)])
def test_of__all_seats_in_any_order__is_a_verdict(awards, upholds):
    verdict = Verdict.of(signed(replace(VERDICT, awards=awards))[::-1], HISTORY, DOMAIN)
    digest = verdict.report.digest(DOMAIN)
    signers = [recover(digest, each) for each in verdict.cosignatures]
    assert signers == [each.identity.signing_key for each in SEATS]
    assert verdict.upholds == upholds


@pytest.mark.parametrize("count", [2, 4])
def test_of__another_number_of_signatures__is_refused(count):
    with pytest.raises(Refused, match=f"{count} signatures, expected 3, one of each seat"):
        Verdict.of(signed(seats=MARKET.enclaves[:count]), HISTORY, DOMAIN)


def test_of__a_seat_twice__is_refused():
    with pytest.raises(ValueError, match="signed twice"):
        Verdict.of(signed(seats=[SEATS[0], *SEATS[:2]]), HISTORY, DOMAIN)


def test_of__seats_that_disagree__are_refused():
    other = signed(replace(VERDICT, results=word("others")))
    with pytest.raises(Refused, match="the seats signed different reports"):
        Verdict.of([*signed()[:2], other[2]], HISTORY, DOMAIN)


@pytest.mark.parametrize(
    "change", [{"round": 0}, {"seed": word("x")}, {"inventory": word("x")}, {"task_id": word("x")}]
)
def test_of__report_of_something_else__is_refused(change):
    with pytest.raises(Refused, match="not a verdict on the posted report"):
        Verdict.of(signed(replace(VERDICT, **change)), HISTORY, DOMAIN)


def test_of__nothing_posted__is_refused():
    with pytest.raises(ValueError, match="no report is posted"):
        Verdict.of(signed(), replace(HISTORY, posted=None), DOMAIN)
