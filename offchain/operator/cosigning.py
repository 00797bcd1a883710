"""Agreement of a report's signers by files: each operator publishes what its enclave proposes and
signs in a folder of its own, and reads those of the others.

An enclave signs once in a run. So an operator first publishes a proposal, and lets its enclave sign
it only when its turn has come; until then it rather joins a report that others have signed. An
enclave joins a report only if its digest follows from the proposal, so nobody can bind it to a
proposal that no other enclave signed.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from offchain.chain.packing import by_signer
from offchain.chain.registry import Registered
from offchain.operator.case import Case
from offchain.operator.client import EnclaveClient
from offchain.operator.polling import Polls
from offchain.protocol.errors import InvalidRequest, RunAborted
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.messages import Proposal, RunId, ServiceError, Signed
from offchain.protocol.pricing import Award, Candidate, walk
from offchain.protocol.reports import Cosignature, Report, recover
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import ResultsFolder

_SHOWN = 500

PROBLEMS = (InvalidRequest, RunAborted, ServiceError)
"""Errors that a request to an enclave's service may raise."""


@dataclass(frozen=True)
class Agreed:
    """A report with all signatures that the market requires, in ascending order of signer."""

    signed: Signed
    cosignatures: tuple[Cosignature, ...]

    @property
    def report(self) -> Report:
        """The report that was signed."""
        return self.signed.report


@dataclass(frozen=True)
class Peer:
    """An enclave of the roster that may sign, of another operator.

    Args:
        entry: in the roster.
        known: its registration.
        folder: that its operator announced.
    """

    entry: RosterEntry
    known: Registered
    folder: ResultsFolder

    @property
    def key(self) -> str:
        """The signing key."""
        return self.entry.signing_key

    @property
    def name(self) -> str:
        """The operator and its folder, for people."""
        return f"operator {self.known.operator} ({self.folder.url})"


def find_peers(
    own: RosterEntry,
    active: Mapping[RosterEntry, Registered],
    endpoints: Mapping[str, str],
    excluded: Collection[str],
    *,
    local: bool,
) -> tuple[list[Peer], list[str]]:
    """Return the enclaves that may sign beside the own one, and lines about missing folders.

    Args:
        own: the own enclave.
        active: the enclaves of the roster that may sign now.
        endpoints: the URIs that operators announced.
        excluded: operators that may not sign.
        local: follow URIs that point into this machine; for development only.
    """
    peers, lines = [], []
    for entry, known in active.items():
        if known.operator in (*excluded, active[own].operator):
            continue
        uri = endpoints.get(known.operator)
        if not uri:
            lines.append(f"operator {known.operator} has announced no folder")
            continue
        try:
            peers.append(Peer(entry, known, ResultsFolder.of_stranger(uri, local=local)))
        except ValueError as error:
            lines.append(f"operator {known.operator}: {error}")
    return peers, lines


