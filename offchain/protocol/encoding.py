"""Types of fields, checked on construction and when they are read from JSON; canonical JSON.

In JSON, bytes and addresses are ``0x`` strings of hex digits. Integers of the contract are strings
of decimal digits, since many JSON parsers lose the low bits of large numbers. A wrong value raises
``pydantic.ValidationError`` (a ``ValueError``), which names the field, its value and what was
expected.
"""

import re
from binascii import unhexlify
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from itertools import islice
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import pydantic_core
import rfc8785
from annotated_types import Ge, Le, Len
from eth_utils.address import is_hex_address, to_checksum_address
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
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


def _from_decimal(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        if info.mode == "json" and isinstance(value, int):
            raise ValueError("expected a string of decimal digits, not a number")
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= 78):
        raise ValueError("expected at most 78 decimal digits")
    return int(value)


def _address(value: str) -> str:
    if not (is_hex_address(value) and value.startswith("0x")):
        raise ValueError("expected an address: 0x and 40 hex digits")
    digits, right = value[2:], to_checksum_address(value)
    if digits not in (digits.lower(), digits.upper(), right[2:]):
        raise ValueError(
            "address with a wrong checksum (EIP-55): a digit or a letter's case is wrong"
        )
    return right


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
Uint108 = Annotated[int, Ge(0), Le(2**108 - 1), *_DECIMAL]
Uint128 = Annotated[int, Ge(0), Le(2**128 - 1), *_DECIMAL]
Gwei = Annotated[int, Ge(0), Le((2**48 - 1) * 10**9), *_DECIMAL]
Time = Annotated[int, Ge(0), Le(2**40 - 1), *_DECIMAL]
Score = Annotated[int, Ge(0), Le(MAX_SCORE), *_DECIMAL]
Index = Annotated[int, Ge(0), Le(2**20 - 2), *_DECIMAL]


def _whole(value: Any) -> Any:
    if type(value) is not int:  # true and 1.0 are equal to 1
        raise ValueError("expected 1")
    return value


Version = Annotated[Literal[1], BeforeValidator(_whole)]

T = TypeVar("T")


MAX_VALUES: Final = 2**20
"""Maximum number of values in a JSON document, which limits the memory that reading it takes."""

# One match for each comma and opening bracket outside of strings, two for the end. Linear time.
_VALUE = re.compile(rb'(?:[^",\[{]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))*+(?:[,\[{]|\Z)', re.DOTALL)
_SHOWN = 80

_Path = tuple[str | int, ...]
_Reader = Callable[[Any, _Path], Any]


class _Fault(Exception):
    """The first fault of a document: its path, the bad value, and what was expected."""

    def __init__(self, at: _Path, value: object, expected: str) -> None:
        self.at, self.value, self.expected = at, value, expected[: 3 * _SHOWN]


def from_json(kind: type[T], data: bytes | bytearray) -> T:
    """Read a value from untrusted JSON; refuse an unknown, missing or wrong field.

    Reading ends at the first fault, and its text is short. pydantic alone would go on, and keep an
    error of a kilobyte for every wrong item.

    Raises:
        pydantic.ValidationError: names the field, its value and what was expected.
    """
    try:
        if sum(1 for _ in islice(_VALUE.finditer(data), MAX_VALUES + 3)) > MAX_VALUES + 2:
            raise _Fault((), f"{len(data)} bytes", f"expected at most {MAX_VALUES} values")
        value: T = _reader(kind)(_parse(data), ())
    except _Fault as fault:
        cause = pydantic_core.PydanticCustomError("fault", fault.expected)
        shown = fault.value[:_SHOWN] if isinstance(fault.value, str) else fault.value
        details = pydantic_core.InitErrorDetails(type=cause, loc=fault.at, input=shown)
        raise ValidationError.from_exception_data(kind.__name__, [details], "json") from None
    return value


def _parse(data: bytes | bytearray) -> Any:
    try:
        return pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise _Fault((), f"{len(data)} bytes", f"Invalid JSON: {error}") from None


def _reader(hint: Any) -> _Reader:
    """Return the function that reads a value of a type of field."""
    bare, *rules = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    parts = get_args(bare)
    if is_dataclass(bare):
        return partial(_read_object, bare)
    if get_origin(bare) is tuple:
        most = next((each.max_length for each in rules if isinstance(each, Len)), None)
        return partial(_read_array, _reader(parts[0]), most)
    if get_origin(bare) is dict:
        return partial(_read_map, _reader(parts[0]), _reader(parts[1]))
    for part in filter(is_dataclass, parts):
        return lambda value, at: None if value is None else _read_object(part, value, at)
    return partial(_read_scalar, TypeAdapter(hint, config=STRICT))


@cache
def _members(kind: Any) -> dict[str, tuple[_Reader, bool]]:
    """Return each field's reader, and True if the field must be present."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        each.name: (
            _reader(hints[each.name]),
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(kind)
    }


def _read_object(kind: Any, value: Any, at: _Path) -> Any:
    members = _members(kind)
    _expect(dict, value, at)
    for name, (_, required) in members.items():
        if required and name not in value:
            raise _Fault((*at, name), kind.__name__, "Field required")
    for name in value:
        if name not in members:
            raise _Fault((*at, name[:_SHOWN]), kind.__name__, "Extra inputs are not permitted")
    found = {name: members[name][0](each, (*at, name)) for name, each in value.items()}
    try:
        return kind(**found)
    except ValueError as error:
        raise _first(error, kind.__name__, at) from None


def _read_array(read: _Reader, most: int | None, value: Any, at: _Path) -> Any:
    count = len(_expect(list, value, at))
    if most is not None and count > most:
        raise _Fault(at, f"{count} items", f"expected at most {most} items")
    return tuple(read(each, (*at, index)) for index, each in enumerate(value))


def _read_map(read_key: _Reader, read: _Reader, value: Any, at: _Path) -> Any:
    return {
        read_key(key, (*at, key[:_SHOWN])): read(each, (*at, key[:_SHOWN]))
        for key, each in _expect(dict, value, at).items()
    }


def _read_scalar(adapter: TypeAdapter[Any], value: Any, at: _Path) -> Any:
    if isinstance(value, dict | list):
        raise _Fault(at, type(value).__name__, "expected a single value")
    try:
        return adapter.validate_json(pydantic_core.to_json(value))
    except ValueError as error:
        raise _first(error, value, at) from None


def _expect(kind: type, value: Any, at: _Path) -> Any:
    if not isinstance(value, kind):
        shown = type(value).__name__ if isinstance(value, dict | list) else value
        raise _Fault(at, shown, f"expected {'an object' if kind is dict else 'an array'}")
    return value


def _first(error: ValueError, value: object, at: _Path) -> _Fault:
    if not isinstance(error, ValidationError):
        return _Fault(at, value, str(error))
    first = error.errors(include_url=False, include_input=False)[0]
    return _Fault((*at, *first["loc"]), value, first["msg"])


def to_json(value: object) -> bytes:
    """Return canonical JSON (RFC 8785), from which `from_json` reads an equal value."""
    return rfc8785.dumps(TypeAdapter(type(value)).dump_python(value, mode="json"))
