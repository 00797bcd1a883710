"""Control of a local chain: move its clock, and send without Brownie's messages."""

from typing import Any

from brownie import web3


def now() -> int:
    """Return the chain's time in Unix seconds, which is not this machine's."""
    return int(web3.eth.get_block("latest")["timestamp"])


def warp(time: int) -> None:
    """Mine a block at `time`; the blocks after it come later."""
    web3.provider.make_request("evm_setNextBlockTimestamp", [int(time)])
    web3.provider.make_request("evm_mine", [])


def send(function: Any, *arguments: Any, account: Any, value: int = 0) -> Any:
    """Call a contract's function in a transaction; return the receipt.

    Raises `brownie.exceptions.VirtualMachineError` with the contract's reason.
    """
    return function(*arguments, {"from": account, "value": value}, silent=True)
