# pragma version 0.4.3
"""
@title A policy for tests: every machine and every quoting enclave is good enough
@license GNU Affero General Public License v3.0 only
"""

from interfaces import ITcbPolicy

GRACE: constant(uint256) = 3_650 * 86_400


@external
@view
def check(_quoted: ITcbPolicy.Quoted) -> bool:
    return True


@external
@view
def grace() -> uint256:
    return GRACE
