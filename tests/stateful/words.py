"""The raw words of a contract's storage, by the names of its variables."""

from functools import cache
from typing import Any

import boa
from eth_utils.crypto import keccak


def as_word(key: str | bytes | int) -> bytes:
    """A key of a mapping as 32 bytes; strings are addresses."""
    if isinstance(key, bytes):
        return key
    number = int(key, 16) if isinstance(key, str) else key
    return number.to_bytes(32, "big")


@cache
def slot(base: int, *keys: str | bytes | int) -> int:
    """Where Vyper keeps the value of nested mappings: keccak256(slot ‖ key), key by key."""
    for key in keys:
        base = int.from_bytes(keccak(base.to_bytes(32, "big") + as_word(key)), "big")
    return base


class Words:
    def __init__(self, contract: Any) -> None:
        self.address = str(contract.address)
        self.layout = contract.compiler_data.storage_layout["storage_layout"]

    def read(self, variable: str, *keys: str | bytes | int, offset: int = 0) -> int:
        """The word of a variable (`module.name`, or `name` of the contract's own).

        `offset` counts words, for one of a struct or an array.
        """
        entry = self.layout
        for name in variable.split("."):
            entry = entry[name]
        return boa.env.get_storage(self.address, slot(entry["slot"], *keys) + offset)
