"""A small part of DER (X.690), to read Intel's SGX extension and to write simulated certificates.

Lengths must have their shortest form: another encoding of the same values is refused.
"""

from collections.abc import Iterator

from offchain.attestation.rejections import QuoteRejected, RejectionReason

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
ENUMERATED = 0x0A
UTF8_STRING = 0x0C
UTC_TIME = 0x17
SEQUENCE = 0x30
SET = 0x31


def explicit(number: int) -> int:
    """Return the tag [number] of a constructed value."""
    return 0xA0 | number


def encode(tag: int, *parts: bytes) -> bytes:
    """Encode one element: tag, length in its shortest form, and the joined parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    """Encode a non-negative INTEGER in its shortest form."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER from its dotted form."""
    first, second, *others = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        content += bytes(groups)
    return encode(OBJECT_IDENTIFIER, content)


def _header(data: bytes, offset: int) -> tuple[int, int, int]:
    """Return the tag of the element at ``offset``, and start and end of its content."""
    head = data[offset : offset + 6]
    if len(head) < 2:
        raise QuoteRejected(RejectionReason.DER, f"cut short at offset {offset}")
    start, size = offset + 2, head[1]
    if size >= 0x80:
        width = size & 0x7F
        size = int.from_bytes(head[2 : 2 + width], "big")
        if size < 0x80 or width != (size.bit_length() + 7) // 8:
            raise QuoteRejected(
                RejectionReason.DER, f"length not in its shortest form at offset {offset}"
            )
        start += width
    if start + size > len(data):
        raise QuoteRejected(
            RejectionReason.DER,
            f"{size} bytes declared at offset {offset}, {len(data) - start} are left",
        )
    return head[0], start, start + size


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in ``data``, which they must fill exactly.

    Raises:
        QuoteRejected: an element is cut short or its length is not in its shortest form.
    """
    offset = 0
    while offset < len(data):
        tag, start, offset = _header(data, offset)
        yield tag, data[start:offset]


def unwrap(data: bytes, tag: int) -> bytes:
    """Return the content of the single element in ``data``.

    Raises:
        QuoteRejected: the element has another tag, is malformed, or is followed by other bytes.
    """
    found, start, end = _header(data, 0)
    if found != tag or end != len(data):
        raise QuoteRejected(
            RejectionReason.DER,
            f"tag {found:#04x} and {len(data) - end} bytes after it, expected {tag:#04x} alone",
        )
    return data[start:end]
