"""A node that does what a test says: it mines, re-organises, limits, refuses, stalls and lags."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak
from requests.exceptions import ReadTimeout
from web3 import Web3
from web3.providers.base import BaseProvider

CONTRACTS = tuple(Web3.to_checksum_address(f"0x{digit * 40}") for digit in "12")
TOPICS = tuple("0x" + f"{number:064x}" for number in range(1, 4))

Event = tuple[int, tuple[str, ...], int]
"""Number of the contract, topics, and a number that is the data."""


@dataclass(frozen=True)
class Block:
    """A block of the scripted chain: its hash depends on its parent's and on what is in it."""

    number: int
    hash: str
    events: tuple[Event, ...]

    def logs(self) -> list[dict[str, Any]]:
        return [
            {
                "address": CONTRACTS[contract],
                "topics": list(topics),
                "data": f"0x{data:064x}",
                "blockNumber": hex(self.number),
                "blockHash": self.hash,
                "transactionHash": "0x" + keccak(text=f"{self.hash} {index}").hex(),
                "transactionIndex": hex(index),
                "logIndex": hex(index),
                "removed": False,
            }
            for index, (contract, topics, data) in enumerate(self.events)
        ]


@dataclass
class ScriptedNode(BaseProvider):
    """A provider of web3. ``plan`` has, by the number of a query for logs, what happens before it
    is answered: a call changes the chain, an exception is raised, a dictionary is the answer."""

    chain: list[Block] = field(default_factory=list)
    most_blocks: int = 10**9
    most_logs: int = 10**9
    lag: int = 0
    """Blocks that the node which answers queries for logs does not have yet."""
    plan: Iterator[Any] = field(default_factory=lambda: iter(()))
    asked: list[str] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    states: list[tuple[Block, ...]] = field(default_factory=list)
    """Every state of the chain since a test emptied it."""

    def __post_init__(self) -> None:
        super().__init__()
        if not self.chain:
            self.mine(())

    def mine(self, *blocks: tuple[Event, ...]) -> None:
        """Add blocks with these events."""
        for events in blocks:
            parent = self.chain[-1].hash if self.chain else "genesis"
            number = len(self.chain)
            made = "0x" + keccak(text=f"{parent} {number} {events}").hex()
            self.chain.append(Block(number, made, events))
        self.states.append(tuple(self.chain))

    def reorganise(self, depth: int, *blocks: tuple[Event, ...]) -> None:
        """Replace the newest blocks, but never the first; fewer may come than went."""
        del self.chain[max(1, len(self.chain) - depth) :]
        self.mine(*blocks)

    def logs(self, contract: str, topics: list[Any], start: int, end: int) -> list[dict[str, Any]]:
        """Return the logs of an honest node, by the rules of eth_getLogs."""
        return matching(self.chain, contract, topics, start, end)

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append(method)
        if method == "eth_chainId":
            return _answer("0x7a69")
        if method == "eth_blockNumber":
            return _answer(hex(len(self.chain) - 1))
        if method == "eth_getBlockByNumber":
            number = int(params[0], 16)
            known = number < len(self.chain)
            return _answer(
                {"number": hex(number), "hash": self.chain[number].hash} if known else None
            )
        assert method == "eth_getLogs", method
        return self._query(params[0])

    def _query(self, query: dict[str, Any]) -> Any:
        start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        self.spans.append(end - start + 1)
        happens = next(self.plan, None)
        if isinstance(happens, Exception):
            raise happens
        if isinstance(happens, dict):
            return happens
        if isinstance(happens, Callable):
            happens()
        if end - start + 1 > self.most_blocks:
            return refusal(-32600, f"block range too large, expected {self.most_blocks} at most")
        end = min(end, len(self.chain) - 1 - self.lag)
        (contract,) = query["address"]
        found = self.logs(contract, query["topics"], start, end)
        if len(found) > self.most_logs:
            return refusal(-32005, f"query returned more than {self.most_logs} results")
        return _answer(found)


REFUSED = {"jsonrpc": "2.0", "id": 1, "error": {"code": 429, "message": "Too Many Requests"}}
STALLED = ReadTimeout("read timed out")


def refusal(code: int, message: str) -> dict[str, Any]:
    """An error of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}


def matching(
    chain: list[Block] | tuple[Block, ...], contract: str, topics: list[Any], start: int, end: int
) -> list[dict[str, Any]]:
    """The logs of a chain that match a filter: written from the documentation of eth_getLogs."""
    return [
        log
        for block in chain[start : end + 1]
        for log in block.logs()
        if log["address"] == contract
        and len(log["topics"]) >= len(topics)
        and all(want in (None, has) for want, has in zip(topics, log["topics"], strict=False))
    ]


def _answer(result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": result}