@dataclass
class Cosigning:
    """The agreement on one run's report.

    Args:
        enclave: the operator's own.
        folder: the operator's own, which the others read.
        polls: in which the folders of others are read.
        turn: steps that each peer with a lower signing key has before this operator's turn.
    """

    enclave: EnclaveClient
    folder: ResultsFolder
    polls: Polls
    turn: int
    _own: Proposal | None = None
    _signed: Signed | None = None
    _measured: set[str] = field(default_factory=set)
    _signatures: dict[str, Signed] = field(default_factory=dict)
    _refused: set[tuple[str, bytes]] = field(default_factory=set)
    _steps: int = 0
    _steps_agreed: int = 0

    def step(
        self, case: Case, run: RunId, seats: int, peers: list[Peer], platform: bytes
    ) -> Generator[str, None, Agreed | None]:
        """Go on by one step; return the report once it is agreed on and this operator's turn.

        Yields a line for each peer whose files cannot be used, and one on seats that are empty.

        Args:
            case: the task.
            run: whose measurement is done.
            seats: number of signatures that the market requires.
            peers: the enclaves that may sign beside the own one.
            platform: of the own enclave, as the registry has it.
        """
        self._steps += 1
        self._propose(case, run)
        yield from self._read(case, run, peers)
        rank = self._rank(case, peers)
        if self._signed is None:
            yield from self._join(case, run, peers, platform)
        if self._signed is None and self._has_turn(rank, seats):
            assert self._own is not None  # noqa: S101 - set by `_propose`
            self._sign(case, run, self._own, platform, None)
        if self._signed is None:
            yield f"signs soon; {rank} operators come first" if rank else "signs soon"
            return None
        agreed = yield from self._count(case, seats, peers, platform)
        if agreed is not None:
            self._steps_agreed += 1
            if self._steps_agreed > rank * self.turn:
                return agreed
            yield f"posts soon; {rank} operators come first"
        return None

    def _propose(self, case: Case, run: RunId) -> None:
        """Publish what the enclave proposes, or has signed before this process started."""
        if self._signed is not None:
            return
        proposal = self.enclave.propose(run.task_id, run.round)
        if proposal != self._own:
            self._refused.clear()
            self.folder.put_proposal(run, case.own.signing_key, proposal)
            self._own = proposal

    def _rank(self, case: Case, peers: list[Peer]) -> int:
        """Return the number of operators that have measured and whose signing keys are lower."""
        own = case.own.signing_key.lower()
        return sum(peer.key in self._measured and peer.key.lower() < own for peer in peers)

    def _has_turn(self, rank: int, seats: int) -> bool:
        """Return True once this operator may let its enclave sign the own proposal.

        A step lies between the proposal and the signature, so that two operators that finish at
        the same time see one another. An enclave that upholds a posted report signs nothing else.
        """
        upholds = self._own is not None and self._own.upheld
        return upholds or self._steps > rank * self.turn + (seats > 1)

    # ── The files of others ──

    def _read(self, case: Case, run: RunId, peers: list[Peer]) -> Iterator[str]:
        own = case.own.signing_key.lower()
        wanted: dict[tuple[bytes, int, str, str], Callable[[], Proposal | Signed | None]] = {}
        of = {}
        for peer in peers:
            if peer.key not in self._signatures:
                name = (*_name(run), peer.key, "signature")
                wanted[name] = lambda peer=peer: peer.folder.signature(run, peer.key)  # type: ignore[misc]
                of[name] = peer
            if peer.key not in self._measured and peer.key.lower() < own:
                name = (*_name(run), peer.key, "proposal")
                wanted[name] = lambda peer=peer: peer.folder.proposal(run, peer.key)  # type: ignore[misc]
                of[name] = peer
        answers = self.polls.ask(wanted)
        for name in wanted.keys() - answers.keys():
            yield f"{of[name].name} is slow: its {name[-1]} has not come yet"
        for name, answer in answers.items():
            try:
                self._keep(case.transcript, run, of[name], answer)
            except Exception as error:  # whatever a stranger's server makes a library raise
                yield _fault(of[name], error)

    def _keep(
        self,
        transcript: Transcript,
        run: RunId,
        peer: Peer,
        answer: Future[Proposal | Signed | None],
    ) -> None:
        match answer.result():
            case Proposal():
                self._measured.add(peer.key)
            case Signed() as signed:
                check_signature(transcript, run, peer.key, signed)
                self._signatures[peer.key] = signed

    # ── The own signature ──

    def _join(self, case: Case, run: RunId, peers: list[Peer], platform: bytes) -> Iterator[str]:
        """Let the enclave sign a report that others signed: first that of most of them.

        Each signer's report is tried once, because enclaves refuse a limited number of proposals.
        """
        if self._own is not None and self._own.upheld:
            return
        domain = case.transcript.domain
        signers: dict[bytes, list[Peer]] = {}
        for peer in peers:
            if peer.key in self._signatures:
                digest = self._signatures[peer.key].report.digest(domain)
                signers.setdefault(digest, []).append(peer)
        for digest, those in sorted(signers.items(), key=lambda each: -len(each[1])):
            for peer in those:
                if (peer.key, digest) in self._refused:
                    continue
                proposal = yield from self._proposal_of(peer, run)
                if proposal is None:
                    continue
                try:
                    self._sign(case, run, proposal, platform, digest)
                except InvalidRequest as refusal:
                    self._refused.add((peer.key, digest))
                    yield f"the enclave does not join the report of {peer.name}: {refusal}"
                else:
                    return

    def _proposal_of(self, peer: Peer, run: RunId) -> Generator[str, None, Proposal | None]:
        """Return what a peer has signed, as it is published now; None before it has come."""
        name = (*_name(run), peer.key, "signed proposal")
        for answer in self.polls.ask({name: lambda: peer.folder.proposal(run, peer.key)}).values():
            try:
                proposal = answer.result()
            except Exception as error:  # as above
                yield _fault(peer, error)
                return None
            if proposal is None:
                yield f"{peer.name} published a signature without its proposal"
            return proposal
        yield f"{peer.name} is slow: its proposal has not come yet"
        return None

    def _sign(
        self, case: Case, run: RunId, proposal: Proposal, platform: bytes, digest: bytes | None
    ) -> None:
        """Let the enclave sign, and publish proposal and signature in this order."""
        signed = self.enclave.cosign(run.task_id, run.round, proposal, platform, digest)
        key = case.own.signing_key
        check_signature(case.transcript, run, key, signed)
        self.folder.put_proposal(run, key, proposal)
        self.folder.put_signature(run, key, signed)
        self._own, self._signed = proposal, signed

    # ── The count ──

    def _count(
        self, case: Case, seats: int, peers: list[Peer], platform: bytes
    ) -> Generator[str, None, Agreed | None]:
        """Return the report with its signatures once there are enough, of distinct operators."""
        assert self._signed is not None  # noqa: S101 - set by `_sign`
        report = self._signed.report
        signatures = [_on(self._signed, platform)]
        operators: set[str] = set()
        for peer in peers:
            signed = self._signatures.get(peer.key)
            if signed is None or peer.known.operator in operators:
                continue
            if signed.report != report:
                results = signed.report.results.hex()
                yield f"{peer.name} signed another report, results 0x{results}"
                continue
            operators.add(peer.known.operator)
            signatures.append(_on(signed, peer.known.platform))
        if len(signatures) < seats:
            yield f"{len(signatures)} signatures, the market requires {seats}"
            return None
        digest = report.digest(case.transcript.domain)
        return Agreed(self._signed, tuple(by_signer(digest, signatures[:seats])))


