"""reveal_model: the commitment opens, the keyring is bound, the bond comes back."""

from dataclasses import replace

import brownie
import pytest
from brownie import HostileAccount

from tests import sale
from tests.anvil import at, events, refuses
from tests.deployment import PAYMENT_GAS
from tests.reasons import (
    LITTLE_GAS,
    TOO_EARLY,
    TOO_LATE,
    WRONG_COMMITMENT,
    WRONG_STAGE,
)
from tests.sale import ZERO_ADDRESS

BOND = 50_000_000 * 10**9
ETHER_GAS, _, RESERVE_GAS = PAYMENT_GAS


@pytest.fixture(scope="module")
def task(chain, provider, model, rival_model):
    """With the developer's commitment at 0 and the rival's at 1."""
    made = chain.task(provider)
    chain.create(made)
    chain.commit(made, model, rival_model)
    return made


@pytest.fixture(scope="module")
def task_id(chain, task):
    return task.id(chain.domain)


@pytest.fixture
def revealing(task):
    at(task.commit_deadline)


# ── Success ──


def test_reveal_model__first__stores_the_leaf_and_returns_the_bond(
    chain, market, developer, model, task, task_id, balances, revealing
):
    progress, before = chain.progress(task), balances()
    transaction = market.reveal_model(*model.reveal(task_id, 0), {"from": developer})
    assert chain.progress(task) == progress._replace(reveals=1)
    assert chain.submission(task, 0) == model.leaf(task_id, 0)
    assert chain.head(task) == sale.head_of_reveals(task_id, [(0, model)])
    assert before.moved() == {"developer ether": BOND, "market ether": -BOND}
    revealed = {
        "task_id": task_id,
        "index": 0,
        "developer": developer,
        "submission": model.submission,
        "keyring_digest": model.keyring_digest,
        "salt": model.salt,
        "uri": model.uri,
    }
    assert events(transaction) == [("ModelRevealed", revealed)]


def test_reveal_model__in_another_order__is_what_the_head_holds(
    chain, market, developer, rival, model, rival_model, task, task_id, revealing
):
    for index, entered, who in ((1, rival_model, rival), (0, model, developer)):
        transaction = market.reveal_model(*entered.reveal(task_id, index), {"from": who})
        ((_, revealed),) = events(transaction)
        assert (revealed["index"], revealed["developer"]) == (index, who)
    assert chain.head(task) == sale.head_of_reveals(task_id, [(1, rival_model), (0, model)])
    assert chain.progress(task).reveals == 2
    assert chain.submission(task, 0) == model.leaf(task_id, 0)
    assert chain.submission(task, 1) == rival_model.leaf(task_id, 1)


@pytest.mark.parametrize("uri", ["", "u" * 256], ids=["empty", "longest"])
def test_reveal_model__any_uri__is_in_the_event_only(
    chain, market, developer, model, task, task_id, revealing, uri
):
    arguments = model.reveal(task_id, 0)[:-1]
    transaction = market.reveal_model(*arguments, uri, {"from": developer})
    assert events(transaction)[0][1]["uri"] == uri
    assert chain.submission(task, 0) == model.leaf(task_id, 0)


def test_reveal_model__any_keyring__is_bound_to_the_leaf(
    chain, market, developer, model, task, task_id, revealing
):
    """It is not in the commitment: the enclaves check it against the roster."""
    task_id_, index, submission, _, salt, uri = model.reveal(task_id, 0)
    other = sale.word("another keyring")
    market.reveal_model(task_id_, index, submission, other, salt, uri, {"from": developer})
    changed = replace(model, keyring_digest=other)
    assert chain.submission(task, 0) == changed.leaf(task_id, 0) != model.leaf(task_id, 0)


def test_reveal_model__task_without_bond__pays_nothing(
    chain, market, provider, developer, model, balances
):
    """So it needs no gas for a payment either."""
    free = chain.task(provider, commit_bond=0)
    chain.create(free)
    chain.commit(free, model)
    before = balances()
    at(free.commit_deadline)
    arguments = model.reveal(free.id(chain.domain), 0)
    transaction = market.reveal_model(*arguments, {"from": developer, "gas_limit": 120_000})
    assert before.moved() == {}
    assert [name for name, _ in events(transaction)] == ["ModelRevealed"]
    assert chain.progress(free).reveals == 1


