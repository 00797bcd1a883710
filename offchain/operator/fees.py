"""An operator's earnings: for what it works, tasks that nobody settles, and what is credited."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from web3.exceptions import ContractLogicError

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.registry import Registry
from offchain.chain.tokens import in_ether
from offchain.chain.transactions import Sender
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import Task

PATIENCE = 3_600
"""Seconds that the provider has to settle a task of its own, which pays it at once."""


@dataclass(frozen=True)
class Offer:
    """The tasks that an operator measures.

    Args:
        providers: whose tasks; empty for everybody's.
        fees: for each token (zero address: ether) the least benchmark fee, in units. If there is
            any, other tokens are not taken.
    """

    providers: frozenset[str] = frozenset()
    fees: Mapping[str, int] = field(default_factory=dict)

    def accepts(self, task: Task) -> bool:
        """Return True for a task of these providers and fees."""
        if self.providers and task.provider not in self.providers:
            return False
        return not self.fees or task.benchmark_fee >= self.fees.get(task.token, math.inf)


@dataclass
class Earnings:
    """The earnings of an operator.

    Args:
        market: on the operator's own node.
        registry: the contract, which credits rewards and seats.
        sender: the operator's account.
        least: for each token (zero address: ether) the credit from which it is taken, in units.
    """

    market: Market
    registry: Registry
    sender: Sender
    least: Mapping[str, int]
    _ended: set[bytes] = field(default_factory=set)

    def step(self) -> Iterator[str]:
        """Settle what is over and take what is worth it; yield a line for each."""
        now = self.market.now()
        for task_id in self.market.tasks():
            if task_id not in self._ended:
                history = self.market.history(task_id)
                if history is None or history.ending is not None:
                    self._ended.add(task_id)
                elif self._settle(task_id, history, now):
                    yield f"settled task 0x{task_id.hex()[:8]}"
        yield from self._take()

    def _settle(self, task_id: bytes, history: History, now: int) -> bool:
        """Settle a task that this operator signed; return True once it is done."""
        if history.posted is None:
            return False
        record = history.record(self.market.domain)
        if self.sender.address not in {signer.operator for signer in record.signers}:
            return False
        if now < self.market.progress(task_id).time_b + PATIENCE:
            return False
        try:
            self.sender.send(self.market.settle(history))
        except ContractLogicError:  # somebody came first, or a dispute is not over
            return False
        return True

    def _take(self) -> Iterator[str]:
        account, market = self.sender.address, self.market.contract.functions
        for token, least in self.least.items():
            credit = int(market.credits(token, account).call())
            if credit and credit >= least:
                self.sender.send(market.withdraw(token, account))
                amount = in_ether(credit) if token == ZERO_ADDRESS else f"{credit} of token {token}"
                yield f"took {amount} of the market"
        credit = int(self.registry.contract.functions.credits(account).call())
        if credit and credit >= self.least.get(ZERO_ADDRESS, 0):
            self.sender.send(self.registry.contract.functions.withdraw(account))
            yield f"took {in_ether(credit)} of the registry"
