# pragma version 0.4.3
"""
@title Strict DER (X.690), one element at a time
@license GNU Affero General Public License v3.0 only
@notice Functions take only the 32 bytes from the start of an element on, so that no call copies the whole document.
@dev The caller must make sure that 32 bytes can be read at every offset up to the end of the document.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors

INTEGER: constant(bytes1) = 0x02
OCTET_STRING: constant(bytes1) = 0x04
OBJECT_IDENTIFIER: constant(bytes1) = 0x06
SEQUENCE: constant(bytes1) = 0x30
ZULU: constant(bytes1) = 0x5a  # "Z"
UTC_TIME: constant(bytes2) = 0x170d  # with its length, 13

DIGITS: constant(bytes12) = 0x303030303030303030303030
SIXES: constant(bytes12) = 0x060606060606060606060606
LOW_HALVES: constant(bytes12) = 0x0f0f0f0f0f0f0f0f0f0f0f0f
ONES_OF_PAIRS: constant(bytes12) = 0x000f000f000f000f000f000f
CARRIES_OF_PAIRS: constant(bytes12) = 0x010001000100010001000100
EARLIEST: constant(bytes12) = 0x000000010001000000000000  # 00-01-01 00:00:00
LATEST: constant(bytes12) = 0x0031000c001f0017003b003b  # 49-12-31 23:59:59
EPOCH_2000: constant(uint256) = 946_684_800  # unix seconds of 2000-01-01


@internal
@pure
def _revert():
    """
    @dev Always reverts. Kept in one place because the reason would cost 60 bytes of code at each of many checks.
    """
    errors._revert(dcap_errors.DER)


@internal
@pure
def _open(_word: bytes32, _tag: bytes1, _start: uint256, _end: uint256) -> (uint256, uint256):
    """
    @notice Return where the content of the element at `_start` begins and ends. It must end by `_end`.
    @dev Accepts lengths of up to 65,535, in their shortest form only.
    """
    word: uint256 = convert(_word, uint256)
    start: uint256 = _start + 2
    size: uint256 = (word >> 240) & 255
    shortest: bool = size < 128
    if size == 129:
        start += 1
        size = (word >> 232) & 255
        shortest = size >= 128
    elif size == 130:
        start += 2
        size = (word >> 224) & 65535
        shortest = size >= 256
    end: uint256 = start + size
    if word >> 248 != convert(_tag, uint256) or not shortest or end > _end:
        self._revert()
    return start, end


@internal
@pure
def _integer(_word: bytes32, _start: uint256, _end: uint256) -> (uint256, uint256):
    """
    @notice Return the INTEGER at `_start` and where it ends, which must be by `_end`. It must be non-negative, at most
            30 bytes long, and in its shortest form.
    """
    start: uint256 = 0
    end: uint256 = 0
    start, end = self._open(_word, INTEGER, _start, _end)
    size: uint256 = end - start
    content: uint256 = convert(_word, uint256) << 16
    if size == 0 or size > 30 or content >> 255 != 0 or (size != 1 and content >> 247 == 0):
        self._revert()
    return content >> (8 * (32 - size)), end


@internal
@pure
def _utc_time(_word: bytes32) -> uint256:
    """
    @notice Return the unix seconds of the UTCTime (with tag and length) in the first 15 bytes of a word.
    @dev Accepts the years 2000 to 2049 only. No certificate of Intel's begins earlier, and later years need another
         type.
    """
    # The text is twelve ASCII digits if the high half of each byte is 3 and adding 6 to the low half does not carry.
    digits: uint256 = (convert(_word, uint256) >> 144) & (2**96 - 1)
    ascii: uint256 = convert(DIGITS, uint256)
    halves: uint256 = digits ^ ascii
    if (
        convert(_word, uint256) >> 240 != convert(UTC_TIME, uint256)
        or (convert(_word, uint256) >> 136) & 255 != convert(ZULU, uint256)
        or (halves | (halves + convert(SIXES, uint256))) & ~convert(LOW_HALVES, uint256) != 0
    ):
        self._revert()
    # Pairs of digits become numbers of two bytes each: year, month, day, hour, minute, second.
    tens: uint256 = (halves >> 8) & convert(ONES_OF_PAIRS, uint256)
    pairs: uint256 = 10 * tens + (halves & convert(ONES_OF_PAIRS, uint256))
    carries: uint256 = convert(CARRIES_OF_PAIRS, uint256)
    if ((convert(LATEST, uint256) | carries) - pairs) & carries != carries or (
        (pairs | carries) - convert(EARLIEST, uint256)
    ) & carries != carries:
        self._revert()
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
    return EPOCH_2000 + clock.DAY * days + clock.HOUR * hour + 60 * minute + second
