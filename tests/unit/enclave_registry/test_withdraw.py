import pytest
from brownie import ZERO_ADDRESS, reverts

from tests.reasons import BAD_ADDRESS, NOTHING_OWED, PAYMENT_FAILED
from tests.sale import ETHER
from tests.unit.enclave_registry.registry_deployment import only_event


@pytest.fixture
def fined(deployment, operator, challenger, hostile_account):
    """Of the operator's 10 ether, the challenger is owed 3, and a hostile account 2."""
    deployment.stake(operator)
    deployment.slash(operator, 3 * ETHER, challenger)
    deployment.slash(operator, 2 * ETHER, hostile_account)


# Holds I-2.
def test_withdraw__credited__pays_once(registry, challenger, stranger, fined):
    before = stranger.balance()
    receipt = registry.withdraw(stranger, {"from": challenger})
    assert receipt.return_value == 3 * ETHER
    assert stranger.balance() == before + 3 * ETHER
    assert registry.balance() == 7 * ETHER
    assert registry.credits(challenger) == 0
    fields = {"account": challenger, "to": stranger, "amount": 3 * ETHER}
    assert only_event(receipt, "Withdrawn") == fields
    with reverts(NOTHING_OWED):
        registry.withdraw(stranger, {"from": challenger})


def test_withdraw__nothing_owed__reverts(registry, operator, fined):
    with reverts(NOTHING_OWED):
        registry.withdraw(operator, {"from": operator})


def test_withdraw__to_the_zero_address__reverts(registry, challenger, fined):
    with reverts(BAD_ADDRESS):
        registry.withdraw(ZERO_ADDRESS, {"from": challenger})


def test_withdraw__receiver_refuses__reverts_and_another_can_be_named(
    registry, challenger, hostile_account, fined
):
    hostile_account.set_refusal(True, {"from": challenger})
    with reverts(PAYMENT_FAILED):
        registry.withdraw(hostile_account, {"from": challenger})
    with reverts(PAYMENT_FAILED):
        registry.withdraw(registry, {"from": challenger})
    assert registry.credits(challenger) == 3 * ETHER
    registry.withdraw(challenger, {"from": challenger})


def test_withdraw__receiver_calls_back__is_locked_out_and_paid_once(
    deployment, registry, operator, stranger, hostile_account, fined
):
    withdraw = registry.withdraw.encode_input(hostile_account)
    view = registry.operator.encode_input(stranger)  # what succeeds at any other time
    for paid, call in enumerate((withdraw, view), 1):
        hostile_account.set_call(registry, call, {"from": stranger})
        hostile_account.execute(registry, withdraw, {"from": stranger})
        assert not hostile_account.called()
        assert hostile_account.balance() == 2 * paid * ETHER
        assert registry.balance() == (10 - 2 * paid) * ETHER
        deployment.slash(operator, 2 * ETHER, hostile_account)
