# pragma version 0.4.3
"""
@title The market's internal functions
@license GNU Affero General Public License v3.0 only
@notice Makes internal functions of the market's modules callable, for tests.
"""

from snekmate.utils import eip712_domain_separator as eip712

from contracts.modules.market import hashes
from contracts.modules.market import pricing
from contracts.modules.market import task_state
from interfaces import IModelMarket
from interfaces import Types

initializes: eip712
initializes: hashes[eip712 := eip712]
initializes: task_state


@deploy
def __init__():
    eip712.__init__("GoldenGrain", "1")


# ── hashes ──


@external
@pure
def submission(_submission: Types.Submission) -> bytes32:
    return hashes._hash_submission(_submission)


@external
@view
def commitment(
    _task_id: bytes32, _developer: address, _submission_digest: bytes32, _salt: bytes32
) -> bytes32:
    return hashes._compute_commitment(_task_id, _developer, _submission_digest, _salt)


@external
@pure
def committed(_commitment: bytes32) -> bytes32:
    return hashes._hash_commitment(_commitment)


@external
@pure
def payload(_model: bytes32, _artifact: bytes32, _keyring: bytes32) -> bytes32:
    return hashes._hash_payload(_model, _artifact, _keyring)


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
    return hashes._hash_leaf(_task_id, _index, _developer, _envelope_digest, _min_price, _payload)


@external
@pure
def after_reveal(_head: bytes32, _leaf: bytes32, _salt: bytes32) -> bytes32:
    return hashes._head_after_reveal(_head, _leaf, _salt)


@external
@pure
def seed(_head: bytes32, _prevrandao: bytes32, _parent_hash: bytes32) -> bytes32:
    return hashes._compute_seed(_head, _prevrandao, _parent_hash)


@external
@pure
def signed(_report_digest: bytes32, _signers: DynArray[Types.Signer, 7]) -> bytes32:
    return hashes._hash_signed(_report_digest, keccak256(abi_encode(_signers)))


@external
@pure
def after_report(_token: address, _payouts: DynArray[uint256, 8], _signed: bytes32) -> bytes32:
    return hashes._head_of_report(_token, _payouts, _signed)


@external
@pure
def after_dispute(_head: bytes32, _challenger: address) -> bytes32:
    return hashes._head_of_dispute(_head, _challenger)


# ── pricing, task_state ──


@external
@pure
def payouts_of(_task: Types.Task, _awards: uint256[2], _commits: uint256) -> DynArray[uint256, 8]:
    return pricing._payouts_of(_task.curve, _task.max_awards, _task.budget, _awards, _commits)


@external
@pure
def pack(_progress: IModelMarket.Progress) -> uint256:
    return task_state._pack(_progress)


@external
@pure
def unpack(_word: uint256) -> IModelMarket.Progress:
    return task_state._unpack(_word)
