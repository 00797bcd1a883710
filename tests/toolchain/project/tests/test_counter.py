"""Run by Brownie inside the throw-away project."""

import re

import brownie
import pytest


@pytest.fixture
def owner(accounts):
    return accounts[0]


@pytest.fixture
def counter(owner, Counter):
    return owner.deploy(Counter)


def test_count__by_three__logs_total(counter, owner):
    transaction = counter.count(3, {"from": owner})
    assert dict(transaction.events["Counted"]) == {"who": owner, "total": 3}


def test_count__by_three__leaves_nothing_to_undo(counter, owner, chain):
    counter.count(3, {"from": owner})
    with pytest.raises(ValueError, match="Undo buffer is empty"):
        chain.undo()


def test_count__by_zero__has_the_contracts_dev_reason(counter, owner):
    with brownie.reverts("dev: nothing to count"):
        counter.count(0, {"from": owner})


def test_count__above_limit__has_the_modules_dev_reason(counter, owner):
    with brownie.reverts(dev_revert_msg="dev: above the limit"):
        counter.count(11, {"from": owner})


def test_count__above_limit__error_shows_the_modules_line(counter, owner):
    with pytest.raises(brownie.exceptions.VirtualMachineError) as caught:
        counter.count(11, {"from": owner})
    shown = re.sub(r"\x1b\[[0-9;]*m", "", caught.value.source)
    assert 'File "contracts/modules/limits.vy", line 11, in limits._check' in shown
    assert "assert _total <= LIMIT" in shown


def test_count__seven__has_the_modules_reason(counter, owner):
    with brownie.reverts("seven"):
        counter.count(7, {"from": owner})


def test_count__by_a_stranger__has_the_packages_reason(counter, accounts):
    with brownie.reverts("ownable: caller is not the owner"):
        counter.count(1, {"from": accounts[1]})


def test_halve__of_zero__leaves_it(counter, owner):
    counter.halve({"from": owner})
    assert counter.total() == 0
