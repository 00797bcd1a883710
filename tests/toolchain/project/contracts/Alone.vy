# pragma version 0.4.3
"""
@title Imports nothing
"""


@external
@pure
def one() -> uint256:
    return 1
