"""claim_share: what a voided task owes each developer who revealed."""

from dataclasses import replace

import pytest
from brownie import chain as brownie_chain

from tests import sale
from tests.anvil import at, events, refuses
from tests.reasons import WRONG_STAGE, WRONG_SUBMISSION
from tests.sale import DAY, ZERO_ADDRESS

FEE = 1_000_001
ENTRY, BOND = 10_000_001 * 10**9, 50_000_000 * 10**9
FEE_SHARE, POT_SHARE = 500_000, (3 * ENTRY + BOND) // 2


@pytest.fixture(scope="module")
def models(model, rival_model, straggler_model):
    return [model, straggler_model, rival_model]


@pytest.fixture(scope="module")
def task(chain, market, provider, stranger, token, models):
    """Voided, with the developer (0) and the rival (2) revealed, the straggler (1) not."""
    made = chain.task(
        provider,
        token=token.address,
        budget=5,
        benchmark_fee=FEE,
        entry_fee=ENTRY,
        curve=sale.curve((1, 5)),
    )
    chain.enter(made, models, revealed=[0, 2])
    at(made.report_deadline)
    market.void(made, {"from": stranger})
    return made


def test_claim_share__by_anyone__credits_the_developer(
    chain, market, developer, stranger, token, model, task, balances
):
    progress, before = chain.progress(task), balances(token)
    transaction = market.claim_share(*model.share(task, 0), {"from": stranger})
    assert chain.submission(task, 0) == bytes(32)
    assert chain.progress(task) == progress
    assert before.moved() == {
        "developer token credit": FEE_SHARE,
        "developer credit": POT_SHARE,
    }
    claimed = {
        "task_id": task.id(chain.domain),
        "developer": developer,
        "index": 0,
        "fee_share": FEE_SHARE,
        "pot_share": POT_SHARE,
    }
    assert events(transaction) == [
        ("ShareClaimed", claimed),
        ("Credited", {"token": token, "account": developer, "amount": FEE_SHARE}),
        ("Credited", {"token": ZERO_ADDRESS, "account": developer, "amount": POT_SHARE}),
    ]


def test_claim_share__of_everybody__leaves_nothing_but_credits(
    market, provider, developer, rival, stranger, token, model, rival_model, task
):
    market.claim_share(*rival_model.share(task, 2), {"from": stranger})
    market.claim_share(*model.share(task, 0), {"from": stranger})
    for account in (provider, developer, rival):
        market.withdraw(token, account, {"from": account})
    for account in (developer, rival):
        market.withdraw(ZERO_ADDRESS, account, {"from": account})
    assert market.balance() == 0
    assert token.balanceOf(market) == 0


def test_claim_share__long_after__credits_the_developer(market, developer, model, task):
    at(brownie_chain[-1].timestamp + 3_650 * DAY)
    market.claim_share(*model.share(task, 0), {"from": developer})
    assert market.credits(ZERO_ADDRESS, developer) == POT_SHARE


def test_claim_share__of_a_developer_with_two_models__credits_both(
    chain, market, provider, developer, stranger, model
):
    task = chain.task(provider, nonce=1)
    second = sale.model(developer.address, "second")
    chain.enter(task, [model, second], revealed=[0, 1])
    at(task.report_deadline)
    market.void(task, {"from": stranger})
    market.claim_share(*model.share(task, 0), {"from": stranger})
    transaction = market.claim_share(*second.share(task, 1), {"from": stranger})
    pot = 2 * task.entry_fee
    assert market.credits(ZERO_ADDRESS, developer) == task.benchmark_fee + pot
    name, claimed = events(transaction)[0]
    assert (name, claimed["index"]) == ("ShareClaimed", 1)
    assert claimed["fee_share"] == task.benchmark_fee // 2
    assert claimed["pot_share"] == pot // 2


def test_claim_share__nothing_to_share__clears_the_leaf(
    chain, market, provider, stranger, model, balances
):
    task = chain.task(provider, nonce=1, benchmark_fee=0, entry_fee=0)
    chain.enter(task, [model], revealed=[0])
    at(task.report_deadline)
    market.void(task, {"from": stranger})
    before = balances()
    transaction = market.claim_share(*model.share(task, 0), {"from": stranger})
    assert before.moved() == {}
    assert [name for name, _ in events(transaction)] == ["ShareClaimed"]
    assert chain.submission(task, 0) == bytes(32)


def test_claim_share__twice__is_refused(market, stranger, model, task):
    market.claim_share(*model.share(task, 0), {"from": stranger})
    refuses(WRONG_SUBMISSION, market.claim_share, *model.share(task, 0), {"from": stranger})


def test_claim_share__never_revealed__is_refused(market, straggler, straggler_model, task):
    share = straggler_model.share(task, 1)
    refuses(WRONG_SUBMISSION, market.claim_share, *share, {"from": straggler})


@pytest.mark.parametrize("index", [1, 2, 3, 2**256 - 1])
def test_claim_share__of_another_place__is_refused(market, developer, model, task, index):
    share = model.share(task, index)
    refuses(WRONG_SUBMISSION, market.claim_share, *share, {"from": developer})


@pytest.mark.parametrize(
    "changed",
    [
        {"developer": ZERO_ADDRESS},
        {"keyring_digest": sale.word("other")},
        {"submission": sale.Submission(*[sale.word("other")] * 3, min_price=0)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_claim_share__of_another_leaf__is_refused(market, stranger, model, task, changed):
    share = replace(model, **changed).share(task, 0)
    refuses(WRONG_SUBMISSION, market.claim_share, *share, {"from": stranger})


def test_claim_share__to_a_thief__is_refused(market, stranger, model, task):
    stolen = replace(model, developer=stranger.address)
    refuses(WRONG_SUBMISSION, market.claim_share, *stolen.share(task, 0), {"from": stranger})


@pytest.mark.parametrize("stage", ["open", "closed", "reported", "settled"])
def test_claim_share__task_not_voided__is_refused(chain, market, provider, developer, model, stage):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model)
    chain.reveal(task, (0, model))
    if stage != "open":
        report = chain.report(task, chain.close(task))
    if stage in ("reported", "settled"):
        posted = chain.post(task, report)
    if stage == "settled":
        at(chain.progress(task).time_a)
        market.settle(*posted.settle(), {"from": provider})
    refuses(WRONG_STAGE, market.claim_share, *model.share(task, 0), {"from": developer})


def test_claim_share__leaf_committed_as_it_is__is_refused(
    chain, market, provider, developer, rival, model, rival_model
):
    """A developer may commit any word: a leaf of its own takes no share of the others'."""
    task = chain.task(provider, nonce=1)
    task_id, value = task.id(chain.domain), task.commit_bond + task.entry_fee
    chain.create(task)
    chain.commit(task, rival_model)
    market.commit_model(task_id, model.leaf(task_id, 1), {"from": developer, "value": value})
    chain.reveal(task, (0, rival_model))
    at(task.report_deadline)
    market.void(task, {"from": provider})
    refuses(WRONG_SUBMISSION, market.claim_share, *model.share(task, 1), {"from": developer})
