"""The provider's whole part of a sale, step by step: nothing of it waits for a person.

A buyer keeps no state but its files: after a stop, each step follows from the chain, the private
folder and the published folder. It closes the reveals in the first block that allows it, releases
the test set once they are final, serves a panel, ends the task when it is due, and opens what was
bought. An operator that stays silent costs no sale: the longer no report is there, the more
enclaves get the test set.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from web3.contract.contract import ContractFunction

from offchain.chain.closing import MARGIN, close_reveals
from offchain.chain.history import CLOSED, DISPUTED, FINAL, OPEN, REPORTED, History
from offchain.chain.market import Market
from offchain.chain.progress import TaskProgress
from offchain.chain.registry import Registry
from offchain.chain.transactions import Sender
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import Task
from offchain.provider.key_release import (
    RevealsNotFinal,
    SubmissionsMissing,
    TestSetRelease,
    one_for_each_operator,
)
from offchain.provider.opening import ModelOpening
from offchain.storage.publications import TaskDocuments


@dataclass
class Buyer:
    """A provider who buys models with one task.

    Args:
        market: on the provider's own node.
        sender: account that pays for the transactions; the provider's own.
        task_id: bytes32.
        task: its terms.
        documents: of the task.
        release: releases the test set; None if its key is lost.
        opening: opens what was bought.
        resend: number of steps after which a pending transaction is replaced.
    """

    market: Market
    sender: Sender
    task_id: bytes
    task: Task
    documents: TaskDocuments
    release: TestSetRelease | None
    opening: ModelOpening
    resend: int = 5
    is_done: bool = False
    _steps_pending: int = 0
    _served: frozenset[str] = frozenset()
    _opened: set[int] = field(default_factory=set)

    def step(self) -> Iterator[str]:
        """Do what is due; yield lines about it, and about what is waited for.

        A failure ends the step, and the next one tries again.
        """
        try:
            yield from self._advance()
        except SubmissionsMissing as missing:
            yield str(missing)
        except Exception as fault:
            yield f"{type(fault).__name__}: {fault}"

    def pause(self, poll: float) -> float:
        """Return the seconds until the next step: short ones around the reveal deadline."""
        try:
            left = self.task.reveal_deadline - self.market.now()
        except Exception:  # a node that is down ends no step, and this one does not either
            return poll
        return min(poll, 1.0) if abs(left) <= MARGIN else poll

    def _advance(self) -> Iterator[str]:
        if self.sender.is_waiting():
            self._steps_pending += 1
            yield f"a transaction of {self.sender.address} is in no block yet"
            if self._steps_pending <= self.resend:
                return
        history = self.market.history(self.task_id)
        if history is None:
            yield "waits until the task is final"
            return
        progress = self.market.progress(self.task_id)
        yield from self._open(history)
        if progress.stage == OPEN:
            yield from self._close(progress)
        elif progress.stage == CLOSED:
            yield from self._measure(history)
        elif progress.stage == DISPUTED:
            yield from self._dispute(history, progress)
        elif progress.stage in (REPORTED, FINAL):
            yield from self._settle(history, progress)
        else:
            yield from self._finish(history)

    # ── Until the report ──

    def _close(self, progress: TaskProgress) -> Iterator[str]:
        now = self.market.now()
        if progress.reveals == 0 and now >= self.task.reveal_deadline:
            yield from self._void("nobody revealed a model")
        elif close_reveals(self.market, self.task_id, self.task, self.sender):
            self._steps_pending = 0
            yield f"reveals of {progress.reveals} models closed"
        elif now >= self.task.report_deadline:
            yield from self._void("the reveals were not closed")
        else:
            what = "commits" if now < self.task.commit_deadline else "reveals"
            count = progress.commits if now < self.task.commit_deadline else progress.reveals
            yield f"waits for {what}, {count} so far"

    def _measure(self, history: History) -> Iterator[str]:
        if self.market.now() >= self.task.report_deadline:
            yield from self._void("no report was posted in time")
        elif self.release is None:
            yield "the test set's key is lost: nobody can measure, and only void is left"
        elif history.stage != CLOSED:
            yield f"waits for {self.market.node.confirmations} confirmations of the seed"
        else:
            try:
                yield from self.release.next_release(self.task_id, self._spares())
            except RevealsNotFinal as early:
                yield str(early)
            else:
                yield "waits for the enclaves"

    def _spares(self) -> int:
        """Return how many operators beside the quorum shall measure: more of them, the longer no
        report is there."""
        task = self.task
        waited = self.market.now() - task.reveal_deadline
        thirds = 3 * waited // (task.report_deadline - task.reveal_deadline)
        return task.quorum * max(thirds, 0)

    def _active(self, apart: tuple[str, ...]) -> list[str]:
        """Return an active enclave of each operator of the roster, but for those given."""
        registry = Registry(self.market.node, self.market.registry)
        active = registry.active(self.documents.roster, self.task.measurement)
        rest = {entry: known for entry, known in active.items() if known.operator not in apart}
        return [entry.signing_key for entry in one_for_each_operator(rest)]

    def _serve(self, release: TestSetRelease, keys: list[str]) -> Iterator[str]:
        """Release the test set to enclaves that have none, on the one inventory of the task."""
        if not keys:
            yield "waits for an active enclave of the roster"
        elif set(keys) <= self._served:
            yield "waits for the enclaves"
        else:
            try:
                yield from release.release(self.task_id, keys)
            except RevealsNotFinal as early:
                yield str(early)
                return
            self._served |= set(keys)

    def _void(self, cause: str) -> Iterator[str]:
        self._send(self.market.contract.functions.void(self.task.to_abi()))
        yield f"task voided, {cause}: the budget is back"

    # ── From the report to the end ──

    def _dispute(self, history: History, progress: TaskProgress) -> Iterator[str]:
        if history.stage != DISPUTED or history.posted is None or history.challenger is None:
            yield "waits until the dispute is final"
        elif self.market.now() >= progress.time_a:
            self._send(self.market.expire_dispute(history))
            yield "the dispute got no verdict in time: it is over"
        elif self.release is None:
            yield "the test set's key is lost: no panel can measure"
        else:
            signed = tuple(signer.operator for signer in history.posted.signers)
            yield from self._serve(self.release, self._active(signed))

    def _settle(self, history: History, progress: TaskProgress) -> Iterator[str]:
        now = self.market.now()
        opens, closes = progress.time_a, progress.time_b
        reported = history.stage == REPORTED or (history.over and history.posted is not None)
        if now < opens:
            yield f"waits for the end of the dispute window, {progress.awards} awards"
        elif now < closes and progress.unclaimed:
            count = progress.claimed.bit_count()
            yield f"waits for claims, {count} of {progress.awards} so far"
        elif not reported:
            yield "waits until the report is final"
        else:
            self._send(self.market.settle(history))
            yield "task settled: what was not claimed is back"

    def _finish(self, history: History) -> Iterator[str]:
        functions = self.market.contract.functions
        for token in dict.fromkeys((self.task.token, ZERO_ADDRESS)):
            amount = functions.credits(token, self.sender.address).call()
            if amount:
                self._send(functions.withdraw(token, self.sender.address))
                yield f"withdrew {amount} units of token {token}"
        if history.ending is None:
            yield "waits until the end of the task is final"
        else:
            self.is_done = True

    def _open(self, history: History) -> Iterator[str]:
        """Open what was claimed since the last step, so that no model waits for the end."""
        for claim in history.claims:
            if claim.index not in self._opened:
                self._opened.add(claim.index)
                yield f"bought: {self.opening.open(history, claim)}"

    def _send(self, call: ContractFunction) -> None:
        self._steps_pending = 0  # the new transaction gets the full time to be mined
        self.sender.send(call)
