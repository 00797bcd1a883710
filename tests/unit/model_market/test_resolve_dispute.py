"""resolve_dispute: the panel's verdict, for good."""

from dataclasses import replace

import pytest
from brownie import accounts

from tests import sale
from tests.anvil import STAKE, answers, at, credited, events, refuses
from tests.deployment import SEAT_BOND, Sale
from tests.reasons import (
    BAD_AWARDS,
    BAD_SIGNATURE,
    NOT_IN_ROSTER,
    OPERATOR_EXCLUDED,
    OPERATOR_INACTIVE,
    TOO_LATE,
    WRONG_INVENTORY,
    WRONG_QUORUM,
    WRONG_ROSTER,
    WRONG_ROUND,
    WRONG_SALE,
    WRONG_SEED,
    WRONG_STAGE,
    WRONG_TASK,
)
from tests.sale import ETHER, FINAL, ZERO_ADDRESS, awards

BOND = 7 * SEAT_BOND
FINE = BOND // 3
POSTED = (0, 900_000), (1, 700_000)
"""Index and score of the awards that are disputed."""

PANEL = {f"operator {rank} credit": SEAT_BOND for rank in range(3, 10)}
FINED = {f"operator {rank} stake": -FINE for rank in range(3)}


@pytest.fixture(scope="module")
def posted(chain, provider, models, challenger):
    """Signed by three, disputed; the straggler has revealed, but gets no award."""
    entered = Sale(chain, quorum=3, benchmark_fee=10).enter(*models, revealed=[0, 1, 2])
    made = entered.post(*POSTED)
    task = entered.task
    chain.dispute(task, challenger)
    return made


@pytest.fixture(scope="module")
def upholding(posted):
    """A panel's report of the same awards, with results and choices of its own."""
    return posted.report._replace(round=1, results=sale.word("the panel's results"), choices=0)


@pytest.fixture(scope="module")
def verdict(chain, posted, task, challenger, stranger):
    """The arguments of a verdict, signed by the panel or by others."""

    def arguments(report, by=None, stands=posted):
        panel = chain.panel(task) if by is None else by
        named = stands.resolve(chain.roster, challenger.address, report, panel)
        return *named, {"from": stranger}

    return arguments


# ── Upheld ──


def test_resolve_dispute__same_awards__upholds_the_report(
    chain, market, posted, task, upholding, verdict, balances
):
    progress, before = chain.progress(task), balances()
    transaction = market.resolve_dispute(*verdict(upholding))
    now = transaction.timestamp
    assert chain.progress(task) == progress._replace(
        stage=FINAL, time_a=now, time_b=now + task.claim_window
    )
    assert chain.head(task) == posted.head()
    assert before.moved() == PANEL
    resolved = {
        "task_id": posted.report.task_id,
        "upheld": True,
        "results": upholding.results,
        "choices": upholding.choices,
        "payouts": tuple(posted.payouts),
        "panel": tuple(sale.signers(chain.panel(task))),
    }
    paid = [credited(ZERO_ADDRESS, enclave.operator, SEAT_BOND) for enclave in chain.panel(task)]
    assert events(transaction) == [("DisputeResolved", resolved), *paid]


def test_resolve_dispute__upheld__answers_so(market, upholding, verdict):
    assert answers(market.resolve_dispute, *verdict(upholding)) is True


def test_resolve_dispute__upheld__the_sale_goes_on(
    chain, market, developer, rival, stranger, posted, models, upholding, verdict, balances
):
    market.resolve_dispute(*verdict(upholding))
    before = balances()
    market.claim_award(*posted.claim(0, models[0]), {"from": developer})
    market.claim_award(*posted.claim(1, models[1]), {"from": rival})
    market.settle(*posted.settle(), {"from": stranger})
    moved = before.moved()
    assert moved["developer ether"] == 5 * ETHER
    assert moved["rival ether"] == 3 * ETHER
    pot = 3 * posted.task.entry_fee
    for rank in range(3):
        assert moved[f"operator {rank} credit"] == 3 + pot // 3
    assert moved["provider credit"] == 2 * ETHER + 1


# ── Overturned ──

OTHERS = {
    "another score": [(0, 900_001), (1, 700_000)],
    "another index": [(2, 900_000), (1, 700_000)],
    "another order": [(1, 900_000), (0, 700_000)],
    "one less": [(0, 900_000)],
    "one more": [(0, 900_000), (1, 700_000), (2, 600_000)],
    "none": [],
}


