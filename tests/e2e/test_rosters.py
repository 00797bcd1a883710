"""Rosters that are proposed of the enclaves that may sign."""

import pytest

from offchain.chain.registry import Registry
from offchain.provider.rosters import candidates, propose
from tests.e2e.ground import ETHER


def found(ground):
    market = ground.market(0)
    return list(candidates(Registry(market.node, market.registry), ground.measurement, ETHER))


def test_propose__active_enclaves__are_a_roster_that_the_market_takes(ground):
    roster = propose(found(ground), quorum=1, spares=2)
    assert len(roster) == 6
    assert set(roster) <= set(ground.documents.roster)
    keys = [int(entry.signing_key, 16) for entry in roster]
    assert keys == sorted(keys)


def test_propose__operator_that_unbonds__is_left_out(ground):
    gone = ground.documents.roster[2]
    ground.made.registry.request_unstake({"from": ground.senders[2].address})
    assert gone not in propose(found(ground), quorum=1, spares=2)
    with pytest.raises(ValueError, match=r"6 active enclaves of 6 operators, expected 7"):
        propose(found(ground), quorum=2, spares=0)
