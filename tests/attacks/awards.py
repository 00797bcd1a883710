"""A sale for the adapters, and its awards as they take them."""

from tests.deployment import Deployment, Sale
from tests.inprocess import account
from tests.sale import ETHER, Model, Posted, model

SCORE = 876_543


def closed_sale(chain: Deployment) -> Sale:
    """Two models, of "developer" and "rival"; the seed is fixed and nothing is reported yet."""
    made = Sale(chain, claim_window=chain.task().dispute_window)
    return made.enter(
        model(account("developer"), "one"), model(account("rival"), "two", ETHER // 2)
    )


def award(stands: Posted, entered: Model, position: int = 0) -> tuple[object, ...]:
    """The struct that adapters take: an award of the report that stands."""
    task_id, _, token, payouts, signed, min_price, payload, _ = stands.claim(position, entered)
    digest = entered.submission.envelope_digest
    head = task_id, position, token, payouts, signed
    return *head, entered.developer, digest, min_price, payload
