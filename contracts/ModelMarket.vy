# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Golden Grain: the model market
@license GNU Affero General Public License v3.0 only
@custom:contract-name ModelMarket
@notice Wires the modules together. The whole documentation stands in interfaces/IModelMarket.vyi.
"""

from snekmate.utils import eip712_domain_separator as eip712

from contracts.modules.market import disputes
from contracts.modules.market import escrow
from contracts.modules.market import hashes
from contracts.modules.market import pricing
from contracts.modules.market import reports
from contracts.modules.market import settlement
from contracts.modules.market import submissions as submissions_module
from contracts.modules.market import task_state
from contracts.modules.market import task_terms
from contracts.modules.market import tasks
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket

implements: IModelMarket

initializes: eip712
initializes: escrow
initializes: task_state
initializes: task_terms
initializes: hashes[eip712 := eip712]
initializes: tasks[hashes := hashes, task_state := task_state, task_terms := task_terms]
initializes: submissions_module[escrow := escrow, task_state := task_state]
initializes: reports[hashes := hashes, task_state := task_state]
initializes: settlement[escrow := escrow, hashes := hashes, task_state := task_state]
# fmt: off
# mamushi would end the list with a comma, which it cannot read.
initializes: disputes[
    escrow := escrow,
    hashes := hashes,
    reports := reports,
    settlement := settlement,
    task_state := task_state,
    task_terms := task_terms
]
# fmt: on

# ── Exports ──

exports: tasks.create_task
exports: (
    submissions_module.commit_model,
    submissions_module.reveal_model,
    submissions_module.close_reveals,
)
exports: reports.post_report
exports: (disputes.dispute_report, disputes.resolve_dispute, disputes.expire_dispute)
exports: (settlement.claim_award, settlement.settle, settlement.void, settlement.claim_share)
exports: (escrow.withdraw, escrow.credits, escrow.payment_gas)
exports: (task_state.progress, task_state.head, task_state.submissions)
exports: (hashes.task_id, hashes.other_terms, hashes.report_digest, pricing.price)
exports: (reports.registry, task_terms.seat_bond, task_terms.min_tolerance)
exports: eip712.eip712Domain


@deploy
def __init__(
    _registry: IEnclaveRegistry,
    _seat_bond: uint256,
    _min_tolerance: uint256,
    _ether_gas: uint256,
    _token_gas: uint256,
    _reserve_gas: uint256,
):
    """
    @param _registry The registry of enclaves, for good.
    @param _seat_bond Wei that a dispute costs for each seat of its panel, above zero and below 2**64.
    @param _min_tolerance The smallest tolerance of a task, in ppm, 1 to 1,000,000.
    @param _ether_gas Gas that a payment of ether may use, above zero.
    @param _token_gas Gas that a payment of a token may use, above zero.
    @param _reserve_gas Gas kept for each payment beside its cap, above zero. All three for good: choose them with room
           for ten times the prices of today.
    """
    eip712.__init__("GoldenGrain", "1")
    escrow.__init__(_ether_gas, _token_gas, _reserve_gas)
    reports.__init__(_registry)
    task_terms.__init__(_seat_bond, _min_tolerance)
