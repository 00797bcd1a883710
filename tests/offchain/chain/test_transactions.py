"""Fees of transactions: the first attempt, replacements, and the limit."""

from types import SimpleNamespace

import pytest
from hexbytes import HexBytes
from web3.exceptions import TimeExhausted

from offchain.chain.transactions import FeePolicy, NodeSender

GWEI = 10**9


class Chain:
    """A node that accepts every transaction and mines none."""

    def __init__(self, base_fee: int, max_priority_fee: int) -> None:
        self.base_fee, self.max_priority_fee = base_fee, max_priority_fee
        self.mined, self.sent = 0, []

    def get_transaction_count(self, address: str, block: str) -> int:
        assert block == "latest"
        return self.mined

    def get_block(self, block: str) -> dict[str, int]:
        return {"baseFeePerGas": self.base_fee}

    def send_transaction(self, made: dict[str, int]) -> HexBytes:
        self.sent.append((made["nonce"], made["maxFeePerGas"], made["maxPriorityFeePerGas"]))
        return HexBytes(b"")

    def wait_for_transaction_receipt(self, *_: object) -> None:
        raise TimeExhausted


def offered(most: int, chain: Chain, tries: int) -> list[tuple[int, int, int]]:
    """Send the same call several times; return nonce, fee and tip of every attempt so far."""
    web3 = SimpleNamespace(eth=chain, to_checksum_address=str)
    sender = NodeSender(web3, "0x", FeePolicy(most=most))  # type: ignore[arg-type]
    call = SimpleNamespace(build_transaction=dict)
    for _ in range(tries):
        with pytest.raises(TimeExhausted):
            sender.send(call)  # type: ignore[arg-type]
    return chain.sent


def test_send__first_try__offers_twice_the_base_fee_and_the_tip() -> None:
    assert offered(100 * GWEI, Chain(7 * GWEI, 2 * GWEI), 1) == [(0, 16 * GWEI, 2 * GWEI)]


def test_send__again_and_again__offers_a_quarter_more_up_to_the_limit() -> None:
    assert offered(100, Chain(36, 8), 3) == [(0, 80, 8), (0, 100, 11), (0, 100, 14)]
    assert offered(4, Chain(3, 8), 1) == [(0, 4, 4)]


def test_send__base_fee_that_rises__is_followed() -> None:
    chain = Chain(10, 4)
    offered(1000, chain, 1)
    chain.base_fee = 100
    assert offered(1000, chain, 1)[1] == (0, 204, 4)
