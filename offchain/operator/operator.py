"""One step of an operator: act on every task of a market, as its stage requires."""

from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from offchain.chain.market import CLOSED, DISPUTED, REPORTED, Market
from offchain.chain.registry import Registry
from offchain.chain.transactions import Sender
from offchain.operator.case import Case
from offchain.operator.client import EnclaveClient
from offchain.operator.cosigning import PROBLEMS, Agreed, Cosigning, awards_of
from offchain.operator.feeding import Feeder
from offchain.operator.requests import in_background
from offchain.protocol.errors import InvalidRequest
from offchain.protocol.messages import Posted, Proposal, RunId, Signed
from offchain.protocol.task import RosterEntry
from offchain.storage.publications import PublicationFolder, ResultsFolder
from offchain.storage.submissions import SubmissionSources

Lines = Generator[str, None, None]
"""Lines that tell the operator about each action."""


@dataclass
class _Collection:
    """A collection of signatures in the background.

    Args:
        lines: to show to the operator, one for each enclave that did not sign.
        agreed: completes once all seats are taken, or all enclaves have answered.
    """

    lines: list[str] = field(default_factory=list)
    agreed: Future[Agreed | None] = field(default_factory=Future)

    def run(self, signing: Generator[str, None, Agreed | None]) -> Agreed | None:
        """Keep the lines as they come."""
        while True:
            try:
                self.lines.append(next(signing))
            except StopIteration as end:
                agreed: Agreed | None = end.value
                return agreed


