"""The whole page as frozen values, read from a market, and as JSON for the reader's browser."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from web3.exceptions import Web3Exception

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.progress import TaskProgress
from offchain.chain.registry import Registry
from offchain.chain.tokens import balance_of, currency_of
from offchain.page.money import Balance, balances
from offchain.page.operators import OperatorView, endpoints, operator_views
from offchain.page.snapshot import Snapshot, SnapshotReader
from offchain.page.strangers import Strangers
from offchain.page.tasks import TaskView, history_of, task_view
from offchain.page.tcb import Attestations
from offchain.protocol.encoding import ZERO_ADDRESS

_NAMES_OF_ETHER = frozenset({"ether", "eth", "wei", "gwei"})
_SAFE = 2**53
"""Integers from here on become text, since JavaScript's numbers would round them."""


@dataclass(frozen=True)
class TokenView:
    """A token by the name that it gives itself."""

    symbol: str
    decimals: int


@dataclass(frozen=True)
class MarketView:
    """A market in one block.

    Args:
        network: its name.
        chain_id: of its chain.
        market, registry: addresses.
        block: number.
        now: time of the block, in Unix seconds.
        made: time of the machine that made the page, in Unix seconds: countdowns go on from it.
        tokens: by address; zero is ether.
        tasks: newest first.
        operators: in the order in which they came.
        balances: of the whole market; ``held`` is what it has beside ``credits``.
        credits: that wait to be withdrawn, by token.
    """

    network: str
    chain_id: int
    market: str
    registry: str
    block: int
    now: int
    made: float
    tokens: dict[str, TokenView]
    tasks: tuple[TaskView, ...]
    operators: tuple[OperatorView, ...]
    balances: tuple[Balance, ...]
    credits: dict[str, int]


@dataclass
class ViewReader:
    """Reads the view of a market again and again, each time only what is new."""

    network: str
    market: Market
    registry: Registry
    strangers: Strangers
    clock: Callable[[], float] = time.time
    _snapshots: SnapshotReader = field(init=False)
    _attestations: Attestations = field(init=False)
    _known: dict[bytes, tuple[tuple[bytes, int], TaskProgress]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._snapshots = SnapshotReader(self.market, self.registry)
        self._attestations = Attestations(self.registry)

    def read(self) -> MarketView:
        """Read the market in its newest confirmed block. Raises as `SnapshotReader.read`."""
        snapshot = self._snapshots.read()
        histories = {each: history_of(events) for each, events in snapshot.tasks.items()}
        tasks = self._tasks(snapshot, histories)
        tokens = [ZERO_ADDRESS, *(each.task.token for each in histories.values())]
        return MarketView(
            network=self.network,
            chain_id=self.market.domain.chain_id,
            market=self.market.contract.address,
            registry=self.registry.contract.address,
            block=snapshot.block,
            now=snapshot.now,
            made=self.clock(),
            tokens={each: self._token(each) for each in dict.fromkeys(tokens)},
            tasks=tasks,
            operators=operator_views(snapshot, self.registry, histories, self._attestations),
            balances=self._balances(snapshot, tasks, set(tokens)),
            credits=_credits(snapshot),
        )

    def _tasks(self, snapshot: Snapshot, histories: dict[bytes, History]) -> tuple[TaskView, ...]:
        documents = self.strangers.documents(histories)
        reports = {
            report.results: report
            for report in (
                history.standing(task_id)
                for task_id, history in histories.items()
                if history.posted is not None
            )
        }
        uris = dict.fromkeys(uri for uri in endpoints(snapshot).values() if uri)
        results = self.strangers.results(reports, uris)
        views = []
        for task_id, history in histories.items():
            progress = self._progress(snapshot, task_id)
            root = None if history.posted is None else history.standing(task_id).results
            found = None if root is None else results[root]
            views.append(task_view(snapshot, task_id, history, progress, documents[task_id], found))
        return tuple(reversed(views))

    def _progress(self, snapshot: Snapshot, task_id: bytes) -> TaskProgress:
        """Return a task's progress, which only events change: it is asked for after each."""
        events = snapshot.tasks[task_id]
        last = bytes(events[-1]["blockHash"]), len(events)
        known = self._known.get(task_id)
        if known is None or known[0] != last:
            known = last, self.market.progress(task_id, snapshot.block)
            self._known[task_id] = known
        return known[1]

    def _token(self, token: str) -> TokenView:
        """Return a token's name, which is no other's: it cannot pass for ether."""
        try:
            symbol, decimals = currency_of(self.market.node.web3, token)
        except ValueError:
            symbol, decimals = "units", 0
        if token != ZERO_ADDRESS and symbol.lower() in _NAMES_OF_ETHER:
            symbol = f"{symbol} of {token[:8]}"
        return TokenView(symbol, decimals)

    def _balances(
        self, snapshot: Snapshot, tasks: tuple[TaskView, ...], tokens: set[str]
    ) -> tuple[Balance, ...]:
        """Return the sums of the market; what it holds for others, as credits, is paid out."""
        moved = [each for task in tasks for step in task.steps for each in step.moved]
        kept = {each: self._has(each, snapshot.block) for each in tokens}
        for token, waiting in _credits(snapshot).items():
            kept[token] -= waiting
        return balances(moved, kept)

    def _has(self, token: str, block: int) -> int:
        """Return the market's balance; none where the token does not tell it."""
        web3, market = self.market.node.web3, self.market.contract.address
        try:
            return balance_of(web3, token, market, block)
        except (Web3Exception, OverflowError):
            if token == ZERO_ADDRESS:
                raise
            return 0


def _credits(snapshot: Snapshot) -> dict[str, int]:
    """Return the credits of all accounts together, by token."""
    found = dict[str, int]()
    for event in snapshot.credits:
        values = event["args"]
        sign = 1 if event["event"] == "Credited" else -1
        found[values["token"]] = found.get(values["token"], 0) + sign * values["amount"]
    return found


def to_json(view: MarketView) -> str:
    """Return a view as JSON: bytes in hex, integers above 2**53 as text."""
    return json.dumps(_plain(view), separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value)]
        names += [name for name, of in vars(type(value)).items() if isinstance(of, property)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _SAFE:
        return str(value)
    return value
