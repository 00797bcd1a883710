# pragma version 0.4.3
"""
@title Evaluation numbers: which of Intel's documents count
@license GNU Affero General Public License v3.0 only
@notice raise_least_numbers. Of each kind the documents of the two newest numbers that are not stale are kept.
@dev A stamp holds what decides that. It is the upper part of a word, above STAMP bits that others use.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from interfaces import ITcbPolicy
from snekmate.auth import ownable

uses: ownable

STAMP: constant(uint256) = 160
_NUMBER: constant(uint256) = STAMP + 80  # 16 bits
_ISSUED: constant(uint256) = STAMP + 40  # 40 bits
_TIME: constant(uint256) = 2**40 - 1
_MAX_GRACE: constant(uint256) = 3_650  # days

# What to keep in the two places of a kind, by rising number.
FIRST: constant(uint256) = 0  # what stood in the first place
SECOND: constant(uint256) = 1
NEW: constant(uint256) = 2
NOTHING: constant(uint256) = 3

GRACE: immutable(uint256)  # seconds

# The least numbers: of identities 16, of TCB infos 16
least: uint256


@deploy
def __init__(_grace_days: uint256):
    if _grace_days > _MAX_GRACE:
        errors._revert(dcap_errors.BAD_GRACE)
    GRACE = _grace_days * clock.DAY


# ── Owner ──


@external
def raise_least_numbers(_tcb: uint256, _identity: uint256):
    """
    @dev See `ITcbPolicy.raise_least_numbers`.
    """
    ownable._check_owner()
    if (
        max(_tcb, _identity) >= 2**16
        or _tcb < self._least_tcb(self.least)
        or _identity < self._least_identity(self.least)
    ):
        errors._revert(dcap_errors.BAD_FLOOR)
    self.least = (_identity << 16) | _tcb
    log ITcbPolicy.LeastNumbersRaised(tcb=_tcb, identity=_identity)


# ── Views ──


@external
@view
def least_numbers() -> (uint256, uint256):
    """
    @dev See `ITcbPolicy.least_numbers`.
    """
    return self._least_tcb(self.least), self._least_identity(self.least)


@external
@view
def grace() -> uint256:
    """
    @dev See `ITcbPolicy.grace`.
    """
    return GRACE


# ── Internals ──


@internal
@pure
def _least_tcb(_least: uint256) -> uint256:
    return _least & 65535


@internal
@pure
def _least_identity(_least: uint256) -> uint256:
    return _least >> 16


@internal
@pure
def _stamp(_number: uint256, _issued: uint256, _next_update: uint256) -> uint256:
    return (_number << _NUMBER) | (_issued << _ISSUED) | (_next_update << STAMP)


@internal
@pure
def _number(_word: uint256) -> uint256:
    return _word >> _NUMBER


@internal
@pure
def _issued(_word: uint256) -> uint256:
    return (_word >> _ISSUED) & _TIME


@internal
@pure
def _next_update(_word: uint256) -> uint256:
    return (_word >> STAMP) & _TIME


@internal
@view
def _is_live(_word: uint256, _least: uint256) -> bool:
    return block.timestamp <= self._next_update(_word) + GRACE and self._number(_word) >= _least


@internal
@view
def _choose(
    _first: uint256, _second: uint256, _new: uint256, _least: uint256
) -> (uint256, uint256):
    """
    @notice Return what to keep in the first and in the second place. Reverts unless the new document is kept.
    @dev An issue date is always after 2000, so the stamp of a document is never zero.
    """
    if self._issued(_new) > block.timestamp:
        errors._revert(dcap_errors.DOCUMENT_NOT_YET_VALID)
    if block.timestamp > self._next_update(_new) + GRACE:
        errors._revert(dcap_errors.DOCUMENT_STALE)
    number: uint256 = self._number(_new)
    keeps_first: bool = _first != 0
    keeps_second: bool = _second != 0
    if keeps_first and self._number(_first) == number:
        self._require_not_newer(_first, _new)
        keeps_first = False
    if keeps_second and self._number(_second) == number:
        self._require_not_newer(_second, _new)
        keeps_second = False
    if number < _least:
        errors._revert(dcap_errors.DOCUMENT_NUMBER)

    keeps_first = keeps_first and self._is_live(_first, _least)
    keeps_second = keeps_second and self._is_live(_second, _least)
    if keeps_first and keeps_second:
        if number < self._number(_first):
            errors._revert(dcap_errors.DOCUMENT_NUMBER)
        keeps_first = False
    if keeps_first:
        return (FIRST, NEW) if self._number(_first) < number else (NEW, FIRST)
    if keeps_second:
        return (SECOND, NEW) if self._number(_second) < number else (NEW, SECOND)
    return NEW, NOTHING


@internal
@pure
def _require_not_newer(_kept: uint256, _new: uint256):
    if self._issued(_kept) > self._issued(_new):
        errors._revert(dcap_errors.DOCUMENT_SUPERSEDED)
