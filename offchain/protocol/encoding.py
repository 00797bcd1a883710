"""Types of fields, checked on construction and when they are read from JSON; canonical JSON.

In JSON, bytes and addresses are ``0x`` strings of hex digits. Integers of the contract are strings
of decimal digits, since many JSON parsers lose the low bits of large numbers. A wrong value raises
``pydantic.ValidationError`` (a ``ValueError``), which names the field, its value and what was
expected.
"""

from binascii import unhexlify
from typing import Annotated, Any, TypeVar

import rfc8785
from annotated_types import Ge, Le, Len
from eth_utils.address import is_address, to_checksum_address
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)

STRICT = ConfigDict(strict=True, extra="forbid")
"""Configuration of every dataclass: no conversions of types, no unknown fields."""

MAX_SCORE = 1_000_000
"""The greatest score; scores are parts per million."""

ZERO_ADDRESS = "0x" + 40 * "0"


def _from_hex(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.startswith("0x"):
        raise ValueError("expected hex digits after 0x")
    return unhexlify(value[2:])


def _to_hex(value: bytes) -> str:
    return "0x" + value.hex()


def _from_decimal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= 78):
        raise ValueError("expected at most 78 decimal digits")
    return int(value)


def _address(value: str) -> str:
    if not (is_address(value) and value.startswith("0x")):
        raise ValueError("expected an address: 0x and 40 hex digits")
    return to_checksum_address(value)


_HEX = (BeforeValidator(_from_hex), PlainSerializer(_to_hex, when_used="json"))
_DECIMAL = (BeforeValidator(_from_decimal), PlainSerializer(str, when_used="json"))

HexBytes = Annotated[bytes, *_HEX]
Bytes32 = Annotated[
    bytes,
    Len(32, 32),
    *_HEX,
    WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}),
]
Address = Annotated[str, AfterValidator(_address)]
Uint256 = Annotated[int, Ge(0), Le(2**256 - 1), *_DECIMAL]
Uint128 = Annotated[int, Ge(0), Le(2**128 - 1), *_DECIMAL]
Gwei = Annotated[int, Ge(0), Le((2**48 - 1) * 10**9), *_DECIMAL]
Time = Annotated[int, Ge(0), Le(2**40 - 1), *_DECIMAL]
Score = Annotated[int, Ge(0), Le(MAX_SCORE), *_DECIMAL]
Index = Annotated[int, Ge(0), Le(2**20 - 2), *_DECIMAL]

T = TypeVar("T")


def from_json(kind: type[T], data: bytes) -> T:
    """Read a value from untrusted JSON; refuse an unknown, missing or wrong field.

    Raises:
        pydantic.ValidationError: names the field, its value and what was expected.
    """
    return TypeAdapter(kind).validate_json(data)


def to_json(value: object) -> bytes:
    """Return canonical JSON (RFC 8785), from which `from_json` reads an equal value."""
    return rfc8785.dumps(TypeAdapter(type(value)).dump_python(value, mode="json"))
