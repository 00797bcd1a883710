# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: MIT
"""
@title A treasury that buys models with its own ether
@license MIT
@notice The owner approves each task. What is not spent comes back here, and the owner can take it out. Whoever holds
        the delivery key of the task opens the models; the contract never sees it.
"""

from interfaces import IModelMarket
from interfaces import Types

MARKET: public(immutable(IModelMarket))
OWNER: public(immutable(address))
# Wei that a task may cost at most, with the fee for its operators.
LIMIT: public(immutable(uint256))


@deploy
@payable
def __init__(_market: IModelMarket, _limit: uint256):
    MARKET = _market
    OWNER = msg.sender
    LIMIT = _limit


@external
@payable
@reentrant
def __default__():
    """
    @dev The market pays refunds here, in the middle of `settle` and `withdraw`. It leaves a payment little gas.
    """
    pass


@external
def buy(_task: Types.Task, _uri: String[256]) -> bytes32:
    """
    @notice Create a task whose provider is this treasury, and escrow its ether.
    @return The task id.
    """
    assert msg.sender == OWNER, "not the owner"
    assert _task.token == empty(address), "ether only"
    cost: uint256 = _task.budget + _task.benchmark_fee
    assert cost <= LIMIT, "above the limit"
    return extcall MARKET.create_task(_task, _uri, value=cost)


@external
def settle(
    _task: Types.Task,
    _payouts: DynArray[uint256, 8],
    _report_digest: bytes32,
    _signers: DynArray[Types.Signer, 3],
):
    """
    @notice End a task. Because the treasury is the provider and the caller, its refund is paid at once. Anyone may call.
    """
    extcall MARKET.settle(_task, _payouts, _report_digest, _signers)


@external
def collect() -> uint256:
    """
    @notice Fetch what the market credited, because somebody else settled or voided a task. Anyone may call.
    @return Wei.
    """
    return extcall MARKET.withdraw(empty(address), self)


@external
def take(_amount: uint256, _to: address):
    """
    @notice Take ether out.
    """
    assert msg.sender == OWNER, "not the owner"
    raw_call(_to, b"", value=_amount)
