"""Quotes in the forms in which tools hand them out: raw, hex, base64, or inside a JSON document.

JSON is searched for values that decode to a quote, under any name, because each tool has its own:
``quote`` (dstack, this project), ``intel_quote``, ``td_quote``, the lists of integers of Azure's
guest tools, the unpadded base64 of Azure's metadata service. A file of configfs-tsm (``outblob``)
and of Gramine (``/dev/attestation/quote``) is raw, with padding.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from offchain.attestation import quote
from offchain.attestation.rejections import QuoteRejected, RejectionReason

_MIN_QUOTE = 436
_HEADS = (b"\3\0", b"\4\0", b"\5\0")
_MAX_DEPTH = 100
_HCL = b"HCLA"
_HEX = re.compile(r"(0[xX])?([0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


def read_quote(data: bytes) -> quote.Quote:
    """Find the one quote in ``data``, without what pads it, and parse it.

    Raises:
        QuoteRejected: there is no quote, there are several, or it is malformed.
    """
    candidates = list(_candidates(data))
    found = {quote.trim(each) for each in candidates if _is_quote(each)}
    if len(found) == 1:
        return quote.parse(found.pop())
    if found:
        raise QuoteRejected(
            RejectionReason.QUOTE_LENGTH, f"{len(found)} quotes in one file, expected one"
        )
    if data.startswith(_HCL):
        raise QuoteRejected(
            RejectionReason.QUOTE_VERSION,
            "an HCL report of Azure, which holds a report of the machine and no quote: expected "
            "the quote that the metadata service makes of it (/acc/tdquote)",
        )
    return quote.parse(quote.trim(candidates[0] if len(candidates) == 1 else data))


def decode_text(text: str) -> bytes | None:
    """Return the bytes that a text encodes in hex or base64, or None if it is neither."""
    packed = "".join(text.split())
    if _HEX.fullmatch(packed):
        return bytes.fromhex(packed.removeprefix("0x").removeprefix("0X"))
    if not _BASE64.fullmatch(packed):
        return None
    padded = packed.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        return b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return None


def load_json(text: str) -> Any:
    """Load JSON of a stranger; refuse nesting so deep that the parser may overflow its stack.

    Raises:
        ValueError: the text is no JSON, or is nested more than 100 deep.
    """
    depth = deepest = 0
    for bracket in re.findall(r"[\[{}\]]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        raise ValueError(f"nested {deepest} deep, expected at most {_MAX_DEPTH}")
    return json.loads(text)


def _is_quote(data: bytes) -> bool:
    return len(data) >= _MIN_QUOTE and data[:2] in _HEADS and data[2:4] == b"\2\0"


def _candidates(data: bytes) -> Iterator[bytes]:
    """Yield what may be a quote: the data themselves, and every value that they encode."""
    if data[:2] in _HEADS:
        yield data
        return
    try:
        text = data.decode().lstrip("\ufeff").strip("\0 \t\r\n")
    except UnicodeDecodeError:
        return
    yield from _in_value(text)


def _in_value(value: Any) -> Iterator[bytes]:
    if isinstance(value, str):
        if value.lstrip()[:1] in ("{", "["):
            try:
                yield from _in_value(load_json(value))
            except ValueError as error:
                raise QuoteRejected(RejectionReason.QUOTE_LENGTH, f"JSON: {error}") from error
        elif decoded := decode_text(value):
            yield decoded
    elif isinstance(value, dict):
        for member in value.values():
            yield from _in_value(member)
    elif isinstance(value, list):
        if all(type(each) is int and 0 <= each < 256 for each in value):
            yield bytes(value)
        else:
            for member in value:
                yield from _in_value(member)
