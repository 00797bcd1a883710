"""Figures of gas: replayed as the node counted them, held to limits and to the snapshot."""

from dataclasses import replace
from itertools import pairwise

import pytest
from brownie import PlainToken, accounts, web3

from scripts.lib.gas_report import FIRST, FLOORS, SALE, SNAPSHOT, check_limits, read, regressions
from scripts.lib.replay import FORKS, Gas, figures, record

NEW_WORD = 97_920
"""Gas of 64 bytes of state under EIP-8037, at 1,530 a byte."""
ROWS = {"one": {"osaka": 1_000, "amsterdam": 2_000}}


@pytest.fixture
def token(fn_isolation):
    return accounts[0].deploy(PlainToken, 18)


def minted(token, to) -> Gas:
    return record(web3, token.mint(to, 5, {"from": accounts[0]}).txid)


# ── Replay ──


def test_figures__of_a_transaction__are_those_of_the_node(token):
    receipt = token.mint(accounts[1], 5, {"from": accounts[0]})
    found = figures({"mint": record(web3, receipt.txid)})
    assert found["mint"]["osaka"] == receipt.gas_used
    assert set(found["mint"]) == set(FORKS)


def test_figures__new_words__cost_state_under_amsterdam_only(token):
    """The first mint writes two words that were zero, the second one, the third none."""
    made = [minted(token, accounts[n]) for n in (1, 2, 2)]
    found = figures({str(n): each for n, each in enumerate(made)} | {"new": made[1] - made[2]})
    by_fork = {fork: [found[str(n)][fork] for n in range(3)] for fork in FORKS}
    # Every byte of the calldata that is zero by chance saves 12 gas.
    for fork, price in (("osaka", 17_100), ("amsterdam", NEW_WORD)):
        for more, fewer in pairwise(by_fork[fork]):
            assert abs(more - fewer - price) <= 36
    assert found["new"] == {fork: each[1] - each[2] for fork, each in by_fork.items()}


def test_figures__sums_and_what_is_bare__follow_from_the_parts(token):
    first, second = (minted(token, accounts[n]) for n in (1, 2))
    rows = {"1": first, "2": second, "sum": first + second, "bare": replace(first, is_bare=True)}
    found = figures(rows)
    for fork in FORKS:
        assert found["sum"][fork] == found["1"][fork] + found["2"][fork]
        assert 0 < found["bare"][fork] < found["1"][fork] - 15_000


def test_figures__other_gas_than_the_node__is_an_error(token):
    gas = minted(token, accounts[1])
    (recorded,) = gas.added
    for off in (-1, 1):
        with pytest.raises(RuntimeError, match="as on the node"):
            figures({"mint": Gas((replace(recorded, used=recorded.used + off),))})


def test_figures__call_that_fails__is_an_error(token):
    gas = minted(token, accounts[1])
    (recorded,) = gas.added
    call = {**recorded.request["call"], "data": "0x00000000"}
    broken = replace(recorded, request={**recorded.request, "call": call})
    with pytest.raises(RuntimeError, match="fails under osaka"):
        figures({"mint": Gas((broken,))})


# ── Limits and snapshot ──


@pytest.mark.parametrize("fork", FORKS)
def test_regressions__one_percent_more__is_the_most(fork):
    before = ROWS["one"][fork]
    at, above = ({"one": {**ROWS["one"], fork: before + before // 100 + more}} for more in (0, 1))
    assert regressions(at, ROWS) == []
    (fault,) = regressions(above, ROWS)
    assert fault.startswith(f"one under {fork} uses ")


def test_regressions__row_in_one_of_the_two__is_a_fault():
    two = {**ROWS, "two": {"osaka": 1, "amsterdam": 1}}
    expected = ["two is measured in one of the two only"]
    assert regressions(two, ROWS) == regressions(ROWS, two) == expected


def test_check_limits__above_its_limit__names_the_row():
    check_limits(ROWS, {"one": 1_000})
    with pytest.raises(RuntimeError, match="over the limit: one"):
        check_limits(ROWS, {"one": 999})


def test_floors__of_every_operation__are_below_what_is_measured():
    snapshot = read(SNAPSHOT)["rows"]
    for name, parts in FLOORS.items():
        assert 0 < sum(parts.values()) < snapshot[name]["osaka"], name


def test_files__committed__have_the_rows_that_are_compared():
    snapshot = read(SNAPSHOT)["rows"]
    for figures_then in read(FIRST).values():
        assert SALE in figures_then
        assert set(figures_then) <= set(snapshot)