# ── Deadlines ──


def test_reveal_model__second_before_the_commit_deadline__is_refused(
    market, developer, model, task, task_id
):
    at(task.commit_deadline - 1)
    refuses(TOO_EARLY, market.reveal_model, *model.reveal(task_id, 0), {"from": developer})


@pytest.mark.parametrize("after", [0, 1])
def test_reveal_model__from_the_commit_deadline_on__is_taken(
    chain, market, developer, model, task, task_id, after
):
    at(task.commit_deadline + after)
    market.reveal_model(*model.reveal(task_id, 0), {"from": developer})
    assert chain.progress(task).reveals == 1


def test_reveal_model__second_before_the_reveal_deadline__is_taken(
    chain, market, developer, model, task, task_id
):
    at(task.reveal_deadline - 1)
    market.reveal_model(*model.reveal(task_id, 0), {"from": developer})
    assert chain.progress(task).reveals == 1


@pytest.mark.parametrize("late", [0, 1])
def test_reveal_model__from_the_reveal_deadline_on__is_refused(
    market, developer, model, task, task_id, late
):
    at(task.reveal_deadline + late)
    refuses(TOO_LATE, market.reveal_model, *model.reveal(task_id, 0), {"from": developer})


# ── What does not open ──


def other_submission(submission, field):
    changed = submission._asdict()[field]
    changed = changed + 1 if isinstance(changed, int) else sale.word("other")
    return submission._replace(**{field: changed})


@pytest.mark.parametrize("field", sale.Submission._fields)
def test_reveal_model__another_submission__is_refused(
    market, developer, model, task_id, revealing, field
):
    changed = replace(model, submission=other_submission(model.submission, field))
    refuses(WRONG_COMMITMENT, market.reveal_model, *changed.reveal(task_id, 0), {"from": developer})


def test_reveal_model__another_salt__is_refused(market, developer, model, task_id, revealing):
    changed = replace(model, salt=sale.word("another salt"))
    refuses(WRONG_COMMITMENT, market.reveal_model, *changed.reveal(task_id, 0), {"from": developer})


@pytest.mark.parametrize("index", [1, 2, 2**256 - 1], ids=["rival's", "nobody's", "largest"])
def test_reveal_model__at_another_place__is_refused(
    market, developer, model, task_id, revealing, index
):
    refuses(
        WRONG_COMMITMENT, market.reveal_model, *model.reveal(task_id, index), {"from": developer}
    )


def test_reveal_model__by_somebody_else__is_refused(market, rival, model, task_id, revealing):
    refuses(WRONG_COMMITMENT, market.reveal_model, *model.reveal(task_id, 0), {"from": rival})


def test_reveal_model__twice__is_refused(chain, market, developer, model, task, task_id):
    chain.reveal(task, (0, model))
    refuses(WRONG_COMMITMENT, market.reveal_model, *model.reveal(task_id, 0), {"from": developer})


def test_reveal_model__copied_commitment__opens_for_its_author_only(
    chain, market, provider, straggler, developer, model
):
    """Whoever copies one cannot open it, even once its secrets are out."""
    task = chain.task(provider, nonce=1)
    task_id = task.id(chain.domain)
    chain.create(task)
    stolen = model.commitment(chain.domain, task_id)
    value = task.commit_bond + task.entry_fee
    market.commit_model(task_id, stolen, {"from": straggler, "value": value})
    chain.commit(task, model)
    chain.reveal(task, (1, model))
    refuses(WRONG_COMMITMENT, market.reveal_model, *model.reveal(task_id, 0), {"from": straggler})


