# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title An account that refuses ether, takes it at a cost of gas, or calls back when it gets some
@license GNU Affero General Public License v3.0 only
"""

refuses: bool
target: address
call_data: Bytes[4096]
# Gas that it burns when it gets ether.
cost: uint256
# Result of the last call back.
called: public(bool)
response: public(Bytes[1024])


@external
@payable
def execute(_target: address, _call_data: Bytes[4096]):
    raw_call(_target, _call_data, value=msg.value)


@external
def set_refusal(_refuses: bool):
    self.refuses = _refuses


@external
def set_cost(_cost: uint256):
    self.cost = _cost


@external
def set_call(_target: address, _call_data: Bytes[4096]):
    self.target = _target
    self.call_data = _call_data


@external
@payable
def __default__():
    assert not self.refuses, "refused"
    before: uint256 = msg.gas
    for _: uint256 in range(100_000):
        if before - msg.gas >= self.cost:
            break
    if self.target != empty(address):
        success: bool = False
        response: Bytes[1024] = b""
        success, response = raw_call(
            self.target, self.call_data, max_outsize=1024, revert_on_failure=False
        )
        self.called = success
        self.response = response
