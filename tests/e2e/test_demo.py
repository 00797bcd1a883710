"""The demo ends as it must, or with an error: see its own checks."""

import pytest
from brownie import accounts

from scripts import demo
from tests.anvil import fund

WEALTH = 10**22


@pytest.fixture(autouse=True)
def wealth(fn_isolation):
    """Whatever earlier tests spent, and nothing that the demo does is left to later ones."""
    for account in accounts[:30]:
        fund(account.address, WEALTH)


def test_demo__whole__leaves_the_market_empty(capsys):
    made = demo.main()
    assert made.market.balance() == 0
    said = capsys.readouterr().out
    assert "the market holds 0 wei" in said
    assert "the registry's owner says: SIMULATED SGX enclave" in said
    assert "refused: a debug enclave: debug" in said
    assert "refused: a quote for another operator: report data" in said
    assert "refused: a quote replayed: report data" in said
    assert said.count("delivered and was paid") >= 2
    assert "overturned it" in said
