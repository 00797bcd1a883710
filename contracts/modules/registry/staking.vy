# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Staking: operators' stake, the fines that the market takes from it, and the credits that they become
@license GNU Affero General Public License v3.0 only
@notice stake, request_unstake, unstake, slash, burn_stake, withdraw, set_market. At any time
        balance >= all stakes + all credits, with equality while nobody donates.
"""

from snekmate.auth import ownable

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.registry import records
from interfaces import IEnclaveRegistry

uses: ownable
uses: records

# Time from a request to unstake, or from a proof of equivocation, to the end of the stake. After the request or proof
# no report signed by the operator's enclaves is posted. The longest dispute of an earlier one ends two windows later:
#     21 days > MAX_WINDOW to dispute + MAX_WINDOW to decide = 7 days + 7 days (market/task_terms.vy)
UNBONDING: constant(uint256) = 21 * clock.DAY
STAKE_BOUND: constant(uint256) = 2**128
# The prover of an equivocation gets the stake divided by this.
_REWARD_DIVISOR: constant(uint256) = 4

# The market that may slash, zero until named.
named_market: address
# account -> wei that it can withdraw
credit_of: HashMap[address, uint256]


# ── Market ──


@external
def set_market(_market: address):
    """
    @dev See `IEnclaveRegistry.set_market`.
    """
    ownable._check_owner()
    if self.named_market != empty(address):
        errors._revert(errors.MARKET_KNOWN)
    if not _market.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    self.named_market = _market
    log IEnclaveRegistry.MarketSet(market=_market)


@external
def slash(_operator: address, _amount: uint256, _beneficiary: address) -> uint256:
    """
    @dev See `IEnclaveRegistry.slash`.
    """
    if msg.sender != self.named_market:
        errors._revert(errors.NOT_MARKET)
    word: uint256 = records.operators[_operator]
    taken: uint256 = min(_amount, records._get_stake(word))
    records.operators[_operator] = word - taken
    self.credit_of[_beneficiary] += taken
    log IEnclaveRegistry.Slashed(
        operator=_operator, beneficiary=_beneficiary, asked=_amount, taken=taken
    )
    return taken


# ── Operator ──


@external
@payable
def stake():
    """
    @dev See `IEnclaveRegistry.stake`.
    """
    # Nobody can stake before it is known who may slash.
    if self.named_market == empty(address):
        errors._revert(errors.MARKET_UNKNOWN)
    if msg.value == 0:
        errors._revert(errors.ZERO_AMOUNT)
    word: uint256 = records.operators[msg.sender]
    if records._get_until(word) != 0:
        errors._revert(errors.UNBONDING)
    total: uint256 = records._get_stake(word) + msg.value
    if total >= STAKE_BOUND:
        errors._revert(errors.TOO_MUCH_STAKE)
    records.operators[msg.sender] = word + msg.value
    log IEnclaveRegistry.Staked(operator=msg.sender, amount=msg.value, stake=total)


@external
def request_unstake():
    """
    @dev See `IEnclaveRegistry.request_unstake`.
    """
    word: uint256 = self._bonded(msg.sender)
    unlocks_at: uint256 = block.timestamp + UNBONDING
    records.operators[msg.sender] = records._pack(
        records._get_value(word), 0, unlocks_at, records._get_epoch(word)
    )
    log IEnclaveRegistry.UnstakeRequested(operator=msg.sender, unlocks_at=unlocks_at)


@external
def unstake(_to: address) -> uint256:
    """
    @dev See `IEnclaveRegistry.unstake`.
    """
    word: uint256 = records.operators[msg.sender]
    if records._get_until(word) == 0:
        errors._revert(errors.NOT_UNBONDING)
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.CONDEMNED)
    amount: uint256 = self._end_epoch(msg.sender, word)
    log IEnclaveRegistry.Unstaked(operator=msg.sender, to=_to, amount=amount)
    self._pay(_to, amount)
    return amount


# ── Anyone ──


@external
def burn_stake(_operator: address) -> uint256:
    """
    @dev See `IEnclaveRegistry.burn_stake`.
    """
    word: uint256 = records.operators[_operator]
    if records._get_revoked_at(word) == 0:
        errors._revert(errors.NOT_CONDEMNED)
    amount: uint256 = self._end_epoch(_operator, word)
    log IEnclaveRegistry.StakeBurned(operator=_operator, amount=amount)
    # Nobody holds the key of the zero address, and it has no code that could refuse ether.
    raw_call(empty(address), b"", value=amount)
    return amount


# ── Anybody who is owed ──


@external
def withdraw(_to: address) -> uint256:
    """
    @dev See `IEnclaveRegistry.withdraw`.
    """
    amount: uint256 = self.credit_of[msg.sender]
    if amount == 0:
        errors._revert(errors.NOTHING_OWED)
    self.credit_of[msg.sender] = 0
    log IEnclaveRegistry.Withdrawn(account=msg.sender, to=_to, amount=amount)
    self._pay(_to, amount)
    return amount


# ── Views ──


@external
@view
def market() -> address:
    """
    @dev See `IEnclaveRegistry.market`.
    """
    return self.named_market


@external
@view
def credits(_account: address) -> uint256:
    """
    @dev See `IEnclaveRegistry.credits`.
    """
    return self.credit_of[_account]


# ── Internal ──


@internal
@view
def _bonded(_operator: address) -> uint256:
    """
    @dev Return the record of an operator. Reverts unless it has stake and has not asked for it back.
    """
    word: uint256 = records.operators[_operator]
    if records._get_until(word) != 0:
        errors._revert(errors.UNBONDING)
    if records._get_stake(word) == 0:
        errors._revert(errors.NO_STAKE)
    return word


@internal
def _condemn(_operator: address, _prover: address) -> (uint256, uint256):
    """
    @dev Credit the prover with its part, and lock the rest of the stake. The rest stays available for fines. Otherwise
         dishonest operators could prove their own equivocation before a verdict, keep the prover's part, and leave
         nothing to the challenger.
    @return The stake, and the prover's part of it.
    """
    word: uint256 = records.operators[_operator]
    if records._get_revoked_at(word) != 0:
        errors._revert(errors.CONDEMNED)
    amount: uint256 = records._get_stake(word)
    if amount == 0:
        errors._revert(errors.NO_STAKE)
    # Rounded down against the prover, by less than one wei.
    reward: uint256 = amount // _REWARD_DIVISOR
    records.operators[_operator] = records._pack(
        records._get_value(word) - reward,
        block.timestamp,
        block.timestamp + UNBONDING,
        records._get_epoch(word),
    )
    self.credit_of[_prover] += reward
    return amount, reward


@internal
def _end_epoch(_operator: address, _word: uint256) -> uint256:
    """
    @dev End the operator's stake once it is unlocked, and return its amount. The operator's enclaves become inactive
         and its platforms free.
    """
    clock._require_from(records._get_until(_word))
    records.operators[_operator] = records._pack(0, 0, 0, records._get_epoch(_word) + 1)
    return records._get_stake(_word)


@internal
def _pay(_to: address, _amount: uint256):
    if _to == empty(address):
        errors._revert(errors.BAD_ADDRESS)
    if not raw_call(_to, b"", value=_amount, revert_on_failure=False):
        errors._revert(errors.PAYMENT_FAILED)
