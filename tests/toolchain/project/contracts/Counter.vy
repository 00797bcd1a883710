# pragma version 0.4.3
"""
@title Counts, with what Brownie alone cannot build: a module, an interface, a package
"""
from snekmate.auth import ownable

from contracts.modules import limits
from interfaces import ICounter

implements: ICounter
initializes: ownable

exports: ownable.owner

total: public(uint256)


@deploy
def __init__():
    ownable.__init__()


@external
def count(_by: uint256):
    ownable._check_owner()
    assert _by > 0  # dev: nothing to count
    self.total += _by
    limits._check(self.total)
    log ICounter.Counted(who=msg.sender, total=self.total)


@external
def halve():
    if self.total > 4:
        self.total = limits._half(self.total)
