"""All events of a market and its registry up to one block, with the times of their blocks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from web3.contract.contract import Contract
from web3.types import EventData

from offchain.chain.market import Market
from offchain.chain.node import Node, decoder
from offchain.chain.registry import Registry

_BATCH = 100
"""Requests that are sent to the node at once."""
_CHANGES = 5
"""Times that the chain may change while it is read, before it is an error."""
ANONYMOUS = frozenset(
    {
        *("RevealsClosed", "ReportPosted", "DisputeResolved", "DisputeExpired"),
        *("TaskSettled", "TaskVoided", "ShareClaimed"),
    }
)
"""Events of calls that anybody may make: who made them stands in the transaction alone."""


@dataclass(frozen=True)
class Snapshot:
    """A market and its registry in one block.

    Args:
        block: number of the block.
        now: its time, in Unix seconds.
        tasks: the events of each task by its id (bytes32), oldest task first.
        credits: the other events of the market: ``Credited`` and ``Withdrawn``.
        registry: all events of the registry.
        times: of the block of each event, by block hash, in Unix seconds.
        senders: of the transactions of `ANONYMOUS` events, by transaction hash.
    """

    block: int
    now: int
    tasks: dict[bytes, list[EventData]]
    credits: list[EventData]
    registry: list[EventData]
    times: dict[bytes, int]
    senders: dict[bytes, str]

    def time(self, event: EventData) -> int:
        """Return the time of an event, in Unix seconds."""
        return self.times[bytes(event["blockHash"])]


@dataclass
class SnapshotReader:
    """Reads snapshots, each time only what is new."""

    market: Market
    registry: Registry
    _decoded: dict[tuple[bytes, int], EventData] = field(default_factory=dict)
    _times: dict[bytes, int] = field(default_factory=dict)
    _senders: dict[bytes, str] = field(default_factory=dict)

    @property
    def node(self) -> Node:
        """The node of both contracts."""
        return self.market.node

    def read(self) -> Snapshot:
        """Read the newest confirmed block.

        Raises:
            ValueError: no block is confirmed yet.
            OSError: the node does not answer, or the chain changes faster than it is read.
        """
        for _ in range(_CHANGES):
            number = self.node.confirmed()
            if number < 0:
                raise ValueError(
                    f"no block has {self.node.confirmations} confirmations yet: wait, or lower "
                    "--confirmations"
                )
            block = self.node.web3.eth.get_block(number)
            market = self._events(self.market.contract, number)
            registry = self._events(self.registry.contract, number)
            self._ask_times(market + registry)
            self._ask_senders(market)
            if self.node.web3.eth.get_block(number)["hash"] == block["hash"]:
                return self._snapshot(number, int(block["timestamp"]), market, registry)
        raise OSError(f"the chain of the node changed {_CHANGES} times while it was read")

    def _snapshot(
        self, number: int, now: int, market: list[EventData], registry: list[EventData]
    ) -> Snapshot:
        tasks, others = defaultdict[bytes, list[EventData]](list), list[EventData]()
        for event in market:
            task_id = event["args"].get("task_id")
            (others if task_id is None else tasks[bytes(task_id)]).append(event)
        return Snapshot(number, now, dict(tasks), others, registry, self._times, self._senders)

    def _events(self, contract: Contract, until: int) -> list[EventData]:
        decode = decoder(contract)
        found = []
        for log in self.node.logs(contract.address, [], until):
            key = bytes(log["blockHash"]), int(log["logIndex"])
            if key not in self._decoded:
                self._decoded[key] = decode(log)
            found.append(self._decoded[key])
        return found

    def _ask_times(self, events: Iterable[EventData]) -> None:
        hashes = {bytes(event["blockHash"]): None for event in events}
        missing = [each for each in hashes if each not in self._times]
        for each, block in self._ask("get_block", missing):
            self._times[each] = int(block["timestamp"])

    def _ask_senders(self, events: Iterable[EventData]) -> None:
        anonymous = (each for each in events if each["event"] in ANONYMOUS)
        hashes = {bytes(event["transactionHash"]): None for event in anonymous}
        missing = [each for each in hashes if each not in self._senders]
        for each, transaction in self._ask("get_transaction", missing):
            self._senders[each] = str(transaction["from"])

    def _ask(self, method: str, hashes: Sequence[bytes]) -> Iterator[tuple[bytes, Any]]:
        """Yield what the node answers for each hash; many are asked for at once."""
        web3 = self.node.web3
        for start in range(0, len(hashes), _BATCH):
            some = hashes[start : start + _BATCH]
            with web3.batch_requests() as batch:
                for each in some:
                    batch.add(getattr(web3.eth, method)(each))
                answers = batch.execute()
            yield from zip(some, answers, strict=True)
