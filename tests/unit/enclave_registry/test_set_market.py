# Holds S-35.

import pytest
from brownie import ZERO_ADDRESS, EnclaveRegistry, reverts

from tests.deployment import PLATFORM_STAKE
from tests.reasons import MARKET_KNOWN, NOT_A_CONTRACT
from tests.unit.enclave_registry.registry_deployment import NOT_OWNER, only_event


@pytest.fixture
def unnamed(deployer, owner, verifier):
    """A registry without a market."""
    return deployer.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)


def test_set_market__first__names_it(unnamed, owner, market):
    assert unnamed.market() == ZERO_ADDRESS
    receipt = unnamed.set_market(market, {"from": owner})
    assert unnamed.market() == market
    assert only_event(receipt, "MarketSet") == {"market": market}


def test_set_market__again__reverts(unnamed, owner, market, verifier):
    unnamed.set_market(market, {"from": owner})
    for another in (market, verifier):
        with reverts(MARKET_KNOWN):
            unnamed.set_market(another, {"from": owner})


def test_set_market__no_code__reverts(unnamed, owner, stranger):
    for account in (stranger, ZERO_ADDRESS):
        with reverts(NOT_A_CONTRACT):
            unnamed.set_market(account, {"from": owner})


def test_set_market__not_the_owner__reverts(unnamed, deployer, stranger, market):
    for caller in (deployer, stranger, market):
        with reverts(NOT_OWNER):
            unnamed.set_market(market, {"from": caller})
