# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Awards that nothing can change any more
@license GNU Affero General Public License v3.0 only
@notice Proves from the market's views alone that a submission has an award with a score. A report can be overturned
        until its dispute window is over, so nothing is proven before.
"""

from contracts.modules.common import award_word
from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.market import hashes
from contracts.modules.market import task_state
from interfaces import IModelMarket


# An award of the report that stands, and the submission that has it. Everything comes from the events of the market, as
# for `IModelMarket.claim_award`.
struct Award:
    task_id: bytes32
    position: uint256  # in the payouts, from 0
    token: address  # of the task
    payouts: DynArray[uint256, 8]
    signed: bytes32  # H(SIGNED, report digest, keccak256(abi_encode(signers)))
    developer: address
    envelope_digest: bytes32
    min_price: uint256
    payload: bytes32  # H(PAYLOAD, model digest, artifact digest, keyring digest)


struct Proven:
    leaf: bytes32  # names task, index, developer and model
    score: uint256  # ppm
    head: bytes32  # digest of the report that stands


MARKET: immutable(IModelMarket)


@deploy
def __init__(_market: IModelMarket):
    if not _market.address.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    MARKET = _market


@external
@view
def market() -> address:
    """
    @notice The market whose awards count.
    """
    return MARKET.address


@internal
@view
def _prove(_award: Award) -> Proven:
    """
    @dev Reverts when: no report stands ("wrong stage"); it can still be disputed ("too early"); token, payouts or
         signed digest are not those of the report ("wrong sale"); there is no such award ("no such award"); the rest is
         not that of the submission that has it ("wrong submission").
    """
    progress: IModelMarket.Progress = staticcall MARKET.progress(_award.task_id)
    if progress.stage == task_state.REPORTED:
        clock._require_from(progress.time_a)
    elif progress.stage != task_state.FINAL and progress.stage != task_state.SETTLED:
        errors._revert(errors.WRONG_STAGE)
    head: bytes32 = hashes._head_of_report(_award.token, _award.payouts, _award.signed)
    if head != staticcall MARKET.head(_award.task_id):
        errors._revert(errors.WRONG_SALE)
    if _award.position >= len(_award.payouts):
        errors._revert(errors.NO_SUCH_AWARD)
    payout: uint256 = _award.payouts[_award.position]
    index: uint256 = award_word._payout_index(payout)
    leaf: bytes32 = hashes._hash_leaf(
        _award.task_id,
        index,
        _award.developer,
        _award.envelope_digest,
        _award.min_price,
        _award.payload,
    )
    if leaf != staticcall MARKET.submissions(_award.task_id, index):
        errors._revert(errors.WRONG_SUBMISSION)
    return Proven(leaf=leaf, score=award_word._payout_score(payout), head=head)
