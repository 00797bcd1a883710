# pragma version 0.4.3
"""
@title A standard ERC-20 token
@license GNU Affero General Public License v3.0 only
@notice ERC-20 with any number of decimals, which anybody may mint.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed

name: public(constant(String[32])) = "Plain"
symbol: public(constant(String[32])) = "PLAIN"
decimals: public(immutable(uint8))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(_decimals: uint8):
    decimals = _decimals


@external
def mint(_to: address, _amount: uint256):
    self.totalSupply += _amount
    self.balanceOf[_to] += _amount
    log IERC20.Transfer(sender=empty(address), receiver=_to, value=_amount)


@external
def approve(_spender: address, _amount: uint256) -> bool:
    self.allowance[msg.sender][_spender] = _amount
    log IERC20.Approval(owner=msg.sender, spender=_spender, value=_amount)
    return True


@external
def transfer(_to: address, _amount: uint256) -> bool:
    self._move(msg.sender, _to, _amount)
    return True


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    if self.allowance[_from][msg.sender] != max_value(uint256):
        self.allowance[_from][msg.sender] -= _amount
    self._move(_from, _to, _amount)
    return True


@internal
def _move(_from: address, _to: address, _amount: uint256):
    self.balanceOf[_from] -= _amount
    self.balanceOf[_to] += _amount
    log IERC20.Transfer(sender=_from, receiver=_to, value=_amount)
