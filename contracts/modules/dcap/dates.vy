# pragma version 0.4.3
"""
@title Dates of certificates and documents
@license GNU Affero General Public License v3.0 only
"""

from contracts.modules.common import clock

_DIGITS: constant(bytes12) = 0x303030303030303030303030
_SIXES: constant(bytes12) = 0x060606060606060606060606
_LOW_HALVES: constant(bytes12) = 0x0f0f0f0f0f0f0f0f0f0f0f0f
_ONES_OF_PAIRS: constant(bytes12) = 0x000f000f000f000f000f000f
_CARRIES_OF_PAIRS: constant(bytes12) = 0x010001000100010001000100
_EARLIEST: constant(bytes12) = 0x000000010001000000000000  # 00-01-01 00:00:00
_LATEST: constant(bytes12) = 0x0031000c001f0017003b003b  # 49-12-31 23:59:59
_EPOCH_2000: constant(uint256) = 946_684_800  # unix seconds of 2000-01-01


@internal
@pure
def _unix_time(_digits: uint256) -> uint256:
    """
    @notice Return the unix seconds of the twelve ASCII digits YYMMDDhhmmss, from 2000 to 2049; zero when they are not
            twelve digits, or not a time.
    """
    # The text is twelve ASCII digits if the high half of each byte is 3 and adding 6 to the low half does not carry.
    halves: uint256 = _digits ^ convert(_DIGITS, uint256)
    if (halves | (halves + convert(_SIXES, uint256))) & ~convert(_LOW_HALVES, uint256) != 0:
        return 0
    # Pairs of digits become numbers of two bytes each: year, month, day, hour, minute, second.
    tens: uint256 = (halves >> 8) & convert(_ONES_OF_PAIRS, uint256)
    pairs: uint256 = 10 * tens + (halves & convert(_ONES_OF_PAIRS, uint256))
    carries: uint256 = convert(_CARRIES_OF_PAIRS, uint256)
    if ((convert(_LATEST, uint256) | carries) - pairs) & carries != carries or (
        (pairs | carries) - convert(_EARLIEST, uint256)
    ) & carries != carries:
        return 0
    year: uint256 = pairs >> 80
    month: uint256 = (pairs >> 64) & 255
    day: uint256 = (pairs >> 48) & 255
    hour: uint256 = (pairs >> 32) & 255
    minute: uint256 = (pairs >> 16) & 255
    second: uint256 = pairs & 255

    # The sum of the days before the year, before the month as if February had 30 days, and before the day.
    days: uint256 = 365 * year + (year + 3) // 4 + (367 * month - 362) // 12 + day - 1
    if month > 2:
        days -= 1 if year % 4 == 0 else 2
    return _EPOCH_2000 + clock.DAY * days + clock.HOUR * hour + 60 * minute + second
