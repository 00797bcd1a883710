"""One honest sale, and what its first enclave signs: what lies are held against."""

from offchain.enclave.enclave import Enclave
from offchain.protocol.messages import Bundle
from offchain.protocol.reports import Report
from tests.offchain.market import TOOLS, Offer, enclaves, make_market, model

OFFERS = [Offer(), Offer(model([0, 1, 2, 3])), Offer(model([4, 5, 6, 7, 8, 9]), min_price=5)]
HONEST = make_market(OFFERS)
TASK_ID = HONEST.transcript.task_id


def fresh(position: int = 0) -> Enclave:
    """The honest market's enclave, before it has measured anything."""
    return enclaves()[position]


def sign(enclave: Enclave, bundle: Bundle) -> Report:
    """The signature of an enclave for its host."""
    enclave.measure(bundle, TOOLS)
    task_id = bundle.transcript.task_id
    proposal = enclave.propose(task_id, bundle.round)
    return enclave.cosign(task_id, bundle.round, proposal, bytes(32)).report


BUNDLE = HONEST.bundle(fresh())
REPORT = sign(fresh(), BUNDLE)
