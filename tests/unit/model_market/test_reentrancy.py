"""While the market pays, nobody gets in again, by any door."""

import pytest
from brownie import web3

from tests import sale
from tests.sale import ZERO_ADDRESS

OPEN_DOORS = {"eip712Domain", "price"}
"""They read nothing that a payment could find half changed."""

LOCKED = (False, b"")
"""A revert without a reason."""


@pytest.fixture(scope="module")
def doors(chain, market, provider, developer, challenger, model):
    """A call of each function that the market would answer or refuse with a reason."""
    task = chain.task(provider)
    task_id = task.id(chain.domain)
    posted = chain.posted(task, sale.report(task_id, bytes(32), (0, 900_000)))
    arguments = {
        "create_task": [task, ""],
        "commit_model": [task_id, sale.word("any")],
        "reveal_model": model.reveal(task_id, 0),
        "close_reveals": [task_id],
        "post_report": sale.post(task, chain.roster, posted.report, []),
        "dispute_report": [task],
        "resolve_dispute": posted.resolve(chain.roster, challenger.address, posted.report, []),
        "expire_dispute": posted.expire(challenger.address),
        "claim_award": posted.claim(0, model),
        "settle": posted.settle(),
        "void": [task],
        "claim_share": model.share(task, 0),
        "withdraw": [ZERO_ADDRESS, developer],
        "credits": [ZERO_ADDRESS, developer],
        "progress": [task_id],
        "head": [task_id],
        "submissions": [task_id, 0],
        "task_id": [task],
        "other_terms": [task],
        "report_digest": [posted.report],
        "price": [task.curve, 0],
        "registry": [],
        "seat_bond": [],
        "min_tolerance": [],
        "payment_gas": [],
        "eip712Domain": [],
    }
    return {name: getattr(market, name).encode_input(*values) for name, values in arguments.items()}


def test_doors__of_the_market__are_all_tried(market, doors):
    functions = {entry["name"] for entry in market.abi if entry["type"] == "function"}
    assert set(doors) == functions


@pytest.fixture
def reentered(chain, market, provider, configurable_token):
    """Return the answer of the market to a call that a token makes while it is pulled."""

    def enter(data):
        configurable_token.set_call(market, data, {"from": provider})
        chain.create(
            chain.task(
                provider,
                token=configurable_token.address,
                budget=1,
                benchmark_fee=0,
                curve=sale.curve((1, 1)),
            )
        )
        return configurable_token.called(), bytes(configurable_token.response())

    return enter


@pytest.fixture
def called(market, stranger):
    """Return the answer of the market to a call at any other time."""

    def call(data):
        request = {"from": stranger.address, "to": market.address, "data": data}
        answer = web3.provider.make_request("eth_call", [request, "latest"])
        succeeded = "error" not in answer
        given = answer["result"] if succeeded else answer["error"]["data"]
        return succeeded, bytes.fromhex(given[2:])

    return call


def test_any_function__while_the_market_pays__is_locked(doors, reentered):
    let_in = {name for name, data in doors.items() if reentered(data) != LOCKED}
    assert let_in == OPEN_DOORS


def test_any_function__at_any_other_time__answers_or_says_why_not(doors, called):
    assert {name for name, data in doors.items() if called(data) == LOCKED} == set()
