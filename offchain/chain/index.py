"""A cache of contracts' logs in SQLite: `IndexedNode.logs` is a faster `Node.logs`, nothing else.

For each contract the file holds all of its logs from a first block up to its newest checkpoint. A
checkpoint is the number and the hash of a block. While the node still has that hash, it has every
block below it too, and nothing of them is read again. When the hash differs, the chain was
re-organised: the logs above the newest checkpoint that the node still has are dropped and read
again.

A range is stored whole or not at all, in one transaction, and only if the node had the same hash
at its end before and after it answered. Several processes may use one file: each stores a range
only where the file is as it was when the range was read.

The file can be deleted at any time. It is then made again from the node.
"""

import sqlite3
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3.datastructures import AttributeDict
from web3.exceptions import BlockNotFound
from web3.types import LogReceipt

from offchain.chain.node import LogReader, Node, Topics

_APPLICATION, _VERSION = 0x676F6C64, 1
"""Numbers in SQLite's header by which a file is known to be an index of this form."""
_OVERLAP = 64
"""Blocks below the newest checkpoint that are read again with the next ones: behind a public
address there are several nodes, and one that lags answers without the logs of the last blocks."""
_DENSE, _SPARSE = 256, 8_192
"""Blocks below the newest checkpoint in which all others are kept; and, further below, where a
re-organisation hardly reaches, the blocks of which one is kept."""
_CHANGES = 32
"""Times that the chain may change while one range is read, before it is an error."""
_WAIT = 60.0
"""Seconds to wait for another process that writes."""

_TABLES = """
CREATE TABLE chain (id INTEGER NOT NULL);
CREATE TABLE contract (address TEXT PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE checkpoint (
    address TEXT, block INTEGER, hash BLOB NOT NULL, PRIMARY KEY (address, block)
) WITHOUT ROWID;
CREATE TABLE log (
    address TEXT, block INTEGER, position INTEGER, block_hash BLOB NOT NULL,
    transaction_hash BLOB NOT NULL, transaction_position INTEGER NOT NULL, data BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, PRIMARY KEY (address, block, position)
);
CREATE INDEX by_topic0 ON log (address, topic0, block);
CREATE INDEX by_topic1 ON log (address, topic1, block);
"""


@dataclass(frozen=True)
class Checkpoint:
    """A block up to which the file has all logs of a contract; without a hash it has none."""

    block: int
    hash: bytes | None


