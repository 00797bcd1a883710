"""An operator's transactions that wait, are dropped, or come too late: one report, and no stall."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from eth_account import Account
from web3.exceptions import ContractLogicError

from offchain.chain.history import REPORTED
from offchain.chain.transactions import FeePolicy, KeySender, NodeSender
from tests.anvil import fund, rpc
from tests.e2e.hosts import ETHER, close_sale, mine, open_sale
from tests.offchain.market import model
from tests.vectors.generate import word

ACCOUNT = Account.from_key(word("an operator's key"))
IMPATIENT = FeePolicy(seconds=0.05)


@pytest.fixture
def measured(hosts):
    """A sale whose first two enclaves have measured."""
    sale = open_sale(hosts, [model([0, 1])])
    close_sale(sale)
    mine()
    list(sale.provider().release(sale.task_id))
    sale.feed(0, 1)
    fund(ACCOUNT.address, ETHER)
    _agree(sale)
    return sale


class _Refusing(NodeSender):
    """An account whose transactions are all refused."""

    def send(self, *_: object, **__: object) -> None:
        raise ContractLogicError("execution reverted: not yet")


def _agree(sale):
    """Let both operators publish their signatures, and nobody post."""
    operators = [sale.operator(seat, turn=0) for seat in (0, 1)]
    for each in operators:
        each.sender = _Refusing(sale.hosts.web3, each.sender.address)
    ready = set()
    for _ in range(200):
        for seat, each in enumerate(operators):
            ready |= {seat for line in each.step() if "market refuses the report" in line}
        if len(ready) == 2:
            return
        time.sleep(0.01)
    raise AssertionError(ready)


def until(operator, words):
    """Step until a line has these words; return that line."""
    for _ in range(100):
        for line in operator.step():
            if words in line:
                return line
        time.sleep(0.01)
    raise AssertionError(words)


@pytest.fixture
def no_blocks():
    """Blocks are made by hand."""
    rpc("evm_setAutomine", False)
    yield
    rpc("evm_setAutomine", True)


def operator(sale, **options):
    made = sale.operator(0, turn=0, **options)
    made.sender = KeySender(sale.hosts.web3, ACCOUNT, IMPATIENT)
    return made


def pending():
    """The account's transactions that wait."""
    pool = {sender.lower(): each for sender, each in rpc("txpool_content")["pending"].items()}
    return list(pool.get(ACCOUNT.address.lower(), {}).values())


def fees(transaction):
    return [int(transaction[key], 16) for key in ("maxFeePerGas", "maxPriorityFeePerGas")]


def test_step__transaction_in_no_block__is_waited_for_and_replaced_in_the_end(measured, no_blocks):
    killed = operator(measured, resend=3)
    until(killed, "TimeExhausted")
    (sent,) = pending()
    again = operator(measured, resend=3)
    waits = f"a transaction of {ACCOUNT.address} is in no block yet"
    for _ in range(3):
        assert list(again.step()) == [waits]
        assert pending() == [sent]
    assert "already imported" in list(again.step())[-1]  # it offers the same, then more
    said = [line for _ in range(4) for line in again.step()]
    assert said[:3] == [waits] * 3
    assert "TimeExhausted" in said[-1]
    (replaced,) = pending()
    assert (replaced["nonce"], replaced["input"]) == (sent["nonce"], sent["input"])
    assert all(new > old for new, old in zip(fees(replaced), fees(sent), strict=True))
    mine()
    assert measured.stage() == REPORTED
    assert list(again.step()) == []
    assert len(measured.reports()) == 1


def test_step__transaction_that_the_node_drops__is_sent_again(measured, no_blocks):
    watching = operator(measured)
    until(watching, "TimeExhausted")
    (sent,) = pending()
    rpc("anvil_dropTransaction", sent["hash"])
    assert "TimeExhausted" in list(watching.step())[-1]
    (again,) = pending()
    assert again["nonce"] == sent["nonce"]
    mine()
    assert len(measured.reports()) == 1


def test_step__report_of_another_in_the_same_block__is_not_taken(measured, no_blocks):
    web3, other = measured.hosts.web3, measured.operator(0)
    other.sender = NodeSender(web3, other.sender.address, IMPATIENT)
    until(other, "TimeExhausted")
    late = operator(measured)
    late.sender = KeySender(web3, ACCOUNT, FeePolicy(seconds=30, most=1))  # so it comes second

    def mine_both():
        while not pending():
            time.sleep(0.01)
        mine(1)

    with ThreadPoolExecutor(1) as miner:
        done = miner.submit(mine_both)
        line = until(late, "market refuses the report")
        done.result()
    assert "market refuses the report: " in line
    assert " reverted in block " in line
    assert len(measured.reports()) == 1
