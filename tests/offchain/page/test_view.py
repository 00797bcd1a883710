"""The reader asks the contract for what may have changed, and believes no token its name."""

from types import SimpleNamespace

import pytest

from offchain.page import view as module
from offchain.page.snapshot import Snapshot
from offchain.page.strangers import Strangers
from offchain.page.view import TokenView, ViewReader
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.vectors.generate import address


@pytest.fixture
def asked():
    return []


@pytest.fixture
def reader(asked):
    market = SimpleNamespace(
        node=SimpleNamespace(web3=None),
        contract=SimpleNamespace(address=address("market")),
        progress=lambda task_id, block: asked.append(block) or block,
    )
    return ViewReader("harvest", market, SimpleNamespace(), Strangers(fetch=False))


def at(block, *hashes):
    """A snapshot in which a task has events in blocks of these hashes."""
    events = [{"blockHash": each} for each in hashes]
    return Snapshot(block, 5, {b"task": events}, [], [], {}, {})


def test_progress__of_a_task__is_asked_for_after_each_event_and_reorganisation(reader, asked):
    for snapshot in (at(7, b"one"), at(8, b"one")):
        assert reader._progress(snapshot, b"task") == 7
    for snapshot in (at(9, b"one", b"one"), at(10, b"one", b"two"), at(11, b"other")):
        assert reader._progress(snapshot, b"task") == snapshot.block
    assert asked == [7, 9, 10, 11]


@pytest.mark.parametrize("symbol", ["ether", "ETH", "Wei"])
def test_token__that_calls_itself_ether__is_told_apart(symbol, reader, monkeypatch):
    token = address("token")
    monkeypatch.setattr(module, "currency_of", lambda *_: (symbol, 18))
    assert reader._token(token) == TokenView(f"{symbol} of {token[:8]}", 18)
    assert reader._token(ZERO_ADDRESS) == TokenView(symbol, 18)


def test_token__without_a_name__has_units(reader, monkeypatch):
    def refuses(*_):
        raise ValueError("no token")

    monkeypatch.setattr(module, "currency_of", refuses)
    assert reader._token(address("token")) == TokenView("units", 0)
