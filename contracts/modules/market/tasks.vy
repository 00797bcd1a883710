# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Tasks
@license GNU Affero General Public License v3.0 only
@notice create_task.
"""

from contracts.modules.common import errors
from contracts.modules.market import escrow
from contracts.modules.market import hashes
from contracts.modules.market import task_state
from contracts.modules.market import task_terms
from interfaces import IModelMarket
from interfaces import Types

uses: hashes
uses: task_state
uses: task_terms


@external
@payable
def create_task(_task: Types.Task, _uri: String[256]) -> bytes32:
    """
    @dev See `IModelMarket.create_task`.
    """
    task_terms._check(_task)
    task_id: bytes32 = hashes._id_of_first_argument()
    if task_state.progress_words[task_id] != 0:
        errors._revert(errors.TASK_EXISTS)
    task_state.progress_words[task_id] = task_state._pack(
        IModelMarket.Progress(
            stage=task_state.OPEN,
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
    log IModelMarket.TaskCreated(task_id=task_id, provider=_task.provider, task=_task, uri=_uri)
    escrow._pull(_task.token, _task.budget + _task.benchmark_fee)
    return task_id
