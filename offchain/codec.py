"""JSON of the project's dataclasses: canonical when written, strict when read."""

from typing import TypeVar

import rfc8785
from pydantic import TypeAdapter

T = TypeVar("T")


def from_json(kind: type[T], data: bytes) -> T:
    """Reads a value from bytes that nobody vouches for: no unknown, missing or wrong field.

    Raises:
        pydantic.ValidationError: names the field, its value and what was expected.
    """
    return TypeAdapter(kind).validate_json(data)


def to_json(value: object) -> bytes:
    """Writes a value canonically (RFC 8785), so that `from_json` reads an equal one."""
    return rfc8785.dumps(TypeAdapter(type(value)).dump_python(value, mode="json"))