@dataclass(frozen=True, kw_only=True)
class IndexedNode(Node):
    """A node whose logs are cached in the file ``path``, which may not exist yet."""

    path: Path

    @classmethod
    def of(cls, node: Node, path: Path) -> "IndexedNode":
        """Return the same node with a cache."""
        return cls(**{each.name: getattr(node, each.name) for each in fields(Node)}, path=path)

    def logs(self, contract: ChecksumAddress, topics: Topics, until: int) -> Iterator[LogReceipt]:
        """Yield a contract's logs with these topics up to block ``until``, in the chain's order.

        Blocks above the latest one are left out.

        Raises:
            ValueError: the file is not an index of this chain; the message has the remedy.
            OSError: the file cannot be used, or the chain changes faster than it is read.
            web3.exceptions.Web3Exception, json.JSONDecodeError: as `LogReader.read`.
        """
        reader = LogReader(self)
        for change in range(_CHANGES):
            last = min(until, int(self.web3.eth.block_number))
            if last < self.first_block:
                return
            if self._follow(reader, contract, last):
                found = self._stored(contract, topics, last)
                if found is not None:
                    yield from found
                    return
            self.pause(0.05 * change)
        raise OSError(f"the chain of the node changed {_CHANGES} times while it was read")

    # ── From the node into the file ──

    def _follow(self, reader: LogReader, contract: ChecksumAddress, last: int) -> bool:
        """Read what the file lacks up to ``last``; return False if chain or file change meanwhile.

        Every range is checked against the hash of ``last``, which stands for all blocks below.
        """
        known = self._newest(contract)
        anchor = self._hash(last) if known.block < last else None
        if not self._has(known):
            self._roll_back(contract, known)
            return False
        overlap = _OVERLAP
        while known.block < last:
            start = max(self.first_block, known.block + 1 - min(overlap, reader.span // 2))
            end, logs = reader.read(contract, [], start, last)
            tip = Checkpoint(end, self._hash(end))
            if None in (anchor, tip.hash) or self._hash(last) != anchor:
                return False
            if end <= known.block:  # the node refuses ranges of the overlap's length
                overlap = 0
                continue
            if not self._store(contract, known, start, tip, logs):
                return False
            known, overlap = tip, 0
        return True

    def _hash(self, block: int) -> bytes | None:
        """Return the hash of a block, or None when the node does not have it."""
        try:
            return bytes(self.web3.eth.get_block(block)["hash"])
        except BlockNotFound:
            return None

    def _has(self, known: Checkpoint) -> bool:
        return known.hash is None or self._hash(known.block) == known.hash

    def _roll_back(self, contract: str, known: Checkpoint) -> None:
        """Drop what is above the newest checkpoint that the node still has."""
        with self._open() as file:
            rows = file.execute(
                "SELECT block, hash FROM checkpoint WHERE address = ? ORDER BY block", [contract]
            )
            checkpoints = [Checkpoint(*row) for row in rows]
        kept = bisect_left(checkpoints, True, key=lambda each: not self._has(each))
        fork = checkpoints[kept - 1].block if kept else -1
        with self._open("BEGIN IMMEDIATE") as file:
            if self._newest_of(file, contract) == known:
                for table in ("checkpoint", "log"):
                    file.execute(
                        f"DELETE FROM {table} WHERE address = ? AND block > ?",  # noqa: S608
                        [contract, fork],
                    )

    # ── The file ──

    def _newest(self, contract: str) -> Checkpoint:
        with self._open() as file:
            return self._newest_of(file, contract)

    def _newest_of(self, file: sqlite3.Connection, contract: str) -> Checkpoint:
        row = file.execute(
            "SELECT block, hash FROM checkpoint JOIN contract USING (address) "
            "WHERE address = ? AND first <= ? AND block >= ? ORDER BY block DESC LIMIT 1",
            [contract, self.first_block, self.first_block],
        ).fetchone()
        return Checkpoint(*row) if row else Checkpoint(self.first_block - 1, None)

    def _store(
        self,
        contract: str,
        known: Checkpoint,
        start: int,
        tip: Checkpoint,
        logs: Sequence[LogReceipt],
    ) -> bool:
        """Store a range up to ``tip``; return False if the file has changed since ``known``."""
        strange = [
            log["blockNumber"] for log in logs if not start <= log["blockNumber"] <= tip.block
        ]
        if strange:
            raise OSError(
                f"the node has logs of block {strange[0]}, expected {start} to {tip.block}"
            )
        with self._open("BEGIN IMMEDIATE") as file:
            if self._newest_of(file, contract) != known:
                return False
            if known.hash is None:  # nothing, or only blocks above the first one wanted
                for table in ("checkpoint", "log", "contract"):
                    file.execute(f"DELETE FROM {table} WHERE address = ?", [contract])  # noqa: S608
                file.execute("INSERT INTO contract VALUES (?, ?)", [contract, self.first_block])
            file.execute("DELETE FROM log WHERE address = ? AND block >= ?", [contract, start])
            file.executemany(
                "INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(contract, log) for log in logs],
            )
            file.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", [contract, tip.block, tip.hash])
            file.execute(
                "DELETE FROM checkpoint WHERE address = ?1 AND block < ?2 AND block NOT IN "
                "(SELECT max(block) FROM checkpoint WHERE address = ?1 GROUP BY block / ?3)",
                [contract, tip.block - _DENSE, _SPARSE],
            )
        return True

    def _stored(self, contract: str, topics: Topics, last: int) -> list[LogReceipt] | None:
        """Return the logs up to ``last``, or None if the file does not have all of them."""
        wanted = ["address = ?", "block BETWEEN ? AND ?"]
        values: list[object] = [contract, self.first_block, last]
        for position, topic in enumerate(topics):
            wanted.append(f"topic{position} " + ("IS NOT NULL" if topic is None else "= ?"))
            values += [] if topic is None else [bytes(HexBytes(topic))]
        query = f"SELECT * FROM log WHERE {' AND '.join(wanted)} ORDER BY block, position"  # noqa: S608
        with self._open() as file:
            if self._newest_of(file, contract).block < last:
                return None
            return [_log(row) for row in file.execute(query, values)]

    @cached_property
    def _chain(self) -> int:
        return int(self.web3.eth.chain_id)

    @cached_property
    def _opened(self) -> threading.local:
        """The connection to the file, one for each thread."""
        return threading.local()

    @contextmanager
    def _open(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """Read or write (``BEGIN IMMEDIATE``) in one transaction, all of it or nothing."""
        opened = self._opened
        try:
            if not hasattr(opened, "file"):
                opened.file = self._connect()
            with opened.file:
                opened.file.execute(begin)
                yield opened.file
        except sqlite3.DatabaseError as error:
            vars(opened).clear()
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"index of events {self.path}: {error}") from error
            raise self._unusable(str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        """Open the file, and make it if it does not exist."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
        if _application(file) == (0, 0):
            with file:
                file.execute("BEGIN IMMEDIATE")
                if not file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    for statement in _TABLES.split(";"):
                        file.execute(statement)
                    file.execute("INSERT INTO chain VALUES (?)", [self._chain])
                    file.execute(f"PRAGMA application_id = {_APPLICATION}")
                    file.execute(f"PRAGMA user_version = {_VERSION}")
            file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        if _application(file) != (_APPLICATION, _VERSION):
            raise self._unusable("it is of another program or version")
        (chain,) = file.execute("SELECT id FROM chain").fetchone()
        if chain != self._chain:
            raise self._unusable(f"it is of chain {chain}, expected {self._chain}")
        return file

    def _unusable(self, fault: str) -> ValueError:
        return ValueError(
            f"{self.path} is not an index of this chain's events: {fault}. Delete the file, and it "
            "is made again"
        )


def _application(file: sqlite3.Connection) -> tuple[int, int]:
    names = ("application_id", "user_version")
    application, version = (file.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return application, version


def _row(contract: str, log: LogReceipt) -> tuple[object, ...]:
    topics = [bytes(each) for each in log["topics"]]
    return (
        contract,
        log["blockNumber"],
        log["logIndex"],
        bytes(log["blockHash"]),
        bytes(log["transactionHash"]),
        log["transactionIndex"],
        bytes(log["data"]),
        *topics,
        *[None] * (4 - len(topics)),
    )


def _log(row: Sequence[Any]) -> LogReceipt:
    contract, block, position, block_hash, transaction, index, data, *topics = row
    fields = {
        "address": contract,
        "blockNumber": block,
        "logIndex": position,
        "blockHash": HexBytes(block_hash),
        "transactionHash": HexBytes(transaction),
        "transactionIndex": index,
        "data": HexBytes(data),
        "topics": [HexBytes(each) for each in topics if each is not None],
        "removed": False,
    }
    return AttributeDict(fields)  # type: ignore[return-value]
