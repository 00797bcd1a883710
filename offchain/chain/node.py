"""A node of the chain, trusted after a number of confirmations."""

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
    """Return the ABI of an interface, such as ``IModelMarket``."""
    entries: list[dict[str, Any]] = json.loads((_INTERFACES / f"{name}.json").read_text())
    return entries


@dataclass(frozen=True)
class Node:
    """A connected node, and how much of its chain counts.

    Args:
        web3: connected to the node.
        confirmations: number of blocks that must follow a block before it counts; 0 trusts the
            latest block.
        first_block: where reading of logs starts: the block of the deployment, or an earlier one.
        span: most blocks in one query for logs.
    """

    web3: Web3
    confirmations: int
    first_block: int = 0
    span: int = 10_000

    def confirmed(self) -> int:
        """Return the number of the newest confirmed block; negative while there is none."""
        return int(self.web3.eth.block_number) - self.confirmations

    def logs(
        self, contract: ChecksumAddress, topics: list[str | None], until: int
    ) -> Iterator[LogReceipt]:
        """Yield a contract's logs with these topics up to block ``until``, in the chain's order."""
        for start in range(self.first_block, until + 1, self.span):
            yield from self.web3.eth.get_logs(
                {
                    "address": contract,
                    "fromBlock": start,
                    "toBlock": min(start + self.span - 1, until),
                    "topics": topics,
                }
            )
