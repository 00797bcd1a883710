# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title From a task to its seed
@license GNU Affero General Public License v3.0 only
@notice create_task, commit_model, reveal_model, close_reveals.
"""

from contracts.modules import errors
from contracts.modules import escrow
from contracts.modules import sale_hash
from contracts.modules import task_book
from contracts.modules import task_terms
from contracts.modules import task_word
from interfaces import IModelMarket
from interfaces import Types

uses: escrow
uses: task_book

# ── Task ──


@external
@payable
def create_task(_task: Types.Task) -> bytes32:
    task_terms._check(_task, task_book.SEAT_BOND, task_book.MIN_TOLERANCE)
    task_id: bytes32 = task_book._task_id(_task)
    if task_book.progress_word[task_id] != 0:
        errors._revert(errors.TASK_EXISTS)
    task_book.progress_word[task_id] = task_word._pack(
        IModelMarket.Progress(
            stage=task_word.OPEN,
            time_a=_task.commit_deadline,
            time_b=_task.reveal_deadline,
            max_submissions=_task.max_submissions,
            commits=0,
            reveals=0,
            awards=0,
            claimed=0,
            commit_bond=_task.commit_bond,
            entry_fee=_task.entry_fee,
        )
    )
    log IModelMarket.TaskCreated(task_id=task_id, provider=_task.provider, task=_task)
    escrow._pull(_task.token, _task.budget + _task.benchmark_fee)
    return task_id


# ── Commit and reveal ──


@external
@payable
def commit_model(_task_id: bytes32, _commitment: bytes32) -> uint256:
    word: uint256 = task_book.progress_word[_task_id]
    progress: IModelMarket.Progress = self._open(word)
    if block.timestamp >= progress.time_a:
        errors._revert(errors.TOO_LATE)
    index: uint256 = progress.commits
    if index >= progress.max_submissions:
        errors._revert(errors.TASK_FULL)
    if msg.value != progress.commit_bond + progress.entry_fee:
        errors._revert(errors.WRONG_VALUE)
    task_book.progress_word[_task_id] = unsafe_add(word, task_word.ONE_COMMIT)
    task_book.submissions[_task_id][index] = sale_hash._committed(_commitment)
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
    word: uint256 = task_book.progress_word[_task_id]
    progress: IModelMarket.Progress = self._open(word)
    if block.timestamp < progress.time_a:
        errors._revert(errors.TOO_EARLY)
    if block.timestamp >= progress.time_b:
        errors._revert(errors.TOO_LATE)
    commitment: bytes32 = sale_hash._commitment(
        _task_id, msg.sender, sale_hash._submission(_submission), _salt
    )
    if task_book.submissions[_task_id][_index] != sale_hash._committed(commitment):
        errors._revert(errors.WRONG_COMMITMENT)
    leaf: bytes32 = sale_hash._leaf(
        _task_id,
        _index,
        msg.sender,
        _submission.envelope_digest,
        _submission.min_price,
        sale_hash._payload(_submission.model_digest, _submission.artifact_digest, _keyring_digest),
    )
    task_book.progress_word[_task_id] = unsafe_add(word, task_word.ONE_REVEAL)
    task_book.submissions[_task_id][_index] = leaf
    task_book.head[_task_id] = sale_hash._after_reveal(task_book.head[_task_id], leaf, _salt)
    log IModelMarket.ModelRevealed(
        task_id=_task_id,
        index=_index,
        developer=msg.sender,
        submission=_submission,
        keyring_digest=_keyring_digest,
        salt=_salt,
        uri=_uri,
    )
    escrow._pay_unbooked(msg.sender, progress.commit_bond)


@external
def close_reveals(_task_id: bytes32) -> bytes32:
    progress: IModelMarket.Progress = task_book._progress_in(_task_id, task_word.OPEN)
    if block.timestamp < progress.time_b:
        errors._revert(errors.TOO_EARLY)
    if progress.reveals == 0:
        errors._revert(errors.NOTHING_REVEALED)
    progress.stage = task_word.CLOSED
    task_book.progress_word[_task_id] = task_word._pack(progress)
    parent_hash: bytes32 = blockhash(block.number - 1)
    seed: bytes32 = sale_hash._seed(task_book.head[_task_id], block.prevrandao, parent_hash)
    task_book.head[_task_id] = seed
    log IModelMarket.RevealsClosed(
        task_id=_task_id,
        seed=seed,
        prevrandao=block.prevrandao,
        parent_hash=parent_hash,
    )
    return seed


# ── Internal ──


@internal
@pure
def _open(_word: uint256) -> IModelMarket.Progress:
    progress: IModelMarket.Progress = task_word._unpack(_word)
    if progress.stage != task_word.OPEN:
        errors._revert(errors.WRONG_STAGE)
    return progress
