# pragma version 0.4.3
"""
@title Strict DER (X.690), one element at a time
@license GNU Affero General Public License v3.0 only
@notice Functions take only the 32 bytes from the start of an element on, so that no call copies the whole document.
@dev The caller must make sure that 32 bytes can be read at every offset up to the end of the document.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dates
from contracts.modules.dcap import dcap_errors

INTEGER: constant(bytes1) = 0x02
OCTET_STRING: constant(bytes1) = 0x04
OBJECT_IDENTIFIER: constant(bytes1) = 0x06
SEQUENCE: constant(bytes1) = 0x30
ZULU: constant(bytes1) = 0x5a  # "Z"
UTC_TIME: constant(bytes2) = 0x170d  # with its length, 13


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
    word: uint256 = convert(_word, uint256)
    seconds: uint256 = dates._unix_time((word >> 144) & (2**96 - 1))
    if (
        word >> 240 != convert(UTC_TIME, uint256)
        or (word >> 136) & 255 != convert(ZULU, uint256)
        or seconds == 0
    ):
        self._revert()
    return seconds
