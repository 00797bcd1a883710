# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title A token whose behaviour tests configure
@license GNU Affero General Public License v3.0 only
@notice Behaves as tokens have been seen to, or could, from one call to the next. Anybody may mint, and set its mode.
"""

from ethereum.ercs import IERC20

# ── Modes ──

STANDARD: constant(uint256) = 0
RETURNS_NOTHING: constant(uint256) = 1  # returns nothing
RETURNS_FALSE: constant(uint256) = 2  # returns false and moves nothing
REVERTS: constant(uint256) = 3
BURNS_ALL_GAS: constant(uint256) = 4  # burns all that it is given
MOVES_NOTHING: constant(uint256) = 5  # returns true and moves nothing
MOVES_AND_RETURNS_FALSE: constant(uint256) = 6  # moves, and returns false
RETURNS_TWO: constant(uint256) = 7  # moves, and returns 2
RETURNS_31_BYTES: constant(uint256) = 8  # moves, and returns 31 bytes
RETURNS_4_KB: constant(uint256) = 9  # moves, and returns 4 kB that begin with true
DELIVERS_ONE_LESS: constant(uint256) = 10  # delivers one unit less
DELIVERS_ONE_MORE: constant(uint256) = 11  # delivers one unit more
HIDES_BALANCES: constant(uint256) = 12  # moves, and says that nobody holds anything

FEE: constant(uint256) = 1

mode: public(uint256)
# Gas that each transfer burns.
cost: public(uint256)
# Nobody can send it any.
blocked: public(HashMap[address, bool])
holdings: HashMap[address, uint256]
target: address
call_data: Bytes[4096]
# Result of the last call back.
called: public(bool)
response: public(Bytes[1024])


@external
def set_mode(_mode: uint256):
    self.mode = _mode


@external
def set_cost(_cost: uint256):
    self.cost = _cost


@external
def set_blocked(_account: address, _blocked: bool):
    self.blocked[_account] = _blocked


@external
def set_call(_target: address, _call_data: Bytes[4096]):
    self.target = _target
    self.call_data = _call_data


@external
def mint(_to: address, _amount: uint256):
    self.holdings[_to] += _amount


@external
@view
def balanceOf(_account: address) -> uint256:
    if self.mode == HIDES_BALANCES:
        return 0
    return self.holdings[_account]


@external
@raw_return
def transfer(_to: address, _amount: uint256) -> Bytes[4096]:
    return self._move(msg.sender, _to, _amount)


@external
@raw_return
def transferFrom(_from: address, _to: address, _amount: uint256) -> Bytes[4096]:
    """
    @dev Asks nobody for an allowance: every market has one.
    """
    return self._move(_from, _to, _amount)


@internal
def _move(_from: address, _to: address, _amount: uint256) -> Bytes[4096]:
    assert self.mode != REVERTS, "token says no"
    assert not self.blocked[_to], "blocked"
    if self.mode == BURNS_ALL_GAS:
        raise UNREACHABLE
    before: uint256 = msg.gas
    for _: uint256 in range(100_000):
        if before - msg.gas >= self.cost:
            break
    if self.target != empty(address):
        self._call_back()
    if self.mode == RETURNS_FALSE:
        return abi_encode(False)
    if self.mode == MOVES_NOTHING:
        return abi_encode(True)
    self.holdings[_from] -= _amount
    self.holdings[_to] += _amount
    if self.mode == DELIVERS_ONE_LESS:
        self.holdings[_to] -= FEE
    if self.mode == DELIVERS_ONE_MORE:
        self.holdings[_to] += FEE
    log IERC20.Transfer(sender=_from, receiver=_to, value=_amount)
    return self._response()


@internal
def _call_back():
    success: bool = False
    response: Bytes[1024] = b""
    success, response = raw_call(
        self.target, self.call_data, max_outsize=1024, revert_on_failure=False
    )
    self.called = success
    self.response = response


@internal
@view
def _response() -> Bytes[4096]:
    if self.mode == RETURNS_NOTHING:
        return b""
    if self.mode == MOVES_AND_RETURNS_FALSE:
        return abi_encode(False)
    if self.mode == RETURNS_TWO:
        return abi_encode(convert(2, uint256))
    if self.mode == RETURNS_31_BYTES:
        return slice(abi_encode(True), 0, 31)
    if self.mode == RETURNS_4_KB:
        words: uint256[128] = empty(uint256[128])
        words[0] = 1
        return abi_encode(words)
    return abi_encode(True)
