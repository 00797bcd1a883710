# pragma version 0.4.3
"""
@title What the market computes inside
@license GNU Affero General Public License v3.0 only
@notice Makes internal functions of the market's modules callable.
"""

from contracts.modules import payouts
from contracts.modules import sale_hash
from contracts.modules import task_word
from interfaces import IModelMarket
from interfaces import Types

# ── sale_hash ──


@external
@pure
def submission(_submission: Types.Submission) -> bytes32:
    return sale_hash._submission(_submission)


@external
@view
def commitment(
    _task_id: bytes32, _developer: address, _submission_digest: bytes32, _salt: bytes32
) -> bytes32:
    return sale_hash._commitment(_task_id, _developer, _submission_digest, _salt)


@external
@pure
def committed(_commitment: bytes32) -> bytes32:
    return sale_hash._committed(_commitment)


@external
@pure
def payload(_model: bytes32, _artifact: bytes32, _keyring: bytes32) -> bytes32:
    return sale_hash._payload(_model, _artifact, _keyring)


@external
@pure
def leaf(
    _task_id: bytes32,
    _index: uint256,
    _developer: address,
    _envelope_digest: bytes32,
    _min_price: uint256,
    _payload: bytes32,
) -> bytes32:
    return sale_hash._leaf(_task_id, _index, _developer, _envelope_digest, _min_price, _payload)


@external
@pure
def after_reveal(_head: bytes32, _leaf: bytes32, _salt: bytes32) -> bytes32:
    return sale_hash._after_reveal(_head, _leaf, _salt)


@external
@pure
def seed(_head: bytes32, _prevrandao: bytes32, _parent_hash: bytes32) -> bytes32:
    return sale_hash._seed(_head, _prevrandao, _parent_hash)


@external
@pure
def signed(_report_digest: bytes32, _signers: DynArray[Types.Signer, 7]) -> bytes32:
    return sale_hash._signed(_report_digest, _signers)


@external
@pure
def after_report(_token: address, _payouts: DynArray[uint256, 8], _signed: bytes32) -> bytes32:
    return sale_hash._after_report(_token, _payouts, _signed)


@external
@pure
def after_dispute(_head: bytes32, _challenger: address) -> bytes32:
    return sale_hash._after_dispute(_head, _challenger)


# ── payouts, task_word ──


@external
@pure
def of_awards(_task: Types.Task, _awards: uint256[8], _commits: uint256) -> DynArray[uint256, 8]:
    return payouts._of_awards(_task, _awards, _commits)


@external
@pure
def pack(_progress: IModelMarket.Progress) -> uint256:
    return task_word._pack(_progress)


@external
@pure
def unpack(_word: uint256) -> IModelMarket.Progress:
    return task_word._unpack(_word)
