"""A market, two developers, and sales that end in each way."""

import pytest
from brownie import accounts

from tests.anvil import deploy_market, rpc
from tests.deployment import Deployment, Sale
from tests.sale import ETHER, Model, Posted, model

SCORE = 876_543


@pytest.fixture(autouse=True)
def _isolation(fn_isolation):
    """Undoes what a test does."""


@pytest.fixture(scope="module")
def chain(module_isolation) -> Deployment:
    rpc("anvil_setBlockTimestampInterval", 1)
    return deploy_market(accounts[0], accounts[1])


@pytest.fixture(scope="module")
def developer():
    return accounts[2]


@pytest.fixture(scope="module")
def rival():
    return accounts[3]


@pytest.fixture(scope="module")
def stranger():
    return accounts[4]


@pytest.fixture(scope="module")
def client():
    """The client of a job."""
    return accounts[5]


@pytest.fixture(scope="module")
def sale(chain, developer, rival) -> Sale:
    """Two models, closed; the seed is fixed and nothing is reported yet."""
    made = Sale(chain, claim_window=chain.task().dispute_window)
    return made.enter(model(developer.address, "one"), model(rival.address, "two", ETHER // 2))


def award(stands: Posted, entered: Model, position: int = 0) -> tuple[object, ...]:
    """The struct that adapters take: an award of the report that stands."""
    task_id, _, token, payouts, signed, min_price, payload, _ = stands.claim(position, entered)
    digest = entered.submission.envelope_digest
    head = task_id, position, token, payouts, signed
    return *head, entered.developer, digest, min_price, payload