@pytest.mark.parametrize("pairs", OTHERS.values(), ids=OTHERS)
def test_resolve_dispute__other_awards__replace_the_report(
    chain, market, challenger, posted, task, verdict, balances, pairs
):
    report = sale.report(posted.report.task_id, posted.report.seed, *pairs, panel=True)
    stands = sale.posted(chain.domain, task, report, [])
    progress, before = chain.progress(task), balances()
    transaction = market.resolve_dispute(*verdict(report))
    now = transaction.timestamp
    assert chain.progress(task) == progress._replace(
        stage=FINAL, time_a=now, time_b=now + task.claim_window, awards=len(pairs)
    )
    assert chain.head(task) == stands.head()
    assert before.moved() == PANEL | FINED | {
        "challenger fines": 3 * FINE,
    }
    resolved = {
        "task_id": posted.report.task_id,
        "upheld": False,
        "results": report.results,
        "choices": report.choices,
        "payouts": tuple(stands.payouts),
        "panel": tuple(sale.signers(chain.panel(task))),
    }
    fined = [slashed(each.operator, challenger, FINE) for each in chain.signing(task)]
    paid = [credited(ZERO_ADDRESS, enclave.operator, SEAT_BOND) for enclave in chain.panel(task)]
    assert events(transaction) == [("DisputeResolved", resolved), *paid, *fined]


def slashed(operator, beneficiary, taken):
    fields = {"operator": operator, "asked": FINE, "taken": taken, "beneficiary": beneficiary}
    return "Slashed", fields


@pytest.fixture
def overturning(posted):
    """A panel's report that awards the straggler alone."""
    return sale.report(posted.report.task_id, posted.report.seed, (2, 1_000_000), panel=True)


def test_resolve_dispute__overturned__answers_so(market, overturning, verdict):
    assert answers(market.resolve_dispute, *verdict(overturning)) is False


def test_resolve_dispute__overturned__the_provider_gets_what_signers_would(
    chain, market, straggler, stranger, models, task, overturning, verdict, balances
):
    market.resolve_dispute(*verdict(overturning))
    stands = sale.posted(chain.domain, task, overturning, [])
    before = balances()
    market.claim_award(*stands.claim(0, models[2]), {"from": straggler})
    transaction = market.settle(*stands.settle(), {"from": stranger})
    pot = 3 * task.entry_fee
    assert before.moved() == {
        "straggler ether": 6 * ETHER,
        "market ether": -6 * ETHER,
        "provider credit": 4 * ETHER + task.benchmark_fee + pot,
    }
    refund = 4 * ETHER + task.benchmark_fee
    settled = {"task_id": overturning.task_id, "refund": refund, "fee": 0, "pot": pot}
    paid = [credited(ZERO_ADDRESS, task.provider, amount) for amount in (refund, pot)]
    assert events(transaction) == [("TaskSettled", settled), *paid]


def test_resolve_dispute__overturned__the_posted_awards_are_void(
    chain, market, developer, posted, models, overturning, verdict
):
    market.resolve_dispute(*verdict(overturning))
    refuses(WRONG_SALE, market.claim_award, *posted.claim(0, models[0]), {"from": developer})
    at(chain.progress(posted.task).time_b)
    refuses(WRONG_SALE, market.settle, *posted.settle(), {"from": developer})


def test_resolve_dispute__a_stake_is_short__takes_what_is_left(
    chain, market, guardian, overturning, verdict, balances
):
    """Other tasks' fines have eaten the stake since the report was posted."""
    poor = chain.enclaves[0].operator
    slasher = accounts.at(market.address, force=True)
    chain.registry.slash(poor, STAKE - 5, guardian, {"from": slasher})
    before = balances()
    market.resolve_dispute(*verdict(overturning))
    assert before.moved() == PANEL | FINED | {
        "operator 0 stake": -5,
        "challenger fines": 2 * FINE + 5,
    }


def test_resolve_dispute__a_signer_unstakes__is_fined_all_the_same(
    chain, market, overturning, verdict, balances
):
    chain.registry.request_unstake({"from": chain.enclaves[0].operator})
    before = balances()
    market.resolve_dispute(*verdict(overturning))
    assert before.moved()["operator 0 stake"] == -FINE


def test_resolve_dispute__of_one_signer__fines_it_the_bond(
    chain, market, provider, challenger, stranger, model, balances
):
    entered = Sale(chain, nonce=1).enter(model, revealed=[0])
    posted = entered.post((0, 900_000))
    task = entered.task
    seed = entered.seed
    chain.dispute(task, challenger)
    report = chain.report(task, seed, panel=True)
    before = balances()
    panel = chain.panel(task)
    arguments = posted.resolve(chain.roster, challenger.address, report, panel)
    market.resolve_dispute(*arguments, {"from": stranger})
    assert before.moved() == {
        "operator 0 stake": -3 * SEAT_BOND,
        "challenger fines": 3 * SEAT_BOND,
        "operator 1 credit": SEAT_BOND,
        "operator 2 credit": SEAT_BOND,
        "operator 3 credit": SEAT_BOND,
    }


# ── When ──


def test_resolve_dispute__second_before_the_deadline__is_taken(
    chain, market, task, deadline, upholding, verdict
):
    at(deadline - 1)
    market.resolve_dispute(*verdict(upholding))
    assert chain.progress(task).stage == FINAL


@pytest.mark.parametrize("late", [0, 1])
def test_resolve_dispute__from_the_deadline_on__is_refused(
    market, deadline, upholding, verdict, late
):
    at(deadline + late)
    refuses(TOO_LATE, market.resolve_dispute, *verdict(upholding))


