# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Operators' stake, and the credits that fines and rewards become
@license GNU Affero General Public License v3.0 only
@notice balance >= all stakes + all credits, with equality while nobody donates.
"""

from contracts.modules import errors
from contracts.modules import registry_word
from interfaces import IEnclaveRegistry

DAY: constant(uint256) = 86_400
# From the request to the withdrawal. An enclave signs no report that is posted after the request,
# and the longest dispute of an earlier one ends two of the market's windows later:
#     21 days > MAX_WINDOW to dispute + MAX_WINDOW to decide = 7 days + 7 days (task_terms.vy)
UNBONDING: constant(uint256) = 21 * DAY
_STAKE_BOUND: constant(uint256) = 2**128

# operator -> its word (registry_word.vy)
operators: HashMap[address, uint256]
# account -> wei that it can withdraw
credits: public(HashMap[address, uint256])


# ── Operator ──


@external
@payable
def stake():
    if msg.value == 0:
        errors._revert(errors.ZERO_AMOUNT)
    word: uint256 = self.operators[msg.sender]
    if registry_word._until(word) != 0:
        errors._revert(errors.UNBONDING)
    total: uint256 = registry_word._value(word) + msg.value
    if total >= _STAKE_BOUND:
        errors._revert(errors.TOO_MUCH_STAKE)
    self.operators[msg.sender] = word + msg.value
    log IEnclaveRegistry.Staked(operator=msg.sender, amount=msg.value, stake=total)


@external
def request_unstake():
    word: uint256 = self._bonded(msg.sender)
    unlocks_at: uint256 = block.timestamp + UNBONDING
    self.operators[msg.sender] = registry_word._pack(
        registry_word._value(word), 0, unlocks_at, registry_word._epoch(word)
    )
    log IEnclaveRegistry.UnstakeRequested(operator=msg.sender, unlocks_at=unlocks_at)


@external
def unstake(_to: address) -> uint256:
    word: uint256 = self.operators[msg.sender]
    unlocks_at: uint256 = registry_word._until(word)
    if unlocks_at == 0:
        errors._revert(errors.NOT_UNBONDING)
    if block.timestamp < unlocks_at:
        errors._revert(errors.TOO_EARLY)
    amount: uint256 = registry_word._value(word)
    self.operators[msg.sender] = registry_word._pack(0, 0, 0, registry_word._epoch(word) + 1)
    log IEnclaveRegistry.Unstaked(operator=msg.sender, to=_to, amount=amount)
    self._pay(_to, amount)
    return amount


# ── Anybody who is owed ──


@external
def withdraw(_to: address) -> uint256:
    amount: uint256 = self.credits[msg.sender]
    if amount == 0:
        errors._revert(errors.NOTHING_OWED)
    self.credits[msg.sender] = 0
    log IEnclaveRegistry.Withdrawn(account=msg.sender, to=_to, amount=amount)
    self._pay(_to, amount)
    return amount


# ── Views ──


@external
@view
def operator(_operator: address) -> IEnclaveRegistry.Operator:
    word: uint256 = self.operators[_operator]
    return IEnclaveRegistry.Operator(
        stake=registry_word._value(word),
        unlocks_at=registry_word._until(word),
        epoch=registry_word._epoch(word),
    )


# ── Internal ──


@internal
@view
def _bonded(_operator: address) -> uint256:
    """
    @dev The word of an operator that has stake and has not asked for it back.
    """
    word: uint256 = self.operators[_operator]
    if registry_word._until(word) != 0:
        errors._revert(errors.UNBONDING)
    if registry_word._value(word) == 0:
        errors._revert(errors.NO_STAKE)
    return word


@internal
def _take(_operator: address, _amount: uint256) -> uint256:
    """
    @dev Takes from the stake what is there of `_amount`; the caller says where it goes.
    """
    word: uint256 = self.operators[_operator]
    taken: uint256 = min(_amount, registry_word._value(word))
    self.operators[_operator] = word - taken
    return taken


@internal
def _credit(_account: address, _amount: uint256):
    self.credits[_account] += _amount


@internal
def _pay(_to: address, _amount: uint256):
    if _to == empty(address):
        errors._revert(errors.BAD_ADDRESS)
    if not raw_call(_to, b"", value=_amount, revert_on_failure=False):
        errors._revert(errors.PAYMENT_FAILED)


@internal
def _burn(_amount: uint256):
    """
    @dev Nobody holds the zero address, and it has no code that could refuse.
    """
    raw_call(empty(address), b"", value=_amount)
