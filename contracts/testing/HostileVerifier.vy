# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title A malicious verifier: it calls back, and returns any bytes
@license GNU Affero General Public License v3.0 only
"""

# Bytes that `verify` returns as they are; none: it reverts.
answer: Bytes[96]
target: address
call_data: Bytes[1024]
# Result of the last call back.
called: public(bool)
response: public(Bytes[1024])


@external
def set_answer(_answer: Bytes[96]):
    self.answer = _answer


@external
def set_call(_target: address, _call_data: Bytes[1024]):
    self.target = _target
    self.call_data = _call_data


@external
@raw_return
def verify(_evidence: Bytes[8192], _report_data: bytes32) -> Bytes[96]:
    if self.target != empty(address):
        success: bool = False
        response: Bytes[1024] = b""
        success, response = raw_call(
            self.target, self.call_data, max_outsize=1024, revert_on_failure=False
        )
        self.called = success
        self.response = response
    assert len(self.answer) > 0, "verifier says no"
    return self.answer