def test_reveal_model__commitment_to_another_task__is_refused(
    chain, market, provider, developer, model, task_id
):
    task = chain.task(provider, nonce=1)
    other_id = task.id(chain.domain)
    chain.create(task)
    value = task.commit_bond + task.entry_fee
    commitment = model.commitment(chain.domain, task_id)
    market.commit_model(other_id, commitment, {"from": developer, "value": value})
    at(task.commit_deadline)
    refuses(WRONG_COMMITMENT, market.reveal_model, *model.reveal(other_id, 0), {"from": developer})


def test_reveal_model__leaf_committed_as_it_is__does_not_pass_for_revealed(
    chain, market, provider, developer, model
):
    task = chain.task(provider, nonce=1)
    task_id = task.id(chain.domain)
    chain.create(task)
    leaf, value = model.leaf(task_id, 0), task.commit_bond + task.entry_fee
    market.commit_model(task_id, leaf, {"from": developer, "value": value})
    assert chain.submission(task, 0) != leaf
    at(task.commit_deadline)
    refuses(WRONG_COMMITMENT, market.reveal_model, *model.reveal(task_id, 0), {"from": developer})


def test_reveal_model__no_such_task__is_refused(market, developer, model):
    refuses(
        WRONG_STAGE,
        market.reveal_model,
        *model.reveal(sale.word("no task"), 0),
        {"from": developer},
    )


def test_reveal_model__reveals_closed__is_refused(
    chain, market, rival, model, rival_model, task, task_id
):
    chain.reveal(task, (0, model))
    chain.close(task)
    refuses(WRONG_STAGE, market.reveal_model, *rival_model.reveal(task_id, 1), {"from": rival})


# ── The bond's way back ──


@pytest.fixture
def account(market, stranger, task, task_id, chain):
    """A developer with code, whose commitment is the third."""
    made = stranger.deploy(HostileAccount)
    model = sale.model(made.address, "of the account")
    value = task.commit_bond + task.entry_fee
    data = market.commit_model.encode_input(task_id, model.commitment(chain.domain, task_id))
    made.execute(market, data, {"from": stranger, "value": value})
    at(task.commit_deadline)
    return made


@pytest.fixture
def revelation(market, account, task_id):
    """The call that reveals the account's model."""
    model = sale.model(account.address, "of the account")
    return market.reveal_model.encode_input(*model.reveal(task_id, 2))


def test_reveal_model__developer_refuses_ether__is_credited(
    chain, market, stranger, account, revelation, task, balances
):
    account.set_refusal(True, {"from": stranger})
    before = balances(account=account)
    transaction = account.execute(market, revelation, {"from": stranger})
    assert before.moved() == {"account credit": BOND}
    assert chain.progress(task).reveals == 1
    credited = {"token": ZERO_ADDRESS, "account": account, "amount": BOND}
    assert events(transaction)[1:] == [("Credited", credited)]


def test_reveal_model__developer_within_the_gas_cap__is_paid(
    market, stranger, account, revelation, balances
):
    account.set_cost(ETHER_GAS - 10_000, {"from": stranger})
    before = balances(account=account)
    account.execute(market, revelation, {"from": stranger})
    assert before.moved() == {"account ether": BOND, "market ether": -BOND}


def test_reveal_model__developer_beyond_the_gas_cap__is_credited(
    market, stranger, account, revelation, balances
):
    account.set_cost(ETHER_GAS, {"from": stranger})
    before = balances(account=account)
    transaction = account.execute(market, revelation, {"from": stranger})
    assert before.moved() == {"account credit": BOND}
    assert transaction.gas_used < ETHER_GAS + 200_000


def test_reveal_model__developer_calls_back__is_locked_out(
    market, stranger, account, revelation, balances
):
    account.set_call(market, revelation, {"from": stranger})
    before = balances(account=account)
    account.execute(market, revelation, {"from": stranger})
    assert not account.called()
    assert before.moved() == {"account ether": BOND, "market ether": -BOND}


def test_reveal_model__starved_of_gas__reverts_rather_than_credits(
    market, developer, model, task_id, revealing
):
    arguments = model.reveal(task_id, 0)
    with brownie.reverts(LITTLE_GAS):
        market.reveal_model(*arguments, {"from": developer, "gas_limit": ETHER_GAS + RESERVE_GAS})
