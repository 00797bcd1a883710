"""Views: what an integrator asks the market."""

import pytest
from brownie import chain as brownie_chain

from offchain.protocol.eip712 import Domain
from tests import sale
from tests.anvil import refuses
from tests.deployment import MIN_TOLERANCE, SEAT_BOND
from tests.reasons import BAD_CURVE
from tests.sale import ETHER, ZERO_ADDRESS, curve

NOTHING = sale.word("no task")


def test_settings__of_a_market__are_those_it_was_deployed_with(chain, market):
    assert market.registry() == chain.registry
    assert market.seat_bond() == SEAT_BOND
    assert market.min_tolerance() == MIN_TOLERANCE


def test_eip712_domain__of_a_market__is_its_own(market):
    fields, name, version, chain_id, contract, salt, extensions = market.eip712Domain()
    assert bytes(fields) == b"\x0f"
    assert (name, version) == ("GoldenGrain", "1")
    assert (chain_id, contract) == (brownie_chain.id, market)
    assert (bytes(salt), tuple(extensions)) == (bytes(32), ())


def test_task_views__no_such_task__are_all_zero(market):
    assert market.progress(NOTHING) == (0,) * 10
    assert bytes(market.head(NOTHING)) == bytes(32)
    assert bytes(market.submissions(NOTHING, 0)) == bytes(32)


def test_money_views__nothing_happened__are_zero(market, provider, token):
    for each in (ZERO_ADDRESS, token):
        assert market.credits(each, provider) == 0


def test_task_id__of_any_terms__is_their_digest(chain, market, provider):
    """Valid or not: an integrator may ask before it creates."""
    task = chain.task(provider)
    for terms in (task, task._replace(quorum=9, curve=(2**256 - 1,) * 4)):
        assert bytes(market.task_id(terms)) == terms.id(chain.domain)


@pytest.mark.parametrize("field", sale.Task._fields)
def test_task_id__any_field_changed__is_another(chain, market, provider, field):
    task = chain.task(provider)
    changes = {bytes: sale.word("other"), int: 7, str: market.address, tuple: curve((1, 7))}
    changed = task._replace(**{field: changes[type(getattr(task, field))]})
    assert bytes(market.task_id(changed)) == changed.id(chain.domain)
    assert bytes(market.task_id(changed)) != bytes(market.task_id(task))


@pytest.mark.parametrize("field", sale.Report._fields)
def test_report_digest__any_field_changed__is_another(chain, market, field):
    report = sale.report(sale.word("task"), sale.word("seed"), (0, 900_000))
    changes = {bytes: sale.word("other"), int: 7, tuple: sale.awards((1, 7))}
    changed = report._replace(**{field: changes[type(getattr(report, field))]})
    assert bytes(market.report_digest(report)) == report.digest(chain.domain)
    assert bytes(market.report_digest(changed)) == changed.digest(chain.domain)
    assert bytes(market.report_digest(changed)) != bytes(market.report_digest(report))


def test_other_terms__of_a_task__are_what_a_report_brings(market, chain, provider):
    task = chain.task(provider)
    assert bytes(market.other_terms(task)) == task.for_report()[1]


def test_task_id__of_another_market__is_another(chain, market, provider, stranger):
    task = chain.task(provider)
    assert bytes(market.task_id(task)) != task.id(Domain(brownie_chain.id, stranger.address))
    assert bytes(market.task_id(task)) != task.id(Domain(brownie_chain.id + 1, market.address))


# ── Price ──

LINE = curve((500_000, ETHER), (1_000_000, 6 * ETHER))
STEPS = curve((10, 0), (13, 1), (20, 1), (21, 100))


@pytest.mark.parametrize(
    ("knots", "score", "price"),
    [
        (LINE, 0, 0),
        (LINE, 499_999, 0),
        (LINE, 500_000, ETHER),
        (LINE, 500_001, ETHER + 10**13),
        (LINE, 750_000, 7 * ETHER // 2),
        (LINE, 1_000_000, 6 * ETHER),
        (LINE, 1_000_001, 6 * ETHER),
        (LINE, 2**256 - 1, 6 * ETHER),
        (STEPS, 9, 0),
        (STEPS, 10, 0),
        (STEPS, 12, 0),  # two thirds of a unit, rounded down
        (STEPS, 13, 1),
        (STEPS, 19, 1),
        (STEPS, 20, 1),
        (STEPS, 21, 100),
        (STEPS, 1_000_000, 100),
        (curve((7, 5)), 6, 0),
        (curve((7, 5)), 7, 5),
        (curve((1, 0), (1_000_000, 2**108 - 1)), 999_999, (2**108 - 1) * 999_998 // 999_999),
    ],
)
def test_price__of_a_score__is_on_the_line_rounded_down(market, knots, score, price):
    assert market.price(knots, score) == price


@pytest.mark.parametrize(
    "knots", [curve(), curve((0, 1)), curve((2, 1), (1, 2)), curve((1, 0))], ids=str
)
def test_price__of_no_curve__is_refused(market, knots):
    refuses(BAD_CURVE, market.price, knots, 1)
