"""Rosters that are proposed of the enclaves that may sign."""

import pytest

from offchain.chain.registry import Registry
from offchain.provider.rosters import candidates, propose
from tests.e2e.hosts import ETHER


def found(hosts):
    market = hosts.market(0)
    return list(candidates(Registry(market.node, market.registry), hosts.measurement, ETHER))


def test_propose__active_enclaves__are_a_roster_that_the_market_takes(hosts):
    roster = propose(found(hosts), quorum=1, spares=2)
    assert len(roster) == 6
    assert set(roster) <= set(hosts.documents.roster)
    keys = [int(entry.signing_key, 16) for entry in roster]
    assert keys == sorted(keys)


def test_propose__operator_that_unbonds__is_left_out(hosts):
    gone = hosts.documents.roster[2]
    hosts.made.registry.request_unstake({"from": hosts.senders[2].address})
    assert gone not in propose(found(hosts), quorum=1, spares=2)
    with pytest.raises(ValueError, match=r"6 active enclaves of 6 operators .* expected 7 "):
        propose(found(hosts), quorum=2, spares=0)
