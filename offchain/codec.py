"""JSON of the project's dataclasses, from bytes that nobody vouches for."""

from typing import TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def from_json(kind: type[T], data: bytes) -> T:
    """Reads a value, strictly: no unknown, missing or wrong field.

    Raises:
        pydantic.ValidationError: names the field, its value and what was expected.
    """
    return TypeAdapter(kind).validate_json(data)


def to_json(value: object) -> bytes:
    """Writes a value so that `from_json` reads an equal one."""
    return TypeAdapter(type(value)).dump_json(value)