def test_resolve_dispute__twice__is_refused(market, upholding, verdict):
    market.resolve_dispute(*verdict(upholding))
    refuses(WRONG_STAGE, market.resolve_dispute, *verdict(upholding))


def test_resolve_dispute__not_disputed__is_refused(chain, market, provider, model, verdict):
    entered = Sale(chain, nonce=1).enter(model, revealed=[0])
    posted = entered.post()
    report = posted.report._replace(round=1)
    refuses(WRONG_STAGE, market.resolve_dispute, *verdict(report, stands=posted))


# ── What it has to name ──


def test_resolve_dispute__of_another_report__is_refused(market, posted, upholding, verdict):
    report = posted.report._replace(results=sale.word("other"))
    refuses(
        WRONG_SALE,
        market.resolve_dispute,
        *verdict(upholding, stands=replace(posted, report=report)),
    )


def test_resolve_dispute__of_other_awards__is_refused(market, posted, verdict):
    """Whoever gives out other awards as posted would have them upheld."""
    report = posted.report._replace(awards=awards((2, 900_000)))
    upholding = report._replace(round=1)
    named = verdict(upholding, stands=replace(posted, report=report))
    refuses(WRONG_SALE, market.resolve_dispute, *named)


def test_resolve_dispute__of_awards_that_nobody_could_post__is_refused(
    market, posted, upholding, verdict
):
    report = posted.report._replace(awards=awards((0, 1)))
    named = verdict(upholding, stands=replace(posted, report=report))
    refuses(BAD_AWARDS, market.resolve_dispute, *named)


def test_resolve_dispute__of_other_signers__is_refused(
    market, stranger, posted, upholding, verdict
):
    first, *others = posted.signers
    innocent = first._replace(operator=stranger.address)
    for signers in ([innocent, *others], others, []):
        named = verdict(upholding, stands=replace(posted, signers=signers))
        refuses(WRONG_SALE, market.resolve_dispute, *named)


def test_resolve_dispute__for_another_challenger__is_refused(market, stranger, upholding, verdict):
    named = list(verdict(upholding))
    named[4] = stranger
    refuses(WRONG_SALE, market.resolve_dispute, *named)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"task_id": sale.word("other")}, WRONG_TASK),
        ({"round": 0}, WRONG_ROUND),
        ({"round": 2}, WRONG_ROUND),
        ({"seed": sale.word("other")}, WRONG_SEED),
        ({"inventory": sale.word("other")}, WRONG_INVENTORY),
        ({"awards": awards((1, 700_000), (0, 900_000))}, BAD_AWARDS),
        ({"awards": awards((3, 900_000))}, BAD_AWARDS),
        ({"awards": awards((0, 1_000_000), (1, 1_000_000))}, BAD_AWARDS),
    ],
    ids=[
        "task",
        "round of a report",
        "no round",
        "seed",
        "inventory",
        "awards out of order",
        "award of nobody",
        "awards above the budget",
    ],
)
def test_resolve_dispute__verdict_on_something_else__is_refused(
    market, upholding, verdict, changed, reason
):
    refuses(reason, market.resolve_dispute, *verdict(upholding._replace(**changed)))


@pytest.mark.parametrize("seats", [0, 3, 6])
def test_resolve_dispute__seats_missing__is_refused(chain, market, task, upholding, verdict, seats):
    by = chain.panel(task)[:seats]
    refuses(WRONG_QUORUM, market.resolve_dispute, *verdict(upholding, by=by))


def test_resolve_dispute__another_roster__is_refused(chain, market, upholding, verdict):
    named = list(verdict(upholding))
    named[1] = chain.roster[1:]
    refuses(WRONG_ROSTER, market.resolve_dispute, *named)


# ── What the registry says ──


def test_resolve_dispute__a_signer_on_the_panel__is_refused(chain, market, upholding, verdict):
    refuses(OPERATOR_EXCLUDED, market.resolve_dispute, *verdict(upholding, chain.enclaves[2:9]))


def test_resolve_dispute__signatures_of_the_posted_report__are_refused(
    chain, market, task, posted, upholding, verdict
):
    """A round has signatures of its own: the posted report's cannot be replayed."""
    named = list(verdict(upholding))
    named[6] = sale.cosign(posted.digest(), chain.panel(task))
    refuses(NOT_IN_ROSTER, market.resolve_dispute, *named)


def test_resolve_dispute__one_signature_broken__is_refused(market, upholding, verdict):
    named = list(verdict(upholding))
    named[6] = [*named[6][:-1], named[6][-1]._replace(r=bytes(32))]
    refuses(BAD_SIGNATURE, market.resolve_dispute, *named)


def test_resolve_dispute__a_seat_unstaking__is_refused(chain, market, upholding, verdict):
    chain.registry.request_unstake({"from": chain.enclaves[9].operator})
    refuses(OPERATOR_INACTIVE, market.resolve_dispute, *verdict(upholding))
