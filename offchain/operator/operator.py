"""One step of an operator: act on every task of a market, as its stage requires."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from offchain.chain.closing import close_reveals
from offchain.chain.history import CLOSED, DISPUTED, OPEN, REPORTED, History
from offchain.chain.market import Market
from offchain.chain.registry import Registry
from offchain.chain.tokens import in_ether
from offchain.chain.transactions import Sender
from offchain.operator.case import Case, ProviderFiles
from offchain.operator.client import EnclaveClient
from offchain.operator.cosigning import Agreed, Cosigning, awards_of, find_peers
from offchain.operator.feeding import Feeder
from offchain.operator.polling import Polls
from offchain.operator.posting import report_call
from offchain.protocol.errors import InvalidRequest
from offchain.protocol.messages import Posted, RunId, Signed
from offchain.protocol.task import RosterEntry, Task
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments
from offchain.storage.submissions import SubmissionSources

Lines = Generator[str, None, None]
"""Lines that tell the operator about each action."""


@dataclass
class Operator:
    """An operator with one enclave, who follows a market.

    Args:
        market: on the operator's own node.
        sources: stores of submissions and test sets; ``keep`` is the operator's own store, and
            ``local`` is for the folders of strangers too.
        enclave: the operator's own.
        sender: account that pays for the transactions.
        results: the operator's own folder, which it has announced to the others.
        accepts: returns True for a task whose report this operator wants to make; a panel's seat is
            paid by the dispute, and it sits there in any case.
        disputes: dispute a report that the own enclave contradicts.
        turn: number of steps that each peer with a lower signing key has to sign and to post first,
            so that operators do not race.
        resend: number of steps after which a pending transaction is replaced.
        linger: seconds that a step waits for the delivery of a task's artifacts, and for all files
            of strangers together. Each of them goes on in the background.
    """

    market: Market
    sources: SubmissionSources
    enclave: EnclaveClient
    sender: Sender
    results: ResultsFolder
    accepts: Callable[[Task], bool] = lambda _: True
    disputes: bool = False
    turn: int = 3
    resend: int = 5
    linger: float = 1.0
    deadlines: dict[bytes, int] = field(default_factory=dict)
    """Reveal deadlines (Unix seconds) of the open tasks of this operator's enclave, as it knows
    them."""
    _finished: set[bytes] = field(default_factory=set)
    _foreign: dict[bytes, RosterEntry] = field(default_factory=dict)
    _published: set[bytes] = field(default_factory=set)
    _steps_pending: int = 0
    _feeder: Feeder = field(init=False)
    _polls: Polls = field(init=False)
    _files: dict[bytes, ProviderFiles] = field(default_factory=dict)
    _cosignings: dict[RunId, Cosigning] = field(default_factory=dict)
    _endpoints: dict[str, str] | None = None

    def __post_init__(self) -> None:
        self._feeder = Feeder(self.enclave, self.sources, self.results, self.linger)
        self._polls = Polls(self.linger)

    def step(self) -> Iterator[str]:
        """Act on every task once; yield lines about each action.

        A failure of one task does not stop the others. It is retried in the next step.
        """
        self._feeder.next_step()
        self._polls.next_step()
        self._endpoints = None
        try:
            own = self.enclave.identity()
            tasks = [task_id for task_id in self.market.tasks() if task_id not in self._finished]
            pending = self.sender.is_waiting()
            self._steps_pending = self._steps_pending + 1 if pending else 0
        except Exception as fault:
            yield f"cannot follow the market: {type(fault).__name__}: {fault}"
            return
        self._polls.keep(set(tasks))
        if self._steps_pending:
            yield f"a transaction of {self.sender.address} is in no block yet"
        for task_id in tasks:
            try:
                for line in self._advance(task_id, own):
                    yield f"task 0x{task_id.hex()[:8]}: {line}"
            except Exception as fault:
                yield f"task 0x{task_id.hex()[:8]}: {type(fault).__name__}: {fault}"

    def can_send(self) -> bool:
        """Return False while a transaction is pending that is not to be replaced yet."""
        return self._steps_pending > self.resend or not self.sender.is_waiting()

    def _advance(self, task_id: bytes, own: RosterEntry) -> Lines:
        history = self.market.history(task_id)
        if history is not None and history.over:
            self._forget(task_id)
        if history is None or history.stage not in (OPEN, CLOSED, REPORTED, DISPUTED):
            return
        if self._foreign.get(task_id) == own:
            return
        documents = yield from self._documents(task_id, history)
        if documents is None:
            return
        if own not in documents.roster:
            self._foreign[task_id] = own
            del self._files[task_id]
            return
        if history.stage != DISPUTED and not self.accepts(history.task):
            yield "not accepted: another provider, or too small a fee"
            return
        if history.stage == OPEN:
            yield from self._close(task_id, history)
            return
        self.deadlines.pop(task_id, None)
        transcript = self.market.transcript(history, documents.roster)
        case = Case(task_id, history, documents, transcript, own, self._files[task_id])
        is_late = self.market.stage(task_id) != history.stage  # in a block not yet confirmed
        if not is_late and self.can_send():
            yield from self._report(case) if history.stage == CLOSED else self._judge(case)

    def _documents(
        self, task_id: bytes, history: History
    ) -> Generator[str, None, TaskDocuments | None]:
        """Return the documents of a task, checked against it, once they have come."""
        if task_id not in self._files:
            folder = PublicationFolder.of_stranger(history.uri, local=self.sources.local)
            self._files[task_id] = ProviderFiles(task_id, folder, self._polls)
        documents = self._files[task_id].documents(history.task)
        if documents is None:
            yield f"no documents in {history.uri} yet"
        return documents

    def _forget(self, task_id: bytes) -> None:
        self._finished.add(task_id)
        self.deadlines.pop(task_id, None)
        self._files.pop(task_id, None)
        self._foreign.pop(task_id, None)
        for round_ in (0, 1):
            self._cosignings.pop(RunId(task_id, round_), None)

    def _close(self, task_id: bytes, history: History) -> Lines:
        """Close the reveals as soon as the chain allows it: the seed is then anybody's no more."""
        self.deadlines[task_id] = history.task.reveal_deadline
        if self.can_send() and close_reveals(self.market, task_id, history.task, self.sender):
            self._steps_pending = 0
            yield "reveals closed"

    # ── Round 0 ──

    def _report(self, case: Case) -> Lines:
        if not (yield from self._feeder.ensure_measured(case, None)):
            return
        task = case.history.task
        agreed = yield from self._agree(case, task.quorum)
        if agreed is None:
            return
        self._publish(agreed.signed)
        posted = Posted(agreed.report, agreed.cosignatures)
        call = report_call(self.market, task, case.documents.roster, posted)
        try:
            self._send(call)
        except ContractLogicError as refusal:
            yield f"market refuses the report: {refusal}"
        else:
            yield f"report posted, {len(agreed.report.awards)} awards"

    # ── Round 1 ──

    def _judge(self, case: Case) -> Lines:
        standing, task = case.history.posted, case.history.task
        if standing is None:
            return
        for signer in standing.signers:
            if signer.signing_key == case.own.signing_key:
                self._publish_own(case, signer.platform)
                return
        if case.files.release(case.own.signing_key) is None:
            if case.history.stage == DISPUTED:
                yield "disputed, but the test set is not released to this enclave"
            return
        posted = self.market.posted(case.history, case.transcript)
        if not (yield from self._feeder.ensure_measured(case, posted)):
            return
        if case.history.stage == REPORTED:
            yield from self._review(case, posted)
            return
        excluded = [signer.operator for signer in standing.signers]
        agreed = yield from self._agree(case, 2 * task.quorum + 1, excluded)
        if agreed is not None:
            yield from self._resolve(case, posted, agreed)

    def _review(self, case: Case, posted: Posted) -> Lines:
        proposal = self.enclave.propose(case.task_id, 1)
        if proposal.upheld:
            yield "this enclave's measurement confirms the report"
            return
        own = awards_of(proposal, case.transcript, case.documents.manifest)
        yield f"CONTRADICTED: report awards {posted.report.awards}, this enclave finds {own}"
        if self.disputes:
            functions, task = self.market.contract.functions, case.history.task
            bond = self.market.dispute_bond(task)
            self._send(functions.dispute_report(task.to_abi()), bond)
            yield f"disputed, with a bond of {in_ether(bond)}"

    def _resolve(self, case: Case, posted: Posted, agreed: Agreed) -> Lines:
        history, standing = case.history, case.history.posted
        if standing is None:
            return
        self._publish(agreed.signed)
        call = self.market.contract.functions.resolve_dispute(
            history.task.to_abi(),
            [entry.to_abi() for entry in case.documents.roster],
            posted.report.to_abi(),
            [signer.to_abi() for signer in standing.signers],
            history.challenger,
            agreed.report.to_abi(),
            [each.to_abi() for each in agreed.cosignatures],
        )
        self._send(call)
        upheld = agreed.report.awards == posted.report.awards
        yield f"dispute resolved, report {'upheld' if upheld else 'overturned'}"

    # ── Both ──

    def _agree(
        self, case: Case, seats: int, excluded: list[str] | None = None
    ) -> Generator[str, None, Agreed | None]:
        """Go on with the agreement on a report; return it once this operator is to post it."""
        active = self._registry.active(case.documents.roster, case.history.task.measurement)
        if case.own not in active:
            yield "this enclave is not active and cannot sign: register it"
            return None
        if active[case.own].operator in (excluded or ()):
            return None
        if self._endpoints is None:
            self._endpoints = self._registry.endpoints()
        peers, lines = find_peers(
            case.own, active, self._endpoints, excluded or (), local=self.sources.local
        )
        if seats > 1:
            yield from lines
        run = case.run
        if run not in self._cosignings:
            self._cosignings[run] = Cosigning(self.enclave, self.results, self._polls, self.turn)
        return (
            yield from self._cosignings[run].step(
                case, run, seats, peers, active[case.own].platform
            )
        )

    def _publish_own(self, case: Case, platform: bytes) -> None:
        """Publish the results of the posted report that the own enclave signed, whoever posted it.

        The enclave answers with the signature that it gave; after a restart it knows none.
        """
        if case.task_id in self._published:
            return
        with suppress(InvalidRequest):
            proposal = self.enclave.propose(case.task_id, 0)
            self._publish(self.enclave.cosign(case.task_id, 0, proposal, platform))
        self._published.add(case.task_id)

    def _publish(self, signed: Signed) -> None:
        if signed.results is not None:
            self.results.put(signed.report, signed.results)

    def _send(self, call: ContractFunction, value: int = 0) -> None:
        self._steps_pending = 0  # the new transaction gets the full time to be mined
        self.sender.send(call, value)

    @cached_property
    def _registry(self) -> Registry:
        return Registry(self.market.node, self.market.registry)
