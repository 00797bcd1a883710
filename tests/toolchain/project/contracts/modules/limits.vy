# pragma version 0.4.3

# ── A banner that is not ASCII: its bytes must not shift the offsets below it ──

LIMIT: constant(uint256) = 10


@internal
@pure
def _check(_total: uint256):
    assert _total <= LIMIT  # dev: above the limit
    if _total == 7:
        raise "seven"


@internal
@pure
def _half(_total: uint256) -> uint256:
    return _total // 2