@dataclass
class Operator:
    """An operator with one enclave, who follows a market.

    Args:
        market: on the operator's own node.
        folder: the provider's publications.
        sources: stores of submissions; ``keep`` is the operator's own store.
        enclave: the operator's own.
        peers: enclaves of other operators, which co-sign.
        sender: account that pays for the transactions.
        results: local folder for the results files of the reports that the own enclave signed, and
            for its notices of models that were stopped.
        disputes: dispute a report that the own enclave contradicts, and post the panel's verdict.
        turn: number of steps that each peer with a lower signing key has to post first, so that
            operators do not race to post the same report.
        resend: number of steps after which a pending transaction is replaced.
        linger: seconds that a step waits for the delivery of a task's artifacts, for its
            signatures, and for the peers' keys. Each of them goes on in the background.
    """

    market: Market
    folder: PublicationFolder
    sources: SubmissionSources
    enclave: EnclaveClient
    peers: tuple[EnclaveClient, ...]
    sender: Sender
    results: ResultsFolder
    disputes: bool = False
    turn: int = 3
    resend: int = 5
    linger: float = 1.0
    _finished: set[bytes] = field(default_factory=set)
    _published: set[bytes] = field(default_factory=set)
    _steps_ready: Counter[bytes] = field(default_factory=Counter)
    _steps_pending: int = 0
    _feeder: Feeder = field(init=False)
    _keys: dict[str, Future[RosterEntry]] = field(default_factory=dict)
    _collections: dict[RunId, "_Collection"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._feeder = Feeder(self.enclave, self.folder, self.sources, self.results, self.linger)

    def step(self) -> Iterator[str]:
        """Act on every task once; yield lines about each action.

        A failure of one task does not stop the others. It is retried in the next step.
        """
        self._feeder.next_step()
        self._keys = {url: each for url, each in self._keys.items() if not each.done()}
        try:
            own = self.enclave.identity()
            tasks = [task_id for task_id in self.market.tasks() if task_id not in self._finished]
            pending = self.sender.is_waiting()
            self._steps_pending = self._steps_pending + 1 if pending else 0
        except Exception as fault:
            yield f"cannot follow the market: {type(fault).__name__}: {fault}"
            return
        if self._steps_pending:
            yield f"a transaction of {self.sender.address} is in no block yet"
        for task_id in tasks:
            try:
                for line in self._advance(task_id, own):
                    yield f"task 0x{task_id.hex()[:8]}: {line}"
            except Exception as fault:
                yield f"task 0x{task_id.hex()[:8]}: {type(fault).__name__}: {fault}"

    def _advance(self, task_id: bytes, own: RosterEntry) -> Lines:
        history = self.market.history(task_id)
        if history is not None and history.over:
            self._finished.add(task_id)
        if history is None or history.stage not in (CLOSED, REPORTED, DISPUTED):
            return
        documents = self.folder.documents(task_id)
        if documents is None:
            yield f"no documents in {self.folder.url}"
            return
        documents.check(history.task)
        if own not in documents.roster:
            return
        transcript = self.market.transcript(history, documents.roster)
        case = Case(task_id, history, documents, transcript, own)
        if self.market.stage(task_id) != history.stage:
            return  # the latest block is at a later stage, which is not confirmed yet
        if self._steps_pending <= self.resend and self.sender.is_waiting():
            return
        if history.stage == CLOSED:
            yield from self._report(case)
        else:
            yield from self._judge(case)

    # ── Round 0 ──

    def _report(self, case: Case) -> Lines:
        if not (yield from self._feeder.ensure_measured(case, None)):
            return
        if not (yield from self._has_turn(case)):
            return
        contract, task = self.market.contract, case.history.task
        cosigning = Cosigning(case.transcript, self._registry(), 0, task.quorum)
        agreed = yield from self._agree(case, cosigning)
        if agreed is None:
            return
        self._publish(agreed.signed)
        cosignatures = [each.to_abi() for each in agreed.cosignatures]
        roster = [entry.to_abi() for entry in case.documents.roster]
        call = contract.functions.post_report(
            task.to_abi(), roster, agreed.report.to_abi(), cosignatures
        )
        try:
            self._send(call)
        except ContractLogicError as refusal:
            yield f"market refuses the report: {refusal}"
        else:
            yield f"report posted, {len(agreed.report.awards)} awards"

    def _has_turn(self, case: Case) -> Generator[str, None, bool]:
        """Return True when peers with lower signing keys have had their steps to post.

        A peer that does not answer loses its turn. A question that a slow peer has not answered is
        not asked again, and no later task or step waits for it.
        """
        fresh = [peer for peer in self.peers if peer.url not in self._keys]
        for peer in fresh:
            self._keys[peer.url] = Future()
            in_background(peer.identity, self._keys[peer.url])
        wait([self._keys[peer.url] for peer in fresh], self.linger)
        keys = []
        for url, future in self._keys.items():
            try:
                keys.append(future.result(timeout=0).signing_key.lower())
            except TimeoutError:
                yield f"peer {url} is slow: its key has not come yet"
            except PROBLEMS as problem:
                yield f"peer {url} gives no key: {problem}"
        rank = sum(key < case.own.signing_key.lower() for key in keys)
        self._steps_ready[case.task_id] += 1
        return self._steps_ready[case.task_id] > rank * self.turn

    # ── Round 1 ──

    def _judge(self, case: Case) -> Lines:
        standing, task = case.history.posted, case.history.task
        if standing is None:
            return
        for signer in standing.signers:
            if signer.signing_key == case.own.signing_key:
                self._publish_own(case, signer.platform)
                return
        if self.folder.release(case.task_id, case.own.signing_key) is None:
            if case.history.stage == DISPUTED:
                yield "disputed, but the test set is not released to this enclave"
            return
        posted = self.market.posted(case.history, case.transcript)
        if not (yield from self._feeder.ensure_measured(case, posted)):
            return
        if case.history.stage == REPORTED:
            yield from self._review(case, posted)
        elif self.disputes:
            operators = [signer.operator for signer in standing.signers]
            seats = 2 * task.quorum + 1
            cosigning = Cosigning(case.transcript, self._registry(), 1, seats, operators)
            agreed = yield from self._agree(case, cosigning)
            if agreed is not None:
                yield from self._resolve(case, posted, agreed)

    def _review(self, case: Case, posted: Posted) -> Lines:
        proposal = self.enclave.propose(case.task_id, 1)
        if proposal.upheld:
            yield "this enclave's measurement confirms the report"
            return
        own = awards_of(proposal, case.transcript)
        yield f"CONTRADICTED: report awards {posted.report.awards}, this enclave finds {own}"
        if self.disputes:
            functions, task = self.market.contract.functions, case.history.task
            bond = int(functions.seat_bond().call()) * (2 * task.quorum + 1)
            self._send(functions.dispute_report(task.to_abi()), bond)
            yield f"disputed, with a bond of {bond} wei"

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

    def _agree(self, case: Case, cosigning: Cosigning) -> Generator[str, None, Agreed | None]:
        run = RunId(case.task_id, cosigning.round)
        collection = self._collections.get(run)
        if collection is None:
            proposal = self.enclave.propose(case.task_id, cosigning.round)
            collection = self._collections[run] = _Collection()
            self._collect(collection, cosigning, proposal)
        wait([collection.agreed], self.linger)
        yield from collection.lines
        if not collection.agreed.done():
            yield "waits for the signatures of peers"
            return None
        del self._collections[run]
        return collection.agreed.result()

    def _collect(self, into: _Collection, cosigning: Cosigning, proposal: Proposal) -> None:
        signing = cosigning.gather([self.enclave, *self.peers], proposal)
        in_background(lambda: into.run(signing), into.agreed)

    def _send(self, call: ContractFunction, value: int = 0) -> None:
        self._steps_pending = 0  # the new transaction gets the full time to be mined
        self.sender.send(call, value)

    def _registry(self) -> Registry:
        return Registry(self.market.node, self.market.registry)
