"""A market on a node: its questions to the contract, and what follows from the answers."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from offchain.chain.history import History
from offchain.chain.market import Market
from tests.offchain.market import Offer, make_market
from tests.vectors.generate import DOMAIN, task

SEAT_BOND = 10**17 + 1


class KnownMarket(Market):
    """A market whose settings are known, on no node."""

    domain = DOMAIN

    def __init__(self) -> None:
        seat_bond = SimpleNamespace(call=lambda: SEAT_BOND)
        self.contract = SimpleNamespace(functions=SimpleNamespace(seat_bond=lambda: seat_bond))


# Holds S-28, S-31.
@pytest.mark.parametrize(("quorum", "seats"), [(1, 3), (2, 5), (3, 7)])
def test_dispute_bond__of_any_quorum__pays_each_seat_of_its_panel(quorum: int, seats: int) -> None:
    assert KnownMarket().dispute_bond(replace(task(), quorum=quorum)) == seats * SEAT_BOND


# Holds S-1.
def test_transcript__reveals_that_do_not_give_the_seed__are_refused() -> None:
    """A node that lacks a reveal, or gives them in another order, gives another head."""
    market = make_market([Offer(), Offer()])
    made = market.transcript
    randomness = made.prevrandao, made.parent_hash
    history = History(made.task, reveals=made.reveals, seed=made.seed, randomness=randomness)
    assert KnownMarket().transcript(history, made.roster) == made
    for reveals in (made.reveals[:1], made.reveals[1:], made.reveals[::-1]):
        with pytest.raises(ValueError, match=r"expected 0x[0-9a-f]{64}: the node lacks some logs"):
            KnownMarket().transcript(replace(history, reveals=reveals), made.roster)
