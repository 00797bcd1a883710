"""expire_dispute: no verdict in time."""

from dataclasses import replace

import brownie
import pytest

from tests import sale
from tests.anvil import answers, at, credited, events, refuses
from tests.deployment import SEAT_BOND, Sale
from tests.reasons import LITTLE_GAS, TOO_EARLY, WRONG_SALE, WRONG_STAGE
from tests.sale import ETHER, FINAL, VOIDED, ZERO_ADDRESS

BOND = 7 * SEAT_BOND
BUDGET, FEE = 10_000_000, 1_000_001
POT = (3 * 10_000_000 + 50_000_000) * 10**9
"""Three entry fees, and the straggler's bond."""


@pytest.fixture(scope="module")
def posted(chain, provider, models, challenger, token):
    """In a token, signed by three, disputed."""
    terms = {"token": token.address, "quorum": 3, "budget": BUDGET, "benchmark_fee": FEE}
    curve = sale.curve((500_000, 1_000_000), (1_000_000, 6_000_000))
    entered = Sale(chain, curve=curve, **terms).enter(*models, revealed=[0, 1])
    made = entered.post((0, 900_000))
    entered.dispute(challenger)
    return made


@pytest.fixture(scope="module")
def expiry(posted, challenger, stranger):
    """The arguments with which a stranger ends the dispute."""
    return *posted.expire(challenger.address), {"from": stranger}


# ── The report stands ──


