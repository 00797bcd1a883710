"""A snapshot is of one block, or an error says why there is none."""

from types import SimpleNamespace

import pytest

from offchain.page.snapshot import SnapshotReader


def reader(confirmed, hashes):
    """A reader of a node without logs, whose confirmed block has these hashes, one each time."""
    answers = iter(hashes)
    eth = SimpleNamespace(get_block=lambda _: {"hash": next(answers), "timestamp": 5})
    node = SimpleNamespace(
        confirmations=64,
        confirmed=lambda: confirmed,
        logs=lambda *_: iter(()),
        web3=SimpleNamespace(eth=eth),
    )
    contract = SimpleNamespace(address="0x", abi=[], events={})
    market = SimpleNamespace(node=node, contract=contract)
    return SnapshotReader(market, SimpleNamespace(contract=contract))


def test_read__block_that_stays__is_that_block():
    found = reader(9, [b"one", b"one"]).read()
    assert (found.block, found.now, found.tasks) == (9, 5, {})


def test_read__block_that_is_replaced_meanwhile__is_read_again():
    found = reader(9, [b"one", b"two", b"two", b"two"]).read()
    assert found.block == 9


def test_read__chain_that_never_rests__is_an_error():
    with pytest.raises(OSError, match="changed 5 times while it was read"):
        reader(9, range(10)).read()


def test_read__before_any_block_is_confirmed__says_what_to_do():
    with pytest.raises(ValueError, match="no block has 64 confirmations yet: wait, or lower"):
        reader(-1, []).read()
