"""A node of the chain, trusted after a number of confirmations."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import BaseEquals
from eth_typing import ChecksumAddress
from eth_utils.abi import event_abi_to_log_topic
from hexbytes import HexBytes
from web3 import Web3
from web3._utils.abi import build_strict_registry
from web3.contract.base_contract import BaseContractEvent
from web3.contract.contract import Contract
from web3.exceptions import Web3Exception
from web3.types import EventData, LogReceipt

_INTERFACES = Path(__file__).resolve().parents[2] / "interfaces"

REFUSALS = (Web3Exception, OSError, JSONDecodeError)
"""Errors of web3 when a node refuses a query or does not answer it: an error of JSON-RPC, an
error of HTTP, a page of a proxy instead of JSON, a timeout."""
ATTEMPTS = 20
"""Times that a query is refused in a row before the refusal is the caller's: about a minute."""

Topics = list[str | None]


@cache
def abi(name: str) -> list[dict[str, Any]]:
    """Return the ABI of an interface, such as ``IModelMarket``."""
    entries: list[dict[str, Any]] = json.loads((_INTERFACES / f"{name}.json").read_text())
    return entries


@cache
def _codec() -> ABICodec:
    """Return web3's codec, which reads a string that is not UTF-8 with U+FFFD in its place.

    Contracts store any bytes as a string. By itself the codec raises, so that one stranger's URI
    would keep everybody from reading a task.
    """
    registry = build_strict_registry()
    registry.unregister("string")
    registry.register(
        BaseEquals("string"),  # type: ignore[no-untyped-call]
        TextStringEncoder,
        StringDecoder(handle_string_errors="replace"),  # type: ignore[no-untyped-call]
        label="string",
    )
    return ABICodec(registry)


@dataclass(frozen=True)
class Node:
    """A connected node, and how much of its chain counts.

    Args:
        web3: connected to the node. Its codec is replaced: strings that are not UTF-8 are read too.
        confirmations: number of blocks that must follow a block before it counts; 0 trusts the
            latest block.
        first_block: where reading of logs starts: the block of the deployment, or an earlier one.
        span: most blocks in one query for logs; fewer are asked for when the node refuses.
        pause: waits a number of seconds.
    """

    web3: Web3
    confirmations: int
    first_block: int = 0
    span: int = 10_000
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self.web3.codec = _codec()

    def confirmed(self) -> int:
        """Return the number of the newest confirmed block; negative while there is none."""
        return int(self.web3.eth.block_number) - self.confirmations

    def now(self) -> int:
        """Return the time of the latest block, in Unix seconds."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def logs(self, contract: ChecksumAddress, topics: Topics, until: int) -> Iterator[LogReceipt]:
        """Yield a contract's logs with these topics up to block ``until``, in the chain's order.

        Raises as `LogReader.read`.
        """
        reader, start = LogReader(self), self.first_block
        while start <= until:
            end, logs = reader.read(contract, topics, start, until)
            yield from logs
            start = end + 1


def events(node: Node, event: BaseContractEvent) -> Iterator[EventData]:
    """Yield the events of one kind of a contract up to the latest block, decoded.

    Args:
        node: of the contract.
        event: such as ``contract.events.TcbUpdated()``.
    """
    topic = "0x" + HexBytes(event.topic).hex().removeprefix("0x")
    for log in node.logs(event.address, [topic], int(node.web3.eth.block_number)):
        yield event.process_log(log)


def decoder(contract: Contract) -> Callable[[LogReceipt], EventData]:
    """Return a function that decodes the logs of a contract, whichever of its events they are."""
    kinds = {
        event_abi_to_log_topic(entry): contract.events[entry["name"]]()
        for entry in contract.abi
        if entry["type"] == "event"
    }
    return lambda log: kinds[bytes(log["topics"][0])].process_log(log)


def arguments_of(contract: Contract, transaction: HexBytes) -> dict[str, Any]:
    """Return the arguments with which a transaction called a contract.

    Raises:
        ValueError: it called another one, whose arguments prove nothing; or the calldata is not
            encoded as usual.
    """
    sent = contract.w3.eth.get_transaction(transaction)
    if sent.get("to") != contract.address:
        raise ValueError(f"transaction to {sent.get('to')}, expected {contract.address}")
    try:
        return dict(contract.decode_function_input(sent["input"])[1])
    except DecodingError as error:
        raise ValueError(f"calldata of 0x{bytes(transaction).hex()}: {error}") from error


class LogReader:
    """Reads logs in ranges that a node accepts.

    Nodes limit the blocks of a query, its results, its time, or the number of queries, and each
    says so in words of its own. So every refusal halves the range and pauses, a little longer each
    time; every answer lets the next range grow by a quarter.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.span = node.span

    def read(
        self, contract: ChecksumAddress, topics: Topics, start: int, until: int
    ) -> tuple[int, list[LogReceipt]]:
        """Read the logs of the first blocks from ``start`` on; return the last of them, and logs.

        Raises:
            web3.exceptions.Web3Exception, OSError, json.JSONDecodeError: the node refuses even one
                block, time and again.
        """
        for attempt in range(ATTEMPTS):
            end = min(start + self.span - 1, until)
            query = {"address": contract, "fromBlock": start, "toBlock": end, "topics": topics}
            try:
                logs = list(self._node.web3.eth.get_logs(query))  # type: ignore[arg-type]
            except REFUSALS:
                if attempt == ATTEMPTS - 1:
                    raise
                self.span = max(1, (end - start + 1) // 2)
                self._node.pause(min(0.05 * 2**attempt, 5.0))
            else:
                self.span = min(self._node.span, self.span + self.span // 4 + 1)
                return end, logs
        raise AssertionError("unreachable")
