# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Submissions
@license GNU Affero General Public License v3.0 only
@notice commit_model, reveal_model, close_reveals: from a task to its seed.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.market import escrow
from contracts.modules.market import hashes
from contracts.modules.market import task_state
from interfaces import IModelMarket
from interfaces import Types

uses: escrow
uses: task_state

# ── Commit and reveal ──


@external
@payable
def commit_model(_task_id: bytes32, _commitment: bytes32) -> uint256:
    """
    @dev See `IModelMarket.commit_model`.
    """
    word: uint256 = task_state._word_in_stage(_task_id, task_state.OPEN)
    clock._require_before(task_state._commit_deadline(word))
    index: uint256 = task_state._commits(word)
    if index >= task_state._max_submissions(word):
        errors._revert(errors.TASK_FULL)
    if msg.value != task_state._commit_bond(word) + task_state._entry_fee(word):
        errors._revert(errors.WRONG_VALUE)
    task_state.progress_words[_task_id] = unsafe_add(word, task_state.ONE_COMMIT)
    task_state.submission_words[_task_id][index] = hashes._hash_commitment(_commitment)
    log IModelMarket.ModelCommitted(
        task_id=_task_id,
        developer=msg.sender,
        index=index,
        commitment=_commitment,
    )
    return index


@external
def reveal_model(
    _task_id: bytes32,
    _index: uint256,
    _submission: Types.Submission,
    _keyring_digest: bytes32,
    _salt: bytes32,
    _uri: String[256],
):
    """
    @dev See `IModelMarket.reveal_model`.
    """
    word: uint256 = task_state._word_in_stage(_task_id, task_state.OPEN)
    clock._require_from(task_state._commit_deadline(word))
    clock._require_before(task_state._reveal_deadline(word))
    commitment: bytes32 = hashes._compute_commitment(
        _task_id, msg.sender, hashes._hash_submission(_submission), _salt
    )
    if task_state.submission_words[_task_id][_index] != hashes._hash_commitment(commitment):
        errors._revert(errors.WRONG_COMMITMENT)
    leaf: bytes32 = hashes._hash_leaf(
        _task_id,
        _index,
        msg.sender,
        _submission.envelope_digest,
        _submission.min_price,
        hashes._hash_payload(
            _submission.model_digest, _submission.artifact_digest, _keyring_digest
        ),
    )
    task_state.progress_words[_task_id] = unsafe_add(word, task_state.ONE_REVEAL)
    task_state.submission_words[_task_id][_index] = leaf
    task_state.heads[_task_id] = hashes._head_after_reveal(task_state.heads[_task_id], leaf, _salt)
    log IModelMarket.ModelRevealed(
        task_id=_task_id,
        index=_index,
        developer=msg.sender,
        submission=_submission,
        keyring_digest=_keyring_digest,
        salt=_salt,
        uri=_uri,
    )
    escrow._pay(empty(address), msg.sender, 0, task_state._commit_bond(word))


@external
def close_reveals(_task_id: bytes32) -> bytes32:
    """
    @dev See `IModelMarket.close_reveals`.
    """
    word: uint256 = task_state._word_in_stage(_task_id, task_state.OPEN)
    clock._require_from(task_state._reveal_deadline(word))
    if task_state._reveals(word) == 0:
        errors._revert(errors.NOTHING_REVEALED)
    task_state.progress_words[_task_id] = task_state._with_stage(word, task_state.CLOSED)
    parent_hash: bytes32 = blockhash(block.number - 1)
    seed: bytes32 = hashes._compute_seed(task_state.heads[_task_id], block.prevrandao, parent_hash)
    task_state.heads[_task_id] = seed
    log IModelMarket.RevealsClosed(
        task_id=_task_id,
        seed=seed,
        prevrandao=block.prevrandao,
        parent_hash=parent_hash,
    )
    return seed
