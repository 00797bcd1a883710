# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Operators' stake, the fines that the market takes from it, and the credits they become
@license GNU Affero General Public License v3.0 only
@notice balance >= all stakes + all credits, with equality while nobody donates.
"""

from snekmate.auth import ownable

from contracts.modules import errors
from contracts.modules import registry_word
from interfaces import IEnclaveRegistry

uses: ownable

DAY: constant(uint256) = 86_400
# From the request, or a proof of equivocation, to the end of the stake. An enclave signs no report
# that is posted after that, and the longest dispute of an earlier one ends two windows later:
#     21 days > MAX_WINDOW to dispute + MAX_WINDOW to decide = 7 days + 7 days (task_terms.vy)
UNBONDING: constant(uint256) = 21 * DAY
_STAKE_BOUND: constant(uint256) = 2**128
# One part in so many of a stake is the prover's of an equivocation.
_REWARD_DIVISOR: constant(uint256) = 4

# The market that may slash, zero until named.
market: public(address)
# operator -> its word (registry_word.vy)
operators: HashMap[address, uint256]
# account -> wei that it can withdraw
credits: public(HashMap[address, uint256])


# ── Market ──


@external
def set_market(_market: address):
    ownable._check_owner()
    if self.market != empty(address):
        errors._revert(errors.MARKET_KNOWN)
    if not _market.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    self.market = _market
    log IEnclaveRegistry.MarketSet(market=_market)


@external
def slash(_operator: address, _amount: uint256, _beneficiary: address) -> uint256:
    if msg.sender != self.market:
        errors._revert(errors.NOT_MARKET)
    word: uint256 = self.operators[_operator]
    taken: uint256 = min(_amount, registry_word._value(word))
    self.operators[_operator] = word - taken
    self.credits[_beneficiary] += taken
    log IEnclaveRegistry.Slashed(
        operator=_operator, beneficiary=_beneficiary, asked=_amount, taken=taken
    )
    return taken


# ── Operator ──


@external
@payable
def stake():
    # So that nobody stakes before knowing who may slash.
    if self.market == empty(address):
        errors._revert(errors.MARKET_UNKNOWN)
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
    if registry_word._until(word) == 0:
        errors._revert(errors.NOT_UNBONDING)
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.CONDEMNED)
    amount: uint256 = self._end_epoch(msg.sender, word)
    log IEnclaveRegistry.Unstaked(operator=msg.sender, to=_to, amount=amount)
    self._pay(_to, amount)
    return amount


# ── Anyone ──


@external
def burn_stake(_operator: address) -> uint256:
    word: uint256 = self.operators[_operator]
    if registry_word._revoked_at(word) == 0:
        errors._revert(errors.NOT_CONDEMNED)
    amount: uint256 = self._end_epoch(_operator, word)
    log IEnclaveRegistry.StakeBurned(operator=_operator, amount=amount)
    # Nobody holds the zero address, and it has no code that could refuse.
    raw_call(empty(address), b"", value=amount)
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
        condemned_at=registry_word._revoked_at(word),
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
def _condemn(_operator: address, _prover: address) -> (uint256, uint256):
    """
    @dev Takes the whole stake and gives the prover its part. The rest stays where fines find it:
         else culprits could prove their own fault before a verdict, keep what the prover gets, and
         leave the challenger nothing.
    @return The stake, and the prover's part of it.
    """
    word: uint256 = self.operators[_operator]
    if registry_word._revoked_at(word) != 0:
        errors._revert(errors.CONDEMNED)
    amount: uint256 = registry_word._value(word)
    if amount == 0:
        errors._revert(errors.NO_STAKE)
    # Rounded down, against the prover, by less than one wei.
    reward: uint256 = amount // _REWARD_DIVISOR
    self.operators[_operator] = registry_word._pack(
        amount - reward,
        block.timestamp,
        block.timestamp + UNBONDING,
        registry_word._epoch(word),
    )
    self.credits[_prover] += reward
    return amount, reward


@internal
def _end_epoch(_operator: address, _word: uint256) -> uint256:
    """
    @dev The stake leaves, once unlocked; the operator's enclaves and platforms go with it.
    """
    if block.timestamp < registry_word._until(_word):
        errors._revert(errors.TOO_EARLY)
    self.operators[_operator] = registry_word._pack(0, 0, 0, registry_word._epoch(_word) + 1)
    return registry_word._value(_word)


@internal
def _pay(_to: address, _amount: uint256):
    if _to == empty(address):
        errors._revert(errors.BAD_ADDRESS)
    if not raw_call(_to, b"", value=_amount, revert_on_failure=False):
        errors._revert(errors.PAYMENT_FAILED)
