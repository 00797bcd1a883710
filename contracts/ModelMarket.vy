# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Golden Grain: the model market
@license GNU Affero General Public License v3.0 only
@custom:contract-name ModelMarket
@notice Wires the modules together. The whole documentation stands in interfaces/IModelMarket.vyi.
"""

from snekmate.utils import eip712_domain_separator as eip712

from contracts.modules import claims
from contracts.modules import disputes
from contracts.modules import entries
from contracts.modules import escrow
from contracts.modules import reports
from contracts.modules import task_book
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket

implements: IModelMarket

initializes: eip712
initializes: escrow
initializes: task_book[eip712 := eip712]
initializes: entries[escrow := escrow, task_book := task_book]
initializes: reports[task_book := task_book]
initializes: claims[escrow := escrow, task_book := task_book]
initializes: disputes[
    escrow := escrow, task_book := task_book, reports := reports, claims := claims
]

# ── Exports ──

exports: (entries.create_task, entries.commit_model, entries.reveal_model, entries.close_reveals)
exports: reports.post_report
exports: (disputes.dispute_report, disputes.resolve_dispute, disputes.expire_dispute)
exports: (claims.claim_award, claims.settle, claims.void, claims.claim_share)
exports: (escrow.withdraw, escrow.owed, escrow.credits)
exports: (task_book.progress, task_book.head, task_book.submissions)
exports: (task_book.task_id, task_book.report_digest, task_book.price)
exports: (task_book.registry, task_book.seat_bond, task_book.min_tolerance)
exports: eip712.eip712Domain


@deploy
def __init__(_registry: IEnclaveRegistry, _seat_bond: uint256, _min_tolerance: uint256):
    """
    @param _registry The registry of enclaves, for good.
    @param _seat_bond Wei that a dispute costs for each seat of its panel, above zero and below 2**64.
    @param _min_tolerance The smallest tolerance of a task, in ppm, 1 to 1,000,000.
    """
    eip712.__init__("GoldenGrain", "1")
    task_book.__init__(_registry, _seat_bond, _min_tolerance)
