"""withdraw: whoever is owed takes it, to wherever it likes."""

import pytest
from brownie import HostileAccount

from tests.anvil import answers, at, events, refuses
from tests.reasons import BAD_ADDRESS, NOTHING_OWED, PAYMENT_FAILED
from tests.sale import ETHER, ZERO_ADDRESS
from tests.token_modes import TokenMode

OWED = 11 * ETHER


def owe(chain, market, stranger, task):
    """Creates a task and has a stranger void it, so that its provider is owed the escrow."""
    chain.create(task)
    at(task.reveal_deadline)
    market.void(task, {"from": stranger})


@pytest.fixture
def owed(chain, market, provider, stranger):
    """The provider is owed 11 ether."""
    owe(chain, market, stranger, chain.task(provider))


@pytest.fixture
def owed_token(chain, market, provider, stranger, configurable_token):
    """The provider is owed 11e18 units of a token."""
    owe(chain, market, stranger, chain.task(provider, token=configurable_token.address))


def test_withdraw__ether__goes_to_whom_the_caller_names(market, provider, rival, owed, balances):
    before = balances()
    transaction = market.withdraw(ZERO_ADDRESS, rival, {"from": provider})
    assert before.moved() == {
        "rival ether": OWED,
        "provider credit": -OWED,
        "market ether": -OWED,
    }
    withdrawn = {"token": ZERO_ADDRESS, "account": provider, "to": rival, "amount": OWED}
    assert events(transaction) == [("Withdrawn", withdrawn)]


def test_withdraw__anything__answers_the_amount(market, provider, rival, owed):
    assert answers(market.withdraw, ZERO_ADDRESS, rival, {"from": provider}) == OWED


def test_withdraw__token__goes_to_whom_the_caller_names(
    market, provider, rival, configurable_token, owed_token, balances
):
    before = balances(configurable_token)
    transaction = market.withdraw(configurable_token, rival, {"from": provider})
    assert before.moved() == {
        "rival token": OWED,
        "provider token credit": -OWED,
        "market token": -OWED,
    }
    withdrawn = {"token": configurable_token, "account": provider, "to": rival, "amount": OWED}
    paid = {"sender": market, "receiver": rival, "value": OWED}
    assert events(transaction) == [("Withdrawn", withdrawn), ("Transfer", paid)]


def test_withdraw__ether_and_token__are_apart(
    market, provider, configurable_token, owed, owed_token, balances
):
    before = balances(configurable_token)
    market.withdraw(ZERO_ADDRESS, provider, {"from": provider})
    assert before.moved() == {
        "provider ether": OWED,
        "provider credit": -OWED,
        "market ether": -OWED,
    }


def test_withdraw__twice__is_refused(market, provider, owed):
    market.withdraw(ZERO_ADDRESS, provider, {"from": provider})
    refuses(NOTHING_OWED, market.withdraw, ZERO_ADDRESS, provider, {"from": provider})


def test_withdraw__of_somebody_else__is_refused(market, stranger, owed):
    refuses(NOTHING_OWED, market.withdraw, ZERO_ADDRESS, stranger, {"from": stranger})


def test_withdraw__to_nobody__is_refused(market, provider, owed):
    refuses(BAD_ADDRESS, market.withdraw, ZERO_ADDRESS, ZERO_ADDRESS, {"from": provider})


# Holds S-27.
def test_withdraw__to_the_market__is_refused(
    market, provider, configurable_token, owed, owed_token
):
    for token in (ZERO_ADDRESS, configurable_token):
        refuses(BAD_ADDRESS, market.withdraw, token, market, {"from": provider})


# ── Payments that fail ──


@pytest.fixture
def account(stranger):
    return stranger.deploy(HostileAccount)


def test_withdraw__to_an_account_that_refuses__is_refused_and_stays_owed(
    market, provider, stranger, account, owed, balances
):
    account.set_refusal(True, {"from": stranger})
    refuses(PAYMENT_FAILED, market.withdraw, ZERO_ADDRESS, account, {"from": provider})
    account.set_refusal(False, {"from": stranger})
    before = balances(account=account)
    market.withdraw(ZERO_ADDRESS, account, {"from": provider})
    assert before.moved()["account ether"] == OWED


def test_withdraw__to_an_account_however_dear__is_paid(
    market, provider, stranger, account, owed, balances
):
    """No gas cap: the caller pays for it, and nobody else waits."""
    account.set_cost(500_000, {"from": stranger})
    before = balances(account=account)
    market.withdraw(ZERO_ADDRESS, account, {"from": provider})
    assert before.moved()["account ether"] == OWED


@pytest.mark.parametrize(
    "mode",
    [
        TokenMode.RETURNS_NOTHING,
        TokenMode.RETURNS_4_KB,
        TokenMode.DELIVERS_ONE_LESS,
        TokenMode.MOVES_NOTHING,
    ],
)
def test_withdraw__token_that_says_it_paid__is_believed(
    market, provider, configurable_token, owed_token, mode
):
    configurable_token.set_mode(mode, {"from": provider})
    market.withdraw(configurable_token, provider, {"from": provider})
    assert market.credits(configurable_token, provider) == 0


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (TokenMode.RETURNS_FALSE, PAYMENT_FAILED),
        (TokenMode.MOVES_AND_RETURNS_FALSE, PAYMENT_FAILED),
        (TokenMode.REVERTS, "token says no"),
        (TokenMode.RETURNS_TWO, None),
        (TokenMode.RETURNS_31_BYTES, None),
        (TokenMode.BURNS_ALL_GAS, None),
    ],
    ids=lambda value: value.name if isinstance(value, TokenMode) else "",
)
def test_withdraw__token_that_fails__is_refused_and_stays_owed(
    market, provider, configurable_token, owed_token, mode, reason
):
    configurable_token.set_mode(mode, {"from": provider})
    refuses(reason, market.withdraw, configurable_token, provider, {"from": provider})
    assert market.credits(configurable_token, provider) == OWED


def test_withdraw__blocked_by_the_token__can_go_elsewhere(
    market, provider, rival, configurable_token, owed_token
):
    configurable_token.set_blocked(provider, True, {"from": provider})
    refuses("blocked", market.withdraw, configurable_token, provider, {"from": provider})
    market.withdraw(configurable_token, rival, {"from": provider})
    assert configurable_token.balanceOf(rival) == OWED


# ── Calling back ──


def test_withdraw__receiver_calls_back__is_locked_out(chain, market, stranger, account, balances):
    """The account is a provider itself, so it is owed something when it calls back."""
    task = chain.task(account)
    value = task.budget + task.benchmark_fee
    data = market.create_task.encode_input(task, "")
    account.execute(market, data, {"from": stranger, "value": value})
    at(task.reveal_deadline)
    market.void(task, {"from": stranger})
    data = market.withdraw.encode_input(ZERO_ADDRESS, account)
    account.set_call(market, data, {"from": stranger})
    before = balances(account=account)
    account.execute(market, data, {"from": stranger})
    assert not account.called()
    assert before.moved() == {
        "account ether": OWED,
        "account credit": -OWED,
        "market ether": -OWED,
    }
