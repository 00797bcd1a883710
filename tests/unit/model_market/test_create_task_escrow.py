"""create_task: the escrow comes in exactly, or the task does not."""

import pytest

from tests import sale
from tests.reasons import BAD_TOKEN, WRONG_VALUE
from tests.sale import ETHER, curve
from tests.unit.chain import fund, refuses
from tests.unit.model_market.moods import Mood


@pytest.mark.parametrize("error", [-1, 1])
def test_create_task__ether_not_exact__is_refused(ground, market, provider, error):
    task = ground.task(provider)
    value = task.budget + task.benchmark_fee + error
    refuses(WRONG_VALUE, market.create_task, task, {"from": provider, "value": value})


def test_create_task__in_a_token_with_ether__is_refused(ground, market, provider, token):
    refuses(
        WRONG_VALUE,
        market.create_task,
        ground.task(provider, token=token.address),
        {"from": provider, "value": 1},
    )


def test_create_task__token_without_code__is_refused(ground, provider, stranger, refused_task):
    refused_task(ground.task(provider, token=stranger.address), BAD_TOKEN)


def test_create_task__no_allowance__reverts(ground, market, provider, token, refused_task):
    token.approve(market, 11 * ETHER - 1, {"from": provider})
    token.mint(provider, 11 * ETHER, {"from": provider})
    refused_task(ground.task(provider, token=token.address), None)
    token.approve(market, 11 * ETHER, {"from": provider})
    ground.create(ground.task(provider, token=token.address))


@pytest.mark.parametrize("mood", [Mood.HONEST, Mood.SILENT, Mood.LONG], ids=lambda mood: mood.name)
def test_create_task__odd_token_that_delivers__is_accepted(
    ground, provider, moody_token, books, mood
):
    moody_token.set_mood(mood, {"from": provider})
    before = books(moody_token)
    ground.create(ground.task(provider, token=moody_token.address))
    assert before.moved() == {
        "provider token": -11 * ETHER,
        "market token": 11 * ETHER,
        "owed token": 11 * ETHER,
    }


@pytest.mark.parametrize(
    "mood",
    [Mood.REFUSES, Mood.LIES, Mood.FALSE_ALARM, Mood.TAKES_FEE, Mood.GIVES_MORE, Mood.HIDES],
    ids=lambda mood: mood.name,
)
def test_create_task__token_that_does_not_deliver_exactly__is_refused(
    ground, provider, moody_token, mood, refused_task
):
    moody_token.set_mood(mood, {"from": provider})
    refused_task(ground.task(provider, token=moody_token.address), BAD_TOKEN)


def test_create_task__token_that_reverts__gives_its_reason(
    ground, provider, moody_token, refused_task
):
    moody_token.set_mood(Mood.REVERTS, {"from": provider})
    refused_task(ground.task(provider, token=moody_token.address), "token says no")


@pytest.mark.parametrize("mood", [Mood.TWO, Mood.SHORT, Mood.EATS_GAS], ids=lambda mood: mood.name)
def test_create_task__token_that_answers_nonsense__reverts(
    ground, provider, moody_token, mood, refused_task
):
    moody_token.set_mood(mood, {"from": provider})
    refused_task(ground.task(provider, token=moody_token.address), None)


def test_create_task__ether_forced_in_before__changes_nothing(ground, market, provider):
    fund(market, 5 * ETHER)
    task = ground.task(provider)
    ground.create(task)
    assert market.owed(sale.ZERO_ADDRESS) == 11 * ETHER
    assert market.balance() == 16 * ETHER


def test_create_task__tokens_donated_before__change_nothing(ground, market, provider, token):
    token.mint(market, 7, {"from": provider})
    ground.create(
        ground.task(provider, token=token.address, budget=5, benchmark_fee=2, curve=curve((1, 5)))
    )
    assert market.owed(token) == 7
    assert token.balanceOf(market) == 14
