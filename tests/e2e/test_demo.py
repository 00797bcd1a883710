"""The demo ends as it must, or with an error: see its own checks."""

from brownie import accounts

from scripts import demo


def test_demo__whole__leaves_the_market_empty(capsys):
    demo.main()
    said = capsys.readouterr().out
    assert "the market holds 0 wei" in said
    assert "refused: a debug enclave: debug" in said
    assert said.count("delivered and was paid") >= 2
    assert "overturned it" in said
    assert all(account.balance() > 0 for account in accounts)
