"""Closing of reveals in the first block that allows it, so that nobody chooses among seeds."""

from web3.exceptions import ContractLogicError

from offchain.chain.history import OPEN
from offchain.chain.market import Market
from offchain.chain.transactions import Sender
from offchain.protocol.task import Task

MARGIN = 60
"""Seconds before the reveal deadline from which the node is asked if the next block allows it."""


def close_reveals(market: Market, task_id: bytes, task: Task, sender: Sender) -> bool:
    """Close a task's reveals if the next block allows it; return True once it is done.

    The call is simulated in the pending block, whose time is ahead of the latest one's. So it can
    be in the very first block from the deadline on. A node that has no pending block simulates the
    latest one, and the call comes a block later.
    """
    eth = market.node.web3.eth
    if eth.get_block("latest")["timestamp"] + MARGIN < task.reveal_deadline:
        return False
    if market.stage(task_id) != OPEN:
        return False
    call = market.contract.functions.close_reveals(task_id)
    try:
        gas = call.estimate_gas({"from": sender.address}, "pending")
        sender.send(call, gas=gas + gas // 4)
    except ContractLogicError:  # too early, nothing was revealed, or somebody came first
        return False
    return True
