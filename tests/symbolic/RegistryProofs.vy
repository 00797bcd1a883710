# pragma version 0.4.3
"""
@title Properties of the registry: who may do what, and when
@license GNU Affero General Public License v3.0 only
@dev The registry as EnclaveRegistry.vy wires it, in one contract with its properties. Calls go through its own
     external functions, from any account, at any time.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules.registry import quorum
from contracts.modules.registry import records
from contracts.modules.registry import revocation
from contracts.modules.registry import staking
from contracts.modules.registry import verifiers
from tests.symbolic import proofs

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: records
initializes: quorum[records := records]
initializes: staking[ownable := ownable, records := records]
initializes: verifiers[ownable := ownable, records := records]
initializes: revocation[ownable := ownable, records := records]

exports: (staking.request_unstake, staking.unstake, staking.slash, staking.set_market)
exports: (revocation.revoke_platform, revocation.revoke_measurement, revocation.revoke_verifier)
exports: (revocation.revoke_enclave, verifiers.propose_verifier, verifiers.add_verifier)
exports: (ownable_2step.transfer_ownership, ownable_2step.accept_ownership)

OWNER: constant(address) = 0x00000000000000000000000000000000000A11cE
MARKET: constant(address) = 0x0000000000000000000000000000000000000B0b
OPERATOR: constant(address) = 0x00000000000000000000000000000000000ca401
DAY: constant(uint256) = 86_400


@deploy
def __init__():
    ownable.__init__()
    ownable_2step.__init__()
    ownable._transfer_ownership(OWNER)
    # A verifier must have code: one byte, STOP.
    verifiers.__init__(raw_create(x"6001600c60003960016000f300"))
    staking.named_market = MARKET


@internal
def _call(_sender: address, _data: Bytes[100]) -> bool:
    proofs._prank(_sender)
    return raw_call(self, _data, revert_on_failure=False)


# ── Only the owner narrows or widens trust ──


@internal
def _owner_alone(_sender: address, _id: bytes32, _key: address, _choice: uint256, _but: address):
    if _sender == _but:
        return
    call: Bytes[100] = abi_encode(_id, method_id=method_id("revoke_platform(bytes32)"))
    if _choice == 1:
        call = abi_encode(_id, method_id=method_id("revoke_measurement(bytes32)"))
    elif _choice == 2:
        call = abi_encode(_key, method_id=method_id("revoke_verifier(address)"))
    elif _choice == 3:
        call = abi_encode(_key, _id, method_id=method_id("revoke_enclave(address,bytes32)"))
    elif _choice == 4:
        call = abi_encode(self, method_id=method_id("propose_verifier(address)"))
    elif _choice == 5:
        call = abi_encode(_key, method_id=method_id("transfer_ownership(address)"))
    elif _choice == 6:
        call = abi_encode(_key, method_id=method_id("set_market(address)"))
    proofs._prove(not self._call(_sender, call))


@external
def check_strangers_change_no_trust(_from: address, _id: bytes32, _key: address, _n: uint256):
    self._owner_alone(_from, _id, _key, _n, OWNER)


@external
def twin_strangers_change_no_trust(_from: address, _id: bytes32, _key: address, _n: uint256):
    self._owner_alone(_from, _id, _key, _n, MARKET)


# ── Nobody but the pending owner takes ownership ──


@internal
def _accepted(_sender: address, _pending: address, _but: address):
    ownable_2step.pending_owner = _pending
    if _sender == _but:
        return
    proofs._prove(not self._call(_sender, method_id("accept_ownership()")))


@external
def check_ownership_is_accepted(_sender: address, _pending: address):
    self._accepted(_sender, _pending, _pending)


@external
def twin_ownership_is_accepted(_sender: address, _pending: address):
    self._accepted(_sender, _pending, OWNER)


# ── Only the market fines operators ──


@internal
def _fined(_sender: address, _word: uint256, _amount: uint256, _but: address):
    records.operators[OPERATOR] = _word
    if _sender == _but:
        return
    call: Bytes[100] = abi_encode(
        OPERATOR, _amount, _sender, method_id=method_id("slash(address,uint256,address)")
    )
    proofs._prove(not self._call(_sender, call))


@external
def check_the_market_alone_slashes(_sender: address, _word: uint256, _amount: uint256):
    self._fined(_sender, _word, _amount, MARKET)


@external
def twin_the_market_alone_slashes(_sender: address, _word: uint256, _amount: uint256):
    self._fined(_sender, _word, _amount, OWNER)


# ── A fine takes no more than there is, and what it takes is credited ──


@internal
def _conserved(_word: uint256, _amount: uint256, _credit: uint256, _lost: uint256):
    records.operators[OPERATOR] = _word
    staking.credit_of[OWNER] = _credit
    call: Bytes[100] = abi_encode(
        OPERATOR, _amount, OWNER, method_id=method_id("slash(address,uint256,address)")
    )
    if not self._call(MARKET, call):
        return
    after: uint256 = records._get_stake(records.operators[OPERATOR])
    taken: uint256 = unsafe_sub(staking.credit_of[OWNER], _credit)
    proofs._prove(unsafe_add(unsafe_add(after, taken), _lost) == records._get_stake(_word))
    proofs._prove(taken <= _amount)


@external
def check_a_fine_conserves_stake(_word: uint256, _amount: uint256, _credit: uint256):
    self._conserved(_word, _amount, _credit, 0)


@external
def twin_a_fine_conserves_stake(_word: uint256, _amount: uint256, _credit: uint256):
    self._conserved(_word, _amount, _credit, 1)


# ── Stake stays for three weeks after it was asked for ──


@internal
def _unbonding(_word: uint256, _asked: uint256, _time: uint256, _wait: uint256):
    if _asked == 0 or _asked >= 2**39 or _time < _asked or _time >= 2**39:
        return
    records.operators[OPERATOR] = _word
    proofs._warp(_asked)
    if not self._call(OPERATOR, method_id("request_unstake()")):
        return
    proofs._warp(_time)
    call: Bytes[100] = abi_encode(OPERATOR, method_id=method_id("unstake(address)"))
    if self._call(OPERATOR, call):
        proofs._prove(_time >= _asked + _wait)


@external
def check_stake_unbonds_for_three_weeks(_word: uint256, _asked: uint256, _time: uint256):
    self._unbonding(_word, _asked, _time, 21 * DAY)


@external
def twin_stake_unbonds_for_three_weeks(_word: uint256, _asked: uint256, _time: uint256):
    self._unbonding(_word, _asked, _time, 21 * DAY + 1)


# ── A verifier waits for two weeks, and none comes back that was revoked ──


@internal
def _added(_word: uint256, _sender: address, _time: uint256, _early: uint256):
    if _time >= 2**39:
        return
    records.verifiers[MARKET] = _word
    proofs._warp(_time)
    call: Bytes[100] = abi_encode(MARKET, method_id=method_id("add_verifier(address)"))
    if self._call(_sender, call):
        proofs._prove(records._get_revoked_at(_word) == 0 and records._get_value(_word) == 0)
        proofs._prove(_time >= records._get_until(_word) + _early)


@external
def check_a_verifier_waits(_word: uint256, _sender: address, _time: uint256):
    self._added(_word, _sender, _time, 0)


@external
def twin_a_verifier_waits(_word: uint256, _sender: address, _time: uint256):
    self._added(_word, _sender, _time, 1)


# ── Who may sign: one expression for all conditions ──


@internal
@view
def _signing(
    _enclave: uint256, _binding: uint160, _platform: uint256, _operator: uint256, _unbonding: bool
):
    if block.timestamp >= 2**40:
        return
    binding: uint256 = convert(_binding, uint256)
    known: bool = records._get_value(_enclave) == binding
    current: bool = block.timestamp < records._get_until(_enclave)
    trusted: bool = (
        records._get_revoked_at(_enclave) == 0 and records._get_revoked_at(_platform) == 0
    )
    staked: bool = records._get_epoch(_enclave) == records._get_epoch(_operator) and (
        _unbonding or records._get_until(_operator) == 0
    )
    may_sign: bool = quorum._may_sign(_enclave, binding, _platform, _operator)
    proofs._prove(may_sign == (known and current and trusted and staked))


@external
@view
def check_an_enclave_may_sign(
    _enclave: uint256, _binding: uint160, _platform: uint256, _operator: uint256
):
    self._signing(_enclave, _binding, _platform, _operator, False)


@external
@view
def twin_an_enclave_may_sign(
    _enclave: uint256, _binding: uint160, _platform: uint256, _operator: uint256
):
    self._signing(_enclave, _binding, _platform, _operator, True)
