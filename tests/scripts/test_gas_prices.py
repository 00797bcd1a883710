"""The preflight of a deployment: what the chain asks, and what it refuses."""

# Holds I-30.

from dataclasses import replace

import pytest
from brownie import accounts, web3
from rich.console import Console

from scripts.deploy import deploy
from scripts.lib.gas_prices import MOST, GasPrices, check_room, measure_prices, required
from scripts.lib.settings import PaymentGas, SettingsError, load

PUSHES = 12
"""Gas at most of the pushes and pops around an instruction."""
OSAKA = GasPrices(new_word=22_100, old_word=2_100, account=2_600, value=9_000, event=1_756)


def test_measure_prices__osaka__are_those_of_its_specification():
    measured = measure_prices(web3, accounts[0].address)
    for name, price in vars(OSAKA).items():
        stipend = 2_300 if name == "value" else 0  # comes back, since nothing uses it
        spread = getattr(measured, name) - (price - stipend)
        assert 0 <= spread <= 120 + PUSHES, name  # a warm access, at most


def test_check_room__settings_of_development__pass():
    check_room(load("development", live=False).payment_gas, measure_prices(web3, str(accounts[0])))


@pytest.mark.parametrize("name", PaymentGas._fields)
def test_check_room__at_its_bound_and_one_below(name):
    least = required(OSAKA)
    check_room(least, OSAKA)
    short = least._replace(**{name: getattr(least, name) - 1})
    with pytest.raises(SettingsError, match=f"{name} is {getattr(short, name)}, expected"):
        check_room(short, OSAKA)


def test_check_room__more_than_half_a_transaction__is_refused():
    gas = PaymentGas(10**6, MOST - 4 * 10**6, 15 * 10**5)
    check_room(gas, OSAKA)
    with pytest.raises(SettingsError, match=f"adds up to {MOST + 1} in a call"):
        check_room(gas._replace(ether=gas.ether + 1), OSAKA)


def test_required__tenfold_prices__leave_settings_of_today_without_room():
    dearer = GasPrices(**{name: 10 * price for name, price in vars(OSAKA).items()})
    with pytest.raises(SettingsError, match="reserve is 600000, expected 3"):
        check_room(load("development", live=False).payment_gas, dearer)


def test_deploy__payments_without_room__sends_nothing():
    settings = load("development", live=False)
    nonce = accounts[0].nonce
    short = replace(settings, payment_gas=settings.payment_gas._replace(reserve=60_000))
    with pytest.raises(SettingsError, match="payment_gas has no room for 10 times the prices"):
        deploy(accounts[0], short, Console(quiet=True))
    assert accounts[0].nonce == nonce