def check_signature(transcript: Transcript, run: RunId, key: str, signed: Signed) -> None:
    """Refuse what a signing key did not sign in a run.

    Raises:
        ValueError: it is of another run, or another key signed it.
    """
    found = RunId(signed.report.task_id, signed.report.round)
    if found != run:
        raise ValueError(f"signature for task 0x{found.task_id.hex()} in round {found.round}")
    signer = recover(signed.report.digest(transcript.domain), signed.cosignature)
    if signer != key:
        raise ValueError(f"signed by {signer}, expected {key}")


def _fault(peer: Peer, error: Exception) -> str:
    return f"{peer.name}: {type(error).__name__}: {error}"[:_SHOWN]


def _name(run: RunId) -> tuple[bytes, int]:
    return run.task_id, run.round


def _on(signed: Signed, platform: bytes) -> Cosignature:
    """Return a signature with its platform by the registry: the signature does not cover it."""
    return Cosignature(signed.cosignature.r, signed.cosignature.vs, platform)


def awards_of(proposal: Proposal, transcript: Transcript, manifest: Manifest) -> tuple[Award, ...]:
    """Return the awards that follow from a proposal."""
    task, by_index = transcript.task, transcript.by_index
    every = manifest.selection is Selection.TOP
    candidates = (
        Candidate(each.index, each.score, by_index[each.index].submission.min_price)
        for each in proposal.results
        if each.score is not None and (every or each.index in proposal.chosen)
    )
    return walk(task.curve, task.budget, task.max_awards, candidates)
