"""expire_dispute: no verdict in time."""

from dataclasses import replace

import brownie
import pytest

from tests import sale
from tests.reasons import LITTLE_GAS, TOO_EARLY, WRONG_SALE, WRONG_STAGE
from tests.sale import ETHER, FINAL, VOIDED, ZERO_ADDRESS
from tests.unit.chain import answers, at, events, refuses
from tests.unit.model_market.ground import SEAT_BOND

BOND = 7 * SEAT_BOND
BUDGET, FEE = 10_000_000, 1_000_001
POT = (3 * 10_000_000 + 50_000_000) * 10**9
"""Three entry fees, and the straggler's bond."""


@pytest.fixture(scope="module")
def models(model, rival_model, straggler_model):
    return [model, rival_model, straggler_model]


@pytest.fixture(scope="module")
def posted(ground, provider, models, challenger, token):
    """In a token, signed by three, disputed."""
    task = ground.task(
        provider,
        token=token.address,
        quorum=3,
        budget=BUDGET,
        benchmark_fee=FEE,
        curve=sale.curve((500_000, 1_000_000), (1_000_000, 6_000_000)),
    )
    seed = ground.enter(task, models, revealed=[0, 1])
    made = ground.post(task, sale.report(task.id(ground.domain), seed, (0, 900_000)))
    ground.dispute(task, challenger)
    return made


@pytest.fixture(scope="module")
def task(posted):
    return posted.task


@pytest.fixture(scope="module")
def deadline(ground, task):
    return ground.progress(task).time_a


@pytest.fixture(scope="module")
def expiry(posted, challenger, stranger):
    """The arguments with which a stranger ends the dispute."""
    return *posted.expire(challenger.address), {"from": stranger}


def credited(token, account, amount):
    return "Credited", {"token": token, "account": account, "amount": amount}


# ── The report stands ──


def test_expire_dispute__nothing_revoked__burns_half_the_bond(
    ground, market, challenger, posted, task, deadline, expiry, token, books
):
    progress, before = ground.progress(task), books(token)
    at(deadline)
    transaction = market.expire_dispute(*expiry)
    assert ground.progress(task) == progress._replace(
        stage=FINAL, time_a=deadline, time_b=deadline + task.claim_window
    )
    assert ground.head(task) == posted.head()
    assert before.moved() == {
        "challenger credit": BOND // 2,
        "owed ether": BOND // 2,
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
    market, developer, stranger, model, posted, deadline, expiry, token, books
):
    at(deadline)
    market.expire_dispute(*expiry)
    before = books(token)
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
    ground, market, guardian, task, deadline, expiry, rank
):
    bystander = ground.enclaves[rank]
    revoke = ground.registry.revoke_enclave
    revoke(bystander.signing_key, ground.measurement, {"from": guardian})
    ground.registry.revoke_platform(bystander.platform, {"from": guardian})
    at(deadline)
    market.expire_dispute(*expiry)
    assert ground.progress(task).stage == FINAL


def test_expire_dispute__a_signer_unstakes__stands(ground, market, task, deadline, expiry):
    ground.registry.request_unstake({"from": ground.enclaves[0].operator})
    at(deadline)
    market.expire_dispute(*expiry)
    assert ground.progress(task).stage == FINAL


def test_expire_dispute__something_else_revoked__stands(
    ground, market, guardian, task, deadline, expiry
):
    ground.registry.revoke_measurement(sale.word("another program"), {"from": guardian})
    at(deadline)
    market.expire_dispute(*expiry)
    assert ground.progress(task).stage == FINAL


# ── The task is void ──


@pytest.fixture(params=["enclave", "platform", "measurement", "verifier"])
def revoked(request, ground, guardian):
    """The owner has revoked something that the second signer depends on."""
    signer, registry, owner = ground.enclaves[1], ground.registry, {"from": guardian}
    if request.param == "enclave":
        registry.revoke_enclave(signer.signing_key, ground.measurement, owner)
    elif request.param == "platform":
        registry.revoke_platform(signer.platform, owner)
    elif request.param == "measurement":
        registry.revoke_measurement(ground.measurement, owner)
    else:
        registry.revoke_verifier(ground.verifier, owner)


