"""A node, as far as this project trusts it: to a number of confirmations."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.types import LogReceipt

_INTERFACES = Path(__file__).resolve().parents[2] / "interfaces"


@cache
def abi(name: str) -> list[dict[str, Any]]:
    """The ABI of an interface, such as ``IModelMarket``."""
    entries: list[dict[str, Any]] = json.loads((_INTERFACES / f"{name}.json").read_text())
    return entries


@dataclass(frozen=True)
class Node:
    """Args:
    web3: connected.
    confirmations: blocks that must follow one before it counts; 0 believes the latest.
    first_block: from which logs are read: that of the deployment, or earlier.
    span: blocks that one query for logs may cover.
    """

    web3: Web3
    confirmations: int
    first_block: int = 0
    span: int = 10_000

    def confirmed(self) -> int:
        """The newest block that counts; negative while there is none."""
        return int(self.web3.eth.block_number) - self.confirmations

    def logs(
        self, contract: ChecksumAddress, topics: list[str | None], until: int
    ) -> Iterator[LogReceipt]:
        """A contract's logs with these topics, in the chain's order, ``until`` included."""
        for start in range(self.first_block, until + 1, self.span):
            yield from self.web3.eth.get_logs(
                {
                    "address": contract,
                    "fromBlock": start,
                    "toBlock": min(start + self.span - 1, until),
                    "topics": topics,
                }
            )
