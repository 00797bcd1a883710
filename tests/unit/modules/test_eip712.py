"""The contract's half of the golden vectors: what is signed, and what scores are worth."""

import pytest
from brownie import ExposedSale, ModelMarket, accounts, chain

from tests import sale
from tests.deployment import TERMS


@pytest.fixture(scope="module")
def market(module_isolation, in_place):
    """Any contract serves as its registry: nothing asks it."""
    registry = accounts[1].deploy(ExposedSale)
    return in_place(accounts[1].deploy(ModelMarket, registry, *TERMS), ModelMarket)


def test_chain__of_the_vectors__is_this_one(golden):
    assert chain.id == int(golden["domain"]["chain_id"])


def test_task_id__golden_task__is_the_enclaves(market, golden, terms):
    assert market.task_id(terms) == golden["task_id"]


def test_report_digest__golden_report__is_the_enclaves(market, golden):
    reported = golden["reported"]
    report = sale.Report(
        **reported["report"]
        | {"awards": reported["award_words"], "choices": reported["choices_word"]}
    )
    assert market.report_digest(report) == reported["report_digest"]


def test_price__golden_curves__are_the_enclaves(market, golden):
    for row in golden["prices"]:
        for score, price in row["prices"].items():
            assert market.price(row["curve_words"], score) == int(price)
