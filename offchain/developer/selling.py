"""A developer's part of a sale after its entry is prepared: one thing at a time, and unattended.

Everything is decided from the chain and the private files, so a process that was killed goes on
where it was. A call is sent with the nonce that was read before the state it rests on: what another
process sent meanwhile makes the node refuse it, and no entry is committed twice.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from web3.contract.contract import ContractFunction
from web3.types import Nonce

from offchain.chain.closing import close_reveals
from offchain.chain.history import CLOSED, DISPUTED, FINAL, OPEN, REPORTED, VOIDED, Record
from offchain.chain.market import Market
from offchain.chain.refusals import Refused
from offchain.chain.registry import Registry
from offchain.chain.roster_review import Finding
from offchain.chain.transactions import Sender
from offchain.chain.vetting import review_roster
from offchain.developer.entries import EntryFolder
from offchain.developer.judgement import Judgement
from offchain.developer.preparation import Entry
from offchain.developer.publishing import Uploads
from offchain.developer.state import (
    Choices,
    Outcome,
    View,
    Words,
    next_time,
    position_of,
    standing_of,
)
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.errors import StorageError
from offchain.protocol.task import Task
from offchain.storage.publications import TaskDocuments

Lines = Iterator[str]
PATIENCE = 5
"""Steps that a pending transaction of the account is waited for before it is replaced."""
UNSAFE = frozenset({Finding.UNKNOWN, Finding.REVOKED})
"""Findings with which a committed model is not revealed: who holds such a key may open it."""


@dataclass
class Selling:
    """One entry of a developer in one task, from its commit to its money.

    Args:
        market: on the developer's own node.
        sender: the developer's account.
        files: of the entry.
        entry: as prepared.
        documents: of the task, checked.
        uploads: where a reveal is published; None where nothing is to be revealed.
        judgement: of the entry's own result.
        words: for people.
        choices: of the developer.
        outcome: set once nothing is left to do.
        waits_for: what the sale waits for, and when that is due; set by each step.
        index: of the submission, once its commit is in a block.
    """

    market: Market
    sender: Sender
    files: EntryFolder
    entry: Entry
    documents: TaskDocuments
    uploads: Uploads | None
    judgement: Judgement
    words: Words
    choices: Choices
    outcome: Outcome | None = None
    waits_for: tuple[str, str] | None = None
    index: int | None = None
    _pending: int = 0

    # ── One step ──

    def step(self) -> Lines:
        """Do the next thing that the task's stage asks for, if any; yield lines about it.

        Raises whatever the node and the contracts raise; the next step tries again.
        """
        self.waits_for = None
        view = self.look()
        self.index = view.index
        if self.sender.is_waiting() and self._pending < PATIENCE:
            self._pending += 1
            yield f"a transaction of {self.sender.address} is in no block yet"
            return
        self._pending = 0
        actions = {OPEN: self._enter, CLOSED: self._await_report, VOIDED: self._take_share}
        if view.stage in actions:
            yield from actions[view.stage](view)
        else:
            yield from self._sell(view)

    def look(self) -> View:
        """Return the task as it is in the latest block.

        Raises:
            Refused: the task is not on this chain.
        """
        nonce = self.sender.nonce()
        latest = Market(replace(self.market.node, confirmations=0), self.market.contract.address)
        now = next_time(self.market)
        progress = self.market.progress(self.entry.task_id)
        history = latest.history(self.entry.task_id)
        if history is None:
            raise Refused(f"no task 0x{self.entry.task_id.hex()} on this chain")
        own = self.entry.developer, self.entry.commitment(self.market.domain)
        entries = list(zip(history.commits, history.commitments, strict=True))
        index = entries.index(own) if own in entries else None
        return View(
            nonce,
            now,
            history,
            progress.stage,
            progress.time_a,
            progress.time_b,
            progress.claimed,
            index,
        )

    # ── Commit and reveal ──

    def _enter(self, view: View) -> Lines:
        task = view.history.task
        if view.index is None:
            yield from self.commit(view)
        elif view.is_revealed:
            yield from self._close(view)
        elif view.now < task.commit_deadline:
            self._wait(view, "the reveal", task.commit_deadline)
        else:
            yield from self.reveal(view)

    def commit(self, view: View) -> Lines:
        """Commit the entry, once."""
        task = view.history.task
        if view.index is not None:
            yield f"committed before, as entry {view.index}"
            return
        if view.stage != OPEN or view.now >= task.commit_deadline:
            late = self.words.time(task.commit_deadline, view.now)
            self._end(f"the commit deadline was {late}: nothing was sent", failed=True)
            return
        value = task.commit_bond + task.entry_fee
        call = self._functions.commit_model(
            self.entry.task_id, self.entry.commitment(self.market.domain)
        )
        self._send(call, view.nonce, value)
        yield f"committed, with {self.words.ether(value)}"

    def reveal(self, view: View) -> Lines:
        """Vet the roster again, publish artifact and keyring, read them back, and reveal."""
        task, index = view.history.task, view.index
        if view.is_revealed:
            yield f"entry {index} is revealed"
            return
        if index is None:
            raise Refused("this entry is not committed: `golden-grain commit` commits it")
        if view.now < task.commit_deadline:
            raise Refused(f"reveals open {self.words.time(task.commit_deadline, view.now)}")
        bond = self.words.ether(task.commit_bond)
        if view.stage != OPEN or view.now >= task.reveal_deadline:
            late = self.words.time(task.reveal_deadline, view.now)
            self._end(f"the reveal deadline was {late}: the bond of {bond} is lost", failed=True)
            return
        deadline = self.words.time(task.reveal_deadline, view.now)
        unsafe = self._unsafe_seats(task)
        yield from unsafe
        if unsafe and not self.choices.reveal_anyway:
            self._end(
                "not revealed: an enclave that could open the model is no longer safe. The bond of "
                f"{bond} is given up, unless you run this again with --reveal-anyway before "
                f"{deadline}",
                failed=True,
            )
            return
        if not (yield from self._publish(bond, deadline)):
            self._wait(view, "the upload to be readable by others", task.reveal_deadline)
            return
        call = self._functions.reveal_model(
            self.entry.task_id,
            index,
            self.entry.submission.to_abi(),
            self.entry.keyring_digest,
            self.entry.salt,
            self._uploads.uri,
        )
        self._send(call, view.nonce)
        yield f"revealed at {self._uploads.uri}; the bond of {bond} is back"

    def _unsafe_seats(self, task: Task) -> list[str]:
        registry = Registry(self.market.node, self.market.registry)
        found = review_roster(self.market, registry, task, self.documents.roster)
        return [
            f"enclave {seat.entry.signing_key} of {seat.operator}: {finding.value}"
            for seat, findings in found.seats
            for finding in findings & UNSAFE
        ]

    def _publish(self, bond: str, deadline: str) -> Generator[str, None, bool]:
        """Return True once a stranger can read artifact and keyring."""
        artifact = self.files.artifact(self.entry)
        uploads = self._uploads
        if uploads.is_published(self.entry, len(artifact)):
            return True
        try:
            uploads.put(self.entry, artifact)
            uploads.read_back(self.entry, len(artifact))
        except (StorageError, OSError) as error:
            yield (
                f"warning: not revealed yet, since others cannot read what was published: {error}. "
                f"Mend it before {deadline}, or the bond of {bond} is lost"
            )
            return False
        yield f"published in {uploads.place}, and read back from {uploads.uri}"
        return True

    def _close(self, view: View) -> Lines:
        """Close the reveals in the first block that allows it, because whoever does picks it."""
        task = view.history.task
        if close_reveals(self.market, self.entry.task_id, task, self.sender):
            yield "closed the reveals"
        else:
            self._wait(view, "the reveals to close", task.reveal_deadline)

    # ── The report ──

    def _await_report(self, view: View) -> Lines:
        deadline = view.history.task.report_deadline
        if not view.is_revealed:
            self._end("not revealed in time: the bond is lost", failed=True)
        elif view.now < deadline:
            self._wait(view, "the report", deadline)
        elif any(self._share(view)):
            self._send(self._functions.void(view.history.task.to_abi()), view.nonce)
            yield "no report came in time: voided the task"
        else:
            self._end("no report came in time, and there is no share to take")

    def _share(self, view: View) -> tuple[int, int]:
        """Return the share of a voided task: units of its token, and wei."""
        task, history = view.history.task, view.history
        commits, reveals = len(history.commits), max(len(history.reveals), 1)
        pot = task.entry_fee * commits + task.commit_bond * (commits - len(history.reveals))
        return task.benchmark_fee // reveals, pot // reveals

    def _take_share(self, view: View) -> Lines:
        index, (fee, pot) = view.index, self._share(view)
        if index is None or not view.is_revealed:
            self._end("the task was voided, and this entry was not revealed", failed=True)
            return
        leaf = self._functions.submissions(self.entry.task_id, index).call()
        if any(leaf) and fee + pot:
            submission = self.entry.submission
            call = self._functions.claim_share(
                view.history.task.to_abi(),
                index,
                self.entry.developer,
                submission.envelope_digest,
                submission.min_price,
                self.entry.payload,
            )
            self._send(call, view.nonce)
            yield f"took the share of {self.words.amount(fee)} and {self.words.ether(pot)}"
        elif not (yield from self.withdraw(view.history.task.token)):
            self._end("the task was voided: no report came in time")

    def _sell(self, view: View) -> Lines:
        """Wait for the report to become final, judge it, and take the money."""
        history, record = view.history, self.record(view)
        if view.index is None or not view.is_revealed:
            self._end("this entry was not revealed: the bond is lost", failed=True)
            return
        if record is None:
            self._wait(view, "confirmations of the report", view.now)
            return
        position = position_of(record, view.index)
        is_claimed = position is not None and bool(view.claimed >> position & 1)
        is_open = view.stage in (REPORTED, FINAL) and view.time_a <= view.now < view.time_b
        if position is not None and not is_claimed and is_open:
            yield from self.claim(view, record)  # no slow store may delay it
            return
        yield from self.judgement.form(history, view.index)
        if is_claimed:
            if not (yield from self.withdraw(history.task.token)):
                price = record.prices[view.index]
                self.outcome = Outcome(True, f"sold for {self.words.amount(price)}", price=price)
        elif view.stage == DISPUTED:
            yield from self._await_verdict(view)
        elif view.stage == REPORTED and view.now < view.time_a:
            yield from self._dispute(view)
            what = "claims to open" if position is not None else "the end of disputes"
            self._wait(view, what, view.time_a)
        elif position is None:
            opinion = self.judgement.opinion
            self._end("not bought" + ("" if opinion is None else f": {opinion.text}"))
        else:
            self._end("the claim window was missed: nothing is paid", failed=True)

    # ── Disputes ──

    def _dispute(self, view: View) -> Lines:
        """Dispute the report, if the developer allows it and an honest panel must differ."""
        opinion, most, task = self.judgement.opinion, self.choices.highest_bond, view.history.task
        if opinion is None or not opinion.is_wrong:
            return
        bond = self.market.dispute_bond(task)
        if most is None:
            yield f"an honest panel finds otherwise: `golden-grain dispute`, {self._bond(bond)}"
        elif bond > most:
            yield f"not disputed: {self._bond(bond)} is above --highest-bond"
        else:
            self._send(self._functions.dispute_report(task.to_abi()), view.nonce, bond)
            yield f"disputed, with {self._bond(bond)}"

    def _bond(self, bond: int) -> str:
        return f"a bond of {self.words.ether(bond)}"

    def _await_verdict(self, view: View) -> Lines:
        if view.now < view.time_a:
            self._wait(view, "the verdict of the panel", view.time_a)
            return
        self._send(self.market.expire_dispute(view.history), view.nonce)
        yield "no verdict came in time: ended the dispute"

    # ── Money ──

    def record(self, view: View) -> Record | None:
        """Return the report that stands, or None before it has enough confirmations.

        A claim shows its envelope for good, so it must not rest on a block that may vanish.
        """
        confirmed, history = self.market.history(self.entry.task_id), view.history
        if confirmed is None or history.posted is None:
            return None
        if standing_of(confirmed) != standing_of(history):
            return None
        return history.record(self.market.domain)

    def claim(self, view: View, record: Record) -> Lines:
        """Publish the delivery envelope for the price."""
        position = None if view.index is None else position_of(record, view.index)
        if position is None or view.index is None:
            raise Refused("the report that stands awards nothing to this entry")
        task, price = view.history.task, record.prices[view.index]
        call = self._functions.claim_award(
            self.entry.task_id,
            position,
            task.token,
            list(record.payouts),
            record.signed,
            self.entry.submission.min_price,
            self.entry.payload,
            self.entry.envelope,
        )
        self._send(call, view.nonce)
        yield f"claimed {self.words.amount(price)}"

    def withdraw(self, token: str) -> Generator[str, None, bool]:
        """Withdraw what the market owes to the account; return True if it owed anything."""
        withdrew = False
        for each in dict.fromkeys((token, ZERO_ADDRESS)):
            owed = int(self._functions.credits(each, self.sender.address).call())
            if owed:
                self.sender.send(self._functions.withdraw(each, self.sender.address))
                named = self.words.ether if each == ZERO_ADDRESS else self.words.amount
                yield f"withdrew {named(owed)}"
                withdrew = True
        return withdrew

    # ── Helpers ──

    @property
    def _uploads(self) -> Uploads:
        if self.uploads is None:
            raise Refused("nowhere to publish, expected --publish and --uri")
        return self.uploads

    @cached_property
    def _functions(self) -> Any:
        return self.market.contract.functions

    def _send(self, call: ContractFunction, nonce: Nonce, value: int = 0) -> None:
        self.sender.send(call, value, nonce=nonce)

    def _wait(self, view: View, what: str, until: int) -> None:
        self.waits_for = what, self.words.time(until, view.now)

    def _end(self, reason: str, *, failed: bool = False) -> None:
        self.outcome = Outcome(False, reason, failed)
