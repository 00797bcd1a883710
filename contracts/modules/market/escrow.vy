# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Escrow: money in, money out, and who is owed what
@license GNU Affero General Public License v3.0 only
@notice withdraw, and the payments of the other modules. The market stores credits only. What it owes for a task follows
        from its terms and its progress word: budget and fee, less the awards claimed; commit bonds, entry fees and the
        bond of a dispute, which are ether; and, once it is voided, the shares that were not claimed. So at any time

            balance(token) >= credits + what it owes for tasks      for every token, ether too
                                                                    with equality while nobody donates

@dev Only the caller is paid at once, under a gas cap. A payment that fails, or that is for another account, becomes a
     credit. So no payee can make the call of another account fail or cost more (denial of service).

     Before the first payment of a call, one check demands the gas of all its payments: their caps, and a reserve for
     each. Nothing that a receiver or a token does comes before that check, and everything after it fits into caps and
     reserves. So the smallest gas limit with which a call succeeds is the same whether its payments succeed or not.
"""

from ethereum.ercs import IERC20

from contracts.modules.common import errors
from interfaces import IModelMarket

# ── Immutables ──

# Gas that a payment may use: one of ether, and one of a token.
ETHER_GAS: immutable(uint256)
TOKEN_GAS: immutable(uint256)
# Gas kept for each payment beside its cap: for the call itself, for a new word of storage and an event if it fails, and
# for the end of the function.
RESERVE_GAS: immutable(uint256)

# ── Storage ──

# token (zero address: wei) -> account -> units that the account can withdraw
credit_of: HashMap[address, HashMap[address, uint256]]


@deploy
def __init__(_ether_gas: uint256, _token_gas: uint256, _reserve_gas: uint256):
    if min(_ether_gas, min(_token_gas, _reserve_gas)) == 0:
        errors._revert(errors.BAD_GAS)
    ETHER_GAS = _ether_gas
    TOKEN_GAS = _token_gas
    RESERVE_GAS = _reserve_gas


# ── Anybody who is owed ──


@external
def withdraw(_token: address, _to: address) -> uint256:
    """
    @dev See `IModelMarket.withdraw`.
    """
    if _to == empty(address) or _to == self:
        errors._revert(errors.BAD_ADDRESS)
    amount: uint256 = self.credit_of[_token][msg.sender]
    if amount == 0:
        errors._revert(errors.NOTHING_OWED)
    self.credit_of[_token][msg.sender] = 0
    log IModelMarket.Withdrawn(token=_token, account=msg.sender, to=_to, amount=amount)
    if _token == empty(address):
        if not raw_call(_to, b"", value=amount, revert_on_failure=False):
            errors._revert(errors.PAYMENT_FAILED)
    else:
        paid: bool = extcall IERC20(_token).transfer(_to, amount, default_return_value=True)
        if not paid:
            errors._revert(errors.PAYMENT_FAILED)
    return amount


# ── Views ──


@external
@view
def payment_gas() -> (uint256, uint256, uint256):
    """
    @dev See `IModelMarket.payment_gas`.
    """
    return ETHER_GAS, TOKEN_GAS, RESERVE_GAS


@external
@view
def credits(_token: address, _account: address) -> uint256:
    """
    @dev See `IModelMarket.credits`.
    """
    return self.credit_of[_token][_account]


# ── In ──


@internal
@payable
def _pull(_token: address, _amount: uint256):
    """
    @dev Take exactly `_amount` from the caller.
    """
    if _token == empty(address):
        if msg.value != _amount:
            errors._revert(errors.WRONG_VALUE)
        return
    if msg.value != 0:
        errors._revert(errors.WRONG_VALUE)
    if not _token.is_contract:
        errors._revert(errors.BAD_TOKEN)
    before: uint256 = staticcall IERC20(_token).balanceOf(self)
    paid: bool = extcall IERC20(_token).transferFrom(
        msg.sender, self, _amount, default_return_value=True
    )
    if not paid:
        errors._revert(errors.BAD_TOKEN)
    if staticcall IERC20(_token).balanceOf(self) != before + _amount:
        errors._revert(errors.BAD_TOKEN)


# ── Out ──


@internal
def _pay(_token: address, _to: address, _amount: uint256, _wei: uint256):
    """
    @dev Pay an amount of a token and ether: to the caller at once, to any other account as credits.
    """
    if _to != msg.sender:
        self._credit(_token, _to, _amount)
        self._credit(empty(address), _to, _wei)
        return
    # A task in ether makes one payment of both.
    tokens: uint256 = _amount
    native: uint256 = _wei
    if _token == empty(address):
        tokens = 0
        native += _amount
    needed: uint256 = 0
    if tokens > 0:
        needed = TOKEN_GAS + RESERVE_GAS
    if native > 0:
        needed += ETHER_GAS + RESERVE_GAS
    self._require_gas(needed)
    if tokens > 0 and not self._push(_token, tokens):
        self._credit(_token, _to, tokens)
    if native > 0 and not self._push(empty(address), native):
        self._credit(empty(address), _to, native)


@internal
def _pay_for_secret(_token: address, _amount: uint256):
    """
    @dev Pay the caller, whose calldata is worth the money and is seen even if the call reverts. So
         this credit is written before the payment and taken back after it: no price of a new word of storage, however
         high, can make the call revert once the payment was tried.
    """
    self.credit_of[_token][msg.sender] += _amount
    cap: uint256 = ETHER_GAS if _token == empty(address) else TOKEN_GAS
    self._require_gas(cap + RESERVE_GAS)
    if self._push(_token, _amount):
        self.credit_of[_token][msg.sender] -= _amount
    else:
        log IModelMarket.Credited(token=_token, account=msg.sender, amount=_amount)


@internal
def _credit(_token: address, _to: address, _amount: uint256):
    if _amount > 0:
        self.credit_of[_token][_to] += _amount
        log IModelMarket.Credited(token=_token, account=_to, amount=_amount)


@internal
@view
def _require_gas(_needed: uint256):
    """
    @dev EIP-150: a call gets at most 63/64 of what is left.
    """
    if unsafe_sub(msg.gas, msg.gas >> 6) < _needed:
        errors._revert(errors.LITTLE_GAS)


@internal
def _push(_token: address, _amount: uint256) -> bool:
    """
    @dev Pay the caller now, and return True if the payment succeeded. The gas was checked before. At most 32 returned
         bytes are read.
    """
    if _token == empty(address):
        return raw_call(msg.sender, b"", value=_amount, gas=ETHER_GAS, revert_on_failure=False)
    success: bool = False
    response: Bytes[32] = b""
    success, response = raw_call(
        _token,
        abi_encode(msg.sender, _amount, method_id=method_id("transfer(address,uint256)")),
        max_outsize=32,
        gas=TOKEN_GAS,
        revert_on_failure=False,
    )
    if not success:
        return False
    if len(response) == 0:
        return _token.is_contract
    return len(response) == 32 and convert(response, uint256) == 1


@internal
def _burn(_amount: uint256):
    """
    @dev Nobody holds the key of the zero address, and a transfer of ether to it cannot fail.
    """
    raw_call(empty(address), b"", value=_amount)
