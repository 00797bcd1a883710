"""The money that a task's events move, held against what the market should hold of it.

The amounts of movements follow from events, and what is held from the task's state in the contract
(`IModelMarket.progress`). So each task is a sum that comes out, or a fault that the page shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from web3.types import EventData

from offchain.chain.history import History
from offchain.chain.progress import Stage, TaskProgress
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.pricing import price


@dataclass(frozen=True)
class Movement:
    """Money that enters or leaves a task.

    Args:
        inward: True into escrow, False out of it.
        party: that pays or is paid, in words; ``nobody`` for what is burned.
        what: the money is, in words.
        token: address; zero is ether.
        amount: in units of the token.
        account: address, or None for several or none.
    """

    inward: bool
    party: str
    what: str
    token: str
    amount: int
    account: str | None = None


@dataclass(frozen=True)
class Balance:
    """The sum of a task, or of the market, in one token.

    Args:
        token: address; zero is ether.
        paid_in: by events.
        paid_out: by events.
        held: by the contract's state; of the market, its balance.
    """

    token: str
    paid_in: int
    paid_out: int
    held: int

    @property
    def missing(self) -> int:
        """Units that came in and are neither paid nor held; negative if there is too much."""
        return self.paid_in - self.paid_out - self.held


def movements(history: History, event: EventData) -> list[Movement]:
    """Return what an event of a task moves, without what is zero.

    Args:
        history: of the task, with all its events.
        event: one of them.
    """
    both = chain(_entering(history, event), _leaving(history, event))
    return [each for each in both if each.amount]


def _entering(history: History, event: EventData) -> Iterator[Movement]:
    task, values = history.task, event["args"]
    match event["event"]:
        case "TaskCreated":
            who = task.provider
            yield Movement(True, "provider", "budget", task.token, task.budget, who)
            yield Movement(True, "provider", "benchmark fee", task.token, task.benchmark_fee, who)
        case "ModelCommitted":
            who = values["developer"]
            yield Movement(True, "developers", "bonds", ZERO_ADDRESS, task.commit_bond, who)
            yield Movement(True, "developers", "entry fees", ZERO_ADDRESS, task.entry_fee, who)
        case "ReportDisputed":
            who = values["challenger"]
            yield Movement(True, "challenger", "dispute bond", ZERO_ADDRESS, values["bond"], who)


def _leaving(history: History, event: EventData) -> Iterator[Movement]:
    task, values = history.task, event["args"]
    match event["event"]:
        case "ModelRevealed":
            who = values["developer"]
            yield Movement(
                False, "developers", "bonds returned", ZERO_ADDRESS, task.commit_bond, who
            )
        case "DisputeResolved":
            for seat in values["panel"]:
                share = history.bond // len(values["panel"])
                yield Movement(False, "panel", "seats", ZERO_ADDRESS, share, seat["operator"])
        case "DisputeExpired":
            bond = history.bond
            back = bond if values["voided"] else bond // 2
            challenger = "challenger", "bond returned"
            yield Movement(False, *challenger, ZERO_ADDRESS, back, history.challenger)
            yield Movement(False, "nobody", "burned", ZERO_ADDRESS, bond - back)
        case "AwardClaimed":
            who = values["developer"]
            yield Movement(False, "developers", "models bought", task.token, values["price"], who)
        case "TaskSettled":
            signers = history.paid_signers
            dust = values["pot"] % len(signers) if signers else values["pot"]
            who = task.provider
            yield Movement(False, "provider", "unspent budget", task.token, values["refund"], who)
            yield Movement(False, "operators", "benchmark fee", task.token, values["fee"])
            pot = "entry fees and lost bonds"
            yield Movement(False, "operators", pot, ZERO_ADDRESS, values["pot"] - dust)
            yield Movement(False, "provider", pot, ZERO_ADDRESS, dust, who)
        case "TaskVoided":
            who, pot = task.provider, values["pot_refund"]
            yield Movement(False, "provider", "budget returned", task.token, values["refund"], who)
            yield Movement(False, "provider", "entry fees and lost bonds", ZERO_ADDRESS, pot, who)
        case "ShareClaimed":
            who = values["developer"]
            fee, pot = values["fee_share"], values["pot_share"]
            yield Movement(False, "developers", "shares of the fee", task.token, fee, who)
            yield Movement(False, "developers", "shares of entry fees", ZERO_ADDRESS, pot, who)


def held(history: History, progress: TaskProgress, shares: int) -> dict[str, int]:
    """Return what the market should hold of a task, by token, from its state in the contract.

    Args:
        history: of the task.
        progress: of the task, in the same block.
        shares: of a voided task, that were claimed.
    """
    task, stage = history.task, progress.stage
    forfeited = progress.commits - progress.reveals
    pot = progress.commits * progress.entry_fee + forfeited * progress.commit_bond
    found = {ZERO_ADDRESS: 0, task.token: 0}
    if stage is Stage.VOIDED:
        left = progress.reveals - shares
        if left:
            found[task.token] += task.benchmark_fee // progress.reveals * left
            found[ZERO_ADDRESS] += pot // progress.reveals * left
    elif stage is not Stage.SETTLED:
        found[task.token] += task.budget + task.benchmark_fee - _claimed(history, progress)
        found[ZERO_ADDRESS] += pot
        if stage is Stage.DISPUTED:
            found[ZERO_ADDRESS] += history.bond
    return found


def _claimed(history: History, progress: TaskProgress) -> int:
    """Return the prices of the awards that the contract has as claimed."""
    if not progress.claimed:
        return 0
    awards = history.standing(bytes(32)).awards
    claimed = (each for at, each in enumerate(awards) if progress.claimed >> at & 1)
    return sum(price(history.task.curve, each.score) for each in claimed)


def balances(moved: Iterable[Movement], kept: dict[str, int]) -> tuple[Balance, ...]:
    """Return the sum in each token in which there is anything; ether is first."""
    paid_in, paid_out = dict[str, int](), dict[str, int]()
    for each in moved:
        side = paid_in if each.inward else paid_out
        side[each.token] = side.get(each.token, 0) + each.amount
    tokens = sorted(paid_in | paid_out | {each: 0 for each, amount in kept.items() if amount})
    return tuple(
        Balance(each, paid_in.get(each, 0), paid_out.get(each, 0), kept.get(each, 0))
        for each in tokens
    )
