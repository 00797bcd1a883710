"""Probes of a chain before a deployment."""

import pytest
from brownie import accounts, chain, web3

from scripts.lib.gas_prices import measure_prices
from scripts.lib.preflight import (
    LEAST_RANDOM,
    READ_PREVRANDAO,
    WrongChainError,
    check_prevrandao,
    prevrandao,
)
from scripts.preflight import probe


class Constant:
    """A node whose chain has a constant for prevrandao."""

    def __init__(self, value: int) -> None:
        self.eth, self.value, self.block_number = self, value, 1

    def call(self, _: object) -> bytes:
        return self.value.to_bytes(32, "big")


def test_prevrandao__local_chain__is_random():
    chain.mine()
    assert prevrandao(web3) >= LEAST_RANDOM
    check_prevrandao(web3)


def test_prevrandao__any_value__is_behind_a_zero_byte():
    # A node takes the answer for code, which must not begin with 0xEF (EIP-3541): one in 256 would.
    assert web3.eth.call({"data": READ_PREVRANDAO})[0] == 0


def test_check_prevrandao__first_block_alone__says_nothing():
    node = Constant(0)
    node.block_number = 0
    check_prevrandao(node)


@pytest.mark.parametrize("value", [0, 1, 2_500_000_000_000_000, LEAST_RANDOM - 1])
def test_check_prevrandao__constant__is_refused(value):
    with pytest.raises(WrongChainError, match=f"prevrandao of this chain is {value}, a constant"):
        check_prevrandao(Constant(value))
    check_prevrandao(Constant(LEAST_RANDOM))


def test_probe__local_chain__has_everything():
    chain.mine()
    found = probe(web3, accounts[0].address)
    assert found["P256VERIFY (EIP-7951)"] == "yes"
    assert found["prevrandao (EIP-4399)"] == "random"
    assert found["gas limit of a block"] == "30,000,000"
    assert found["gas of new_word"] == f"{measure_prices(web3, accounts[0].address).new_word:,}"
