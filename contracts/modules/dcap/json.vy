# pragma version 0.4.3
"""
@title Strict reading of Intel's JSON, where it stands in the calldata
@license GNU Affero General Public License v3.0 only
@notice Functions revert unless the text stands at an offset of the calldata exactly as Intel writes it.
@dev Vyper would copy a document at every call. Read in place it is never copied. What the caller appends to the
     document may be read too, and changes nothing: whoever reads a document must end exactly where it ends.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dates
from contracts.modules.dcap import dcap_errors

# The same byte 32 times.
_ONES: constant(uint256) = max_value(uint256) // 255
_LOW_HALVES: constant(uint256) = 15 * _ONES
_HIGH_HALVES: constant(uint256) = 240 * _ONES
_ZEROS: constant(uint256) = 48 * _ONES  # "0"
_LETTER_BITS: constant(uint256) = 64 * _ONES  # set in letters, clear in digits
_SIXES: constant(uint256) = 6 * _ONES
_SEVENS: constant(uint256) = 127 * _ONES
_HIGH_BITS: constant(uint256) = 128 * _ONES

# The low half of each number of 2, 4, 8 and 16 bytes.
_HALVES_OF_2: constant(uint256) = max_value(uint256) // (2**8 + 1)
_HALVES_OF_4: constant(uint256) = max_value(uint256) // (2**16 + 1)
_HALVES_OF_8: constant(uint256) = max_value(uint256) // (2**32 + 1)
_HALVES_OF_16: constant(uint256) = max_value(uint256) // (2**64 + 1)

# A date is 20YY-MM-DDThh:mm:ssZ: what is fixed of it, and where.
_DATE: constant(bytes20) = 0x323000002d00002d00005400003a00003a00005a
_FIXED: constant(bytes20) = 0xffff0000ff0000ff0000ff0000ff0000ff0000ff
DATE: constant(uint256) = 20


@internal
@pure
def _revert():
    """
    @dev Always reverts. Kept in one place because the reason would cost 60 bytes of code at each of many checks.
    """
    errors._revert(dcap_errors.DOCUMENT_FORM)


@internal
@view
def _argument(_index: uint256) -> uint256:
    """
    @notice Return where the bytes of an external function's argument begin, by its place among the head's words.
    """
    return 36 + self._word(4 + 32 * _index)


@internal
@view
def _word(_at: uint256) -> uint256:
    """
    @dev Reverts, without a reason, beyond the calldata: a document that was cut may be read on until there.
    """
    return convert(slice(msg.data, _at, 32), uint256)


@internal
@view
def _is(_character: uint256, _at: uint256) -> bool:
    return self._word(_at) >> 248 == _character


@internal
@view
def _skip(_text: Bytes[32], _at: uint256) -> uint256:
    """
    @notice Return the offset after a text that must stand at `_at`.
    """
    size: uint256 = len(_text)
    if self._word(_at) >> (256 - 8 * size) != convert(_text, uint256):
        self._revert()
    return _at + size


@internal
@view
def _number(_most: uint256, _at: uint256) -> (uint256, uint256):
    """
    @notice Return the number at `_at` and where it ends. It has at most five digits, no leading zero, and is at most
            `_most`.
    """
    word: uint256 = self._word(_at)
    number: uint256 = 0
    for i: uint256 in range(6):
        digit: uint256 = unsafe_sub((word >> (248 - 8 * i)) & 255, 48)
        if digit > 9:
            if i == 0 or number > _most:
                break
            return number, _at + i
        if i == 5 or (i == 1 and number == 0):
            break
        number = 10 * number + digit
    self._revert()
    return 0, 0


@internal
@view
def _hex(_size: uint256, _at: uint256) -> uint256:
    """
    @notice Return the number that the next `_size` characters are in hex, of either case. At most 32.
    @dev All digits are read at once. Writing them again, in lower case, must give the text.
    """
    text: uint256 = (self._word(_at) >> (256 - 8 * _size)) | (_ZEROS << (8 * _size))
    letters: uint256 = (text >> 6) & _ONES
    halves: uint256 = (text & _LOW_HALVES) + 9 * letters
    written: uint256 = halves + _ZEROS + 39 * (((halves + _SIXES) >> 4) & _ONES)
    if halves & _HIGH_HALVES != 0 or written != text | ((text & _LETTER_BITS) >> 1):
        self._revert()
    # Halves of bytes become bytes, then numbers of 2, 4, 8 and 16 bytes.
    number: uint256 = (halves | (halves >> 4)) & _HALVES_OF_2
    number = (number | (number >> 8)) & _HALVES_OF_4
    number = (number | (number >> 16)) & _HALVES_OF_8
    number = (number | (number >> 32)) & _HALVES_OF_16
    return (number | (number >> 64)) & (2**128 - 1)


@internal
@view
def _date(_at: uint256) -> uint256:
    """
    @notice Return the unix seconds of the date in the next 20 characters.
    """
    text: uint256 = self._word(_at) >> 96
    # The six pairs of digits stand behind one another once the fixed characters between them are taken out.
    digits: uint256 = (
        ((text >> 128) & 65535) << 80
        | ((text >> 104) & 65535) << 64
        | ((text >> 80) & 65535) << 48
        | ((text >> 56) & 65535) << 32
        | ((text >> 32) & 65535) << 16
        | ((text >> 8) & 65535)
    )
    seconds: uint256 = dates._unix_time(digits)
    if text & convert(_FIXED, uint256) != convert(_DATE, uint256) or seconds == 0:
        self._revert()
    return seconds


@internal
@view
def _find(_character: uint256, _words: uint256, _at: uint256) -> uint256:
    """
    @notice Return the offset of the first such character within so many words (at most 64).
    """
    at: uint256 = _at
    for _: uint256 in range(_words, bound=64):
        # The character's byte becomes zero, and its high bit the only one that is set in the end.
        difference: uint256 = self._word(at) ^ (_character * _ONES)
        found: uint256 = ~(((difference & _SEVENS) + _SEVENS) | difference) & _HIGH_BITS
        if found != 0:
            if found >> 128 == 0:
                at += 16
                found = found << 128
            if found >> 192 == 0:
                at += 8
                found = found << 64
            if found >> 224 == 0:
                at += 4
                found = found << 32
            if found >> 240 == 0:
                at += 2
                found = found << 16
            if found >> 248 == 0:
                at += 1
            return at
        at += 32
    self._revert()
    return 0
