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
    said = " ".join(capsys.readouterr().out.split())
    assert "the market holds 0 wei" in said
    assert "the registry's owner says: SIMULATED SGX enclave" in said
    assert "refused: a debug enclave: debug" in said
    assert "refused: a quote for another operator: report data" in said
    assert "refused: a quote replayed: report data" in said
    assert said.count("sold for") >= 2
    assert "disputed, with a bond" in said
    assert "report overturned" in said
    assert said.count("on the whole test set 0.") == said.count("sold for")