def test_expire_dispute__nothing_revoked__burns_half_the_bond(
    chain, market, challenger, posted, task, deadline, expiry, token, balances
):
    progress, before = chain.progress(task), balances(token)
    at(deadline)
    transaction = market.expire_dispute(*expiry)
    assert chain.progress(task) == progress._replace(
        stage=FINAL, time_a=deadline, time_b=deadline + task.claim_window
    )
    assert chain.head(task) == posted.head()
    assert before.moved() == {
        "challenger credit": BOND // 2,
        "burned ether": BOND // 2 + 1,
        "market ether": -(BOND // 2) - 1,
    }
    assert events(transaction) == [
        ("DisputeExpired", {"task_id": posted.report.task_id, "voided": False}),
        credited(ZERO_ADDRESS, challenger, BOND // 2),
    ]


def test_expire_dispute__nothing_revoked__answers_so(market, deadline, expiry):
    at(deadline)
    assert answers(market.expire_dispute, *expiry) is False


def test_expire_dispute__nothing_revoked__the_sale_goes_on(
    market, developer, stranger, model, posted, deadline, expiry, token, balances
):
    at(deadline)
    market.expire_dispute(*expiry)
    before = balances(token)
    market.claim_award(*posted.claim(0, model), {"from": developer})
    market.settle(*posted.settle(), {"from": stranger})
    moved = before.moved()
    assert moved["developer token"] == 5_000_000
    for rank in range(3):
        assert moved[f"operator {rank} token credit"] == FEE // 3
        assert moved[f"operator {rank} credit"] == POT // 3
    assert moved["provider token credit"] == 5_000_000 + FEE % 3
    assert moved["provider credit"] == POT % 3


@pytest.mark.parametrize("rank", [3, 9])
def test_expire_dispute__an_enclave_that_did_not_sign_revoked__stands(
    chain, market, guardian, task, deadline, expiry, rank
):
    bystander = chain.enclaves[rank]
    revoke = chain.registry.revoke_enclave
    revoke(bystander.signing_key, chain.measurement, {"from": guardian})
    chain.registry.revoke_platform(bystander.platform, {"from": guardian})
    at(deadline)
    market.expire_dispute(*expiry)
    assert chain.progress(task).stage == FINAL


def test_expire_dispute__a_signer_unstakes__stands(chain, market, task, deadline, expiry):
    chain.registry.request_unstake({"from": chain.enclaves[0].operator})
    at(deadline)
    market.expire_dispute(*expiry)
    assert chain.progress(task).stage == FINAL


def test_expire_dispute__something_else_revoked__stands(
    chain, market, guardian, task, deadline, expiry
):
    chain.registry.revoke_measurement(sale.word("another program"), {"from": guardian})
    at(deadline)
    market.expire_dispute(*expiry)
    assert chain.progress(task).stage == FINAL


@pytest.mark.parametrize("what", ["measurement", "verifier"])
def test_expire_dispute__the_program_revoked__stands(
    chain, market, guardian, challenger, task, deadline, expiry, token, balances, what
):
    """Nobody who signed is accused: a program ends, and its reports stay."""
    subject = chain.measurement if what == "measurement" else chain.verifier
    getattr(chain.registry, f"revoke_{what}")(subject, {"from": guardian})
    before = balances(token)
    at(deadline)
    market.expire_dispute(*expiry)
    assert chain.progress(task).stage == FINAL
    assert before.moved()["challenger credit"] == BOND // 2


# ── The task is void ──


@pytest.fixture(params=["enclave", "platform"])
def revoked(request, chain, guardian):
    """The owner has revoked the second signer's enclave, or its platform."""
    signer, registry, owner = chain.enclaves[1], chain.registry, {"from": guardian}
    if request.param == "enclave":
        registry.revoke_enclave(signer.signing_key, chain.measurement, owner)
    else:
        registry.revoke_platform(signer.platform, owner)


def test_expire_dispute__what_signed_is_revoked__voids_the_task(
    chain,
    market,
    provider,
    challenger,
    posted,
    task,
    deadline,
    expiry,
    token,
    balances,
    revoked,
):
    progress, before = chain.progress(task), balances(token)
    at(deadline)
    transaction = market.expire_dispute(*expiry)
    assert chain.progress(task) == progress._replace(stage=VOIDED)
    refund = BUDGET + FEE % 2
    assert before.moved() == {
        "challenger credit": BOND,
        "provider token credit": refund,
    }
    voided = {"task_id": posted.report.task_id, "refund": refund, "pot_refund": POT % 2}
    assert events(transaction) == [
        ("DisputeExpired", {"task_id": posted.report.task_id, "voided": True}),
        credited(ZERO_ADDRESS, challenger, BOND),
        ("TaskVoided", voided),
        credited(token, provider, refund),
    ]


@pytest.fixture
def compromised(chain, guardian):
    """The owner has revoked the platform of the first signer."""
    chain.registry.revoke_platform(chain.enclaves[0].platform, {"from": guardian})


def test_expire_dispute__void__answers_so(market, deadline, expiry, compromised):
    at(deadline)
    assert answers(market.expire_dispute, *expiry) is True


def test_expire_dispute__void__by_the_provider__pays_it_at_once(
    market, provider, deadline, expiry, token, balances, compromised
):
    before = balances(token)
    at(deadline)
    market.expire_dispute(*expiry[:-1], {"from": provider})
    refund = BUDGET + FEE % 2
    assert before.moved() == {
        "challenger credit": BOND,
        "provider token": refund,
        "market token": -refund,
    }


def test_expire_dispute__void__the_developers_have_their_shares(
    market, stranger, model, rival_model, task, deadline, expiry, token, balances, compromised
):
    at(deadline)
    market.expire_dispute(*expiry)
    before = balances(token)
    market.claim_share(*model.share(task, 0), {"from": stranger})
    market.claim_share(*rival_model.share(task, 1), {"from": stranger})
    assert before.moved() == {
        "developer token credit": FEE // 2,
        "rival token credit": FEE // 2,
        "developer credit": POT // 2,
        "rival credit": POT // 2,
    }


def test_expire_dispute__void__nothing_can_be_claimed_or_settled(
    market, developer, model, posted, deadline, expiry, compromised
):
    at(deadline)
    market.expire_dispute(*expiry)
    refuses(WRONG_STAGE, market.claim_award, *posted.claim(0, model), {"from": developer})
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": developer})


def test_expire_dispute__revoked_after_its_end__changes_nothing(
    chain, market, guardian, developer, model, posted, deadline, expiry
):
    at(deadline)
    market.expire_dispute(*expiry)
    chain.registry.revoke_platform(chain.enclaves[0].platform, {"from": guardian})
    market.claim_award(*posted.claim(0, model), {"from": developer})
    assert chain.progress(posted.task).claimed == 1


def test_expire_dispute__starved_of_gas__reverts_rather_than_credits(
    market, provider, deadline, expiry, compromised
):
    at(deadline)
    with brownie.reverts(LITTLE_GAS):
        market.expire_dispute(*expiry[:-1], {"from": provider, "gas_limit": 700_000})


# ── When ──


def test_expire_dispute__second_before_the_deadline__is_refused(market, deadline, expiry):
    at(deadline - 1)
    refuses(TOO_EARLY, market.expire_dispute, *expiry)


def test_expire_dispute__second_after_the_deadline__ends_it(chain, market, task, deadline, expiry):
    at(deadline + 1)
    market.expire_dispute(*expiry)
    assert chain.progress(task).stage == FINAL


def test_expire_dispute__twice__is_refused(market, deadline, expiry):
    at(deadline)
    market.expire_dispute(*expiry)
    refuses(WRONG_STAGE, market.expire_dispute, *expiry)


def test_expire_dispute__not_disputed__is_refused(chain, market, provider, challenger, model):
    entered = Sale(chain, nonce=1, budget=6 * ETHER).enter(model, revealed=[0])
    posted = entered.post()
    arguments = posted.expire(challenger.address)
    refuses(WRONG_STAGE, market.expire_dispute, *arguments, {"from": challenger})


# ── What it has to name ──


def test_expire_dispute__another_sale__is_refused(
    chain, market, stranger, challenger, posted, deadline
):
    """Payouts, report and signers are those on record: none of them can be slipped in."""
    first, *others = posted.signers
    changes = [
        {"payouts": [posted.payouts[0] + 1]},
        {"payouts": []},
        {"report": posted.report._replace(results=sale.word("other"))},
        {"signers": [first._replace(platform=sale.word("another platform")), *others]},
        {"signers": others},
    ]
    at(deadline)
    for changed in changes:
        arguments = replace(posted, **changed).expire(challenger.address)
        refuses(WRONG_SALE, market.expire_dispute, *arguments, {"from": stranger})


def test_expire_dispute__for_another_challenger__is_refused(market, stranger, posted, deadline):
    at(deadline)
    arguments = posted.expire(stranger.address)
    refuses(WRONG_SALE, market.expire_dispute, *arguments, {"from": stranger})