def test_expire_dispute__what_signed_is_revoked__voids_the_task(
    ground, market, provider, challenger, posted, task, deadline, expiry, token, books, revoked
):
    progress, before = ground.progress(task), books(token)
    at(deadline)
    transaction = market.expire_dispute(*expiry)
    assert ground.progress(task) == progress._replace(stage=VOIDED)
    refund = BUDGET + FEE % 2
    assert before.moved() == {
        "challenger credit": BOND,
        "owed ether": BOND,
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
def compromised(ground, guardian):
    """The owner has revoked the platform of the first signer."""
    ground.registry.revoke_platform(ground.enclaves[0].platform, {"from": guardian})


def test_expire_dispute__void__answers_so(market, deadline, expiry, compromised):
    at(deadline)
    assert answers(market.expire_dispute, *expiry) is True


def test_expire_dispute__void__by_the_provider__pays_it_at_once(
    market, provider, deadline, expiry, token, books, compromised
):
    before = books(token)
    at(deadline)
    market.expire_dispute(*expiry[:-1], {"from": provider})
    refund = BUDGET + FEE % 2
    assert before.moved() == {
        "challenger credit": BOND,
        "owed ether": BOND,
        "provider token": refund,
        "market token": -refund,
        "owed token": -refund,
    }


def test_expire_dispute__void__the_developers_have_their_shares(
    market, stranger, model, rival_model, task, deadline, expiry, token, books, compromised
):
    at(deadline)
    market.expire_dispute(*expiry)
    before = books(token)
    market.claim_share(*model.share(task, 0), {"from": stranger})
    market.claim_share(*rival_model.share(task, 1), {"from": stranger})
    assert before.moved() == {
        "developer token credit": FEE // 2,
        "rival token credit": FEE // 2,
        "developer credit": POT // 2,
        "rival credit": POT // 2,
        "owed ether": 2 * (POT // 2),
    }


def test_expire_dispute__void__nothing_can_be_claimed_or_settled(
    market, developer, model, posted, deadline, expiry, compromised
):
    at(deadline)
    market.expire_dispute(*expiry)
    refuses(WRONG_STAGE, market.claim_award, *posted.claim(0, model), {"from": developer})
    refuses(WRONG_STAGE, market.settle, *posted.settle(), {"from": developer})


def test_expire_dispute__revoked_after_its_end__changes_nothing(
    ground, market, guardian, developer, model, posted, deadline, expiry
):
    at(deadline)
    market.expire_dispute(*expiry)
    ground.registry.revoke_platform(ground.enclaves[0].platform, {"from": guardian})
    market.claim_award(*posted.claim(0, model), {"from": developer})
    assert ground.progress(posted.task).claimed == 1


def test_expire_dispute__starved_of_gas__reverts_rather_than_credits(
    market, provider, deadline, expiry, compromised
):
    at(deadline)
    with brownie.reverts(LITTLE_GAS):
        market.expire_dispute(*expiry[:-1], {"from": provider, "gas_limit": 350_000})


# ── When ──


def test_expire_dispute__second_before_the_deadline__is_refused(market, deadline, expiry):
    at(deadline - 1)
    refuses(TOO_EARLY, market.expire_dispute, *expiry)


def test_expire_dispute__second_after_the_deadline__ends_it(ground, market, task, deadline, expiry):
    at(deadline + 1)
    market.expire_dispute(*expiry)
    assert ground.progress(task).stage == FINAL


def test_expire_dispute__twice__is_refused(market, deadline, expiry):
    at(deadline)
    market.expire_dispute(*expiry)
    refuses(WRONG_STAGE, market.expire_dispute, *expiry)


def test_expire_dispute__not_disputed__is_refused(ground, market, provider, challenger, model):
    task = ground.task(provider, nonce=1, budget=6 * ETHER)
    seed = ground.enter(task, [model], revealed=[0])
    posted = ground.post(task, sale.report(task.id(ground.domain), seed))
    arguments = posted.expire(challenger.address)
    refuses(WRONG_STAGE, market.expire_dispute, *arguments, {"from": challenger})


# ── What it has to name ──


def test_expire_dispute__another_sale__is_refused(
    ground, market, stranger, challenger, posted, deadline
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
