# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title AwardEvaluator: an evaluator of ERC-8183 that completes a job once its provider has an award
@license GNU Affero General Public License v3.0 only
@custom:contract-name AwardEvaluator
@notice ERC-8183 (Agentic Commerce) is a draft. This contract follows the one in which `complete` takes job, reason and
        optional parameters. It has no owner and no state, and the market does not know it.

        The terms are fixed in the constructor, so client and provider can read them before they agree: a task, a
        developer, and the least score. The client names this contract as the evaluator of its job, and the developer
        as its provider. Once the report is final and awards the developer at least that score, anybody may call
        `complete`, and the escrow pays the provider.
@dev Deploy one for each agreement. It completes every job that names it as the evaluator, whoever is the provider:
     check the provider of your job. It never rejects. Without an award the job expires, and the escrow pays the client
     back.
"""

from contracts.modules.adapters import final_award
from contracts.modules.common import errors
from interfaces import IModelMarket

initializes: final_award

exports: final_award.market


interface AgenticCommerce:
    def complete(_job_id: uint256, _reason: bytes32, _opt_params: Bytes[32]): nonpayable


# The escrow of the jobs.
COMMERCE: public(immutable(AgenticCommerce))
TASK_ID: public(immutable(bytes32))
DEVELOPER: public(immutable(address))
# The least score that completes a job, in ppm.
MIN_SCORE: public(immutable(uint256))


@deploy
def __init__(
    _market: IModelMarket,
    _commerce: AgenticCommerce,
    _task_id: bytes32,
    _developer: address,
    _min_score: uint256,
):
    final_award.__init__(_market)
    if not _commerce.address.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    COMMERCE = _commerce
    TASK_ID = _task_id
    DEVELOPER = _developer
    MIN_SCORE = _min_score


@external
def complete(_job_id: uint256, _award: final_award.Award):
    """
    @notice Complete a job of the escrow, because its provider has an award of the task. Anyone may call.
    @dev The reason is the market's head, which names the report.
         Reverts when:
         - the award is of another task ("wrong task") or another developer ("wrong developer");
         - it is not proven, as in modules/adapters/final_award.vy;
         - its score is below the least ("score too low");
         - the escrow reverts, with its reason.
    """
    if _award.task_id != TASK_ID:
        errors._revert(errors.WRONG_TASK)
    if _award.developer != DEVELOPER:
        errors._revert(errors.WRONG_DEVELOPER)
    proven: final_award.Proven = final_award._prove(_award)
    if proven.score < MIN_SCORE:
        errors._revert(errors.SCORE_TOO_LOW)
    extcall COMMERCE.complete(_job_id, proven.head, b"")
