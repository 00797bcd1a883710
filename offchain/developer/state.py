"""Parts of a developer's sale: its choices, its view of the task, and its end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from web3.exceptions import BlockNotFound, Web3RPCError
from web3.types import Nonce

from offchain.chain.history import History, Record
from offchain.chain.market import Market
from offchain.chain.packing import award_of
from offchain.chain.progress import Stage


@dataclass(frozen=True)
class Words:
    """How to write amounts and times for people.

    Args:
        amount: turns units of the task's token into text.
        ether: turns wei into text.
        time: turns Unix seconds, and those of now, into text.
    """

    amount: Callable[[int], str]
    ether: Callable[[int], str]
    time: Callable[[int, int], str]


@dataclass(frozen=True)
class Choices:
    """Decisions of a developer before it leaves the sale alone.

    Args:
        highest_bond: wei that a dispute may cost; None never disputes.
        reveal_anyway: reveal although the roster has become unsafe.
    """

    highest_bond: int | None = None
    reveal_anyway: bool = False


@dataclass(frozen=True)
class Outcome:
    """The end of a developer's part.

    Args:
        sold: True if the model was paid.
        reason: in words.
        failed: True if something was missed or given up that could have been had.
        price: that was paid, in units of the token.
    """

    sold: bool
    reason: str
    failed: bool = False
    price: int | None = None


@dataclass(frozen=True)
class View:
    """A task in the latest block, and the account's next nonce, which was read before it.

    Args:
        now: time of the next block, Unix seconds.
        index: of the own submission, or None before its commit is in a block.
    """

    nonce: Nonce
    now: int
    history: History
    stage: Stage
    time_a: int
    time_b: int
    claimed: int
    index: int | None

    @property
    def is_revealed(self) -> bool:
        """Return True once the own submission is revealed."""
        return any(each.index == self.index for each in self.history.reveals)


def next_time(market: Market) -> int:
    """Return the time of the next block as the node expects it, in Unix seconds.

    Deadlines compare with the block that a call is in. A node without a pending block gives the
    time of the latest one.
    """
    eth = market.node.web3.eth
    times = [int(eth.get_block("latest")["timestamp"])]
    with suppress(BlockNotFound, Web3RPCError):
        times.append(int(eth.get_block("pending")["timestamp"]))
    return max(times)


def position_of(record: Record, index: int) -> int | None:
    indices = [award_of(word).index for word in record.payouts]
    return indices.index(index) if index in indices else None


def standing_of(history: History) -> tuple[object, ...]:
    """Return what decides which report stands: it must be the same once it is confirmed."""
    return history.posted, history.verdict, history.challenger, history.over
