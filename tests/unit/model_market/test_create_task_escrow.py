"""create_task: the escrow comes in exactly, or the task does not."""

import pytest

from tests.anvil import fund, refuses
from tests.reasons import BAD_TOKEN, WRONG_VALUE
from tests.sale import ETHER, curve
from tests.token_modes import TokenMode


@pytest.mark.parametrize("error", [-1, 1])
def test_create_task__ether_not_exact__is_refused(chain, market, provider, error):
    task = chain.task(provider)
    value = task.budget + task.benchmark_fee + error
    refuses(WRONG_VALUE, market.create_task, task, "", {"from": provider, "value": value})


def test_create_task__in_a_token_with_ether__is_refused(chain, market, provider, token):
    refuses(
        WRONG_VALUE,
        market.create_task,
        chain.task(provider, token=token.address),
        "",
        {"from": provider, "value": 1},
    )


def test_create_task__token_without_code__is_refused(chain, provider, stranger, refused_task):
    refused_task(chain.task(provider, token=stranger.address), BAD_TOKEN)


def test_create_task__no_allowance__reverts(chain, market, provider, token, refused_task):
    token.approve(market, 11 * ETHER - 1, {"from": provider})
    token.mint(provider, 11 * ETHER, {"from": provider})
    refused_task(chain.task(provider, token=token.address), None)
    token.approve(market, 11 * ETHER, {"from": provider})
    chain.create(chain.task(provider, token=token.address))


@pytest.mark.parametrize(
    "mode", [TokenMode.STANDARD, TokenMode.RETURNS_NOTHING, TokenMode.RETURNS_4_KB]
)
def test_create_task__odd_token_that_delivers__is_accepted(
    chain, provider, configurable_token, balances, mode
):
    configurable_token.set_mode(mode, {"from": provider})
    before = balances(configurable_token)
    chain.create(chain.task(provider, token=configurable_token.address))
    assert before.moved() == {
        "provider token": -11 * ETHER,
        "market token": 11 * ETHER,
    }


@pytest.mark.parametrize(
    "mode",
    [
        TokenMode.RETURNS_FALSE,
        TokenMode.MOVES_NOTHING,
        TokenMode.MOVES_AND_RETURNS_FALSE,
        TokenMode.DELIVERS_ONE_LESS,
        TokenMode.DELIVERS_ONE_MORE,
        TokenMode.HIDES_BALANCES,
    ],
)
def test_create_task__token_that_does_not_deliver_exactly__is_refused(
    chain, provider, configurable_token, mode, refused_task
):
    configurable_token.set_mode(mode, {"from": provider})
    refused_task(chain.task(provider, token=configurable_token.address), BAD_TOKEN)


def test_create_task__token_that_reverts__gives_its_reason(
    chain, provider, configurable_token, refused_task
):
    configurable_token.set_mode(TokenMode.REVERTS, {"from": provider})
    refused_task(chain.task(provider, token=configurable_token.address), "token says no")


@pytest.mark.parametrize(
    "mode", [TokenMode.RETURNS_TWO, TokenMode.RETURNS_31_BYTES, TokenMode.BURNS_ALL_GAS]
)
def test_create_task__token_that_answers_nonsense__reverts(
    chain, provider, configurable_token, mode, refused_task
):
    configurable_token.set_mode(mode, {"from": provider})
    refused_task(chain.task(provider, token=configurable_token.address), None)


def test_create_task__ether_forced_in_before__changes_nothing(chain, market, provider):
    fund(market, 5 * ETHER)
    task = chain.task(provider)
    chain.create(task)
    assert market.balance() == 16 * ETHER


def test_create_task__tokens_donated_before__change_nothing(chain, market, provider, token):
    token.mint(market, 7, {"from": provider})
    chain.create(
        chain.task(provider, token=token.address, budget=5, benchmark_fee=2, curve=curve((1, 5)))
    )
    assert token.balanceOf(market) == 14
