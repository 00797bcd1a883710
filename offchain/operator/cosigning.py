"""Collection of a report's signatures from the enclaves of different operators."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from itertools import chain

from offchain.chain.registry import Registered, Registry
from offchain.operator.client import EnclaveClient
from offchain.operator.requests import side_by_side
from offchain.protocol.errors import InvalidRequest, RunAborted
from offchain.protocol.messages import Proposal, ServiceError, Signed
from offchain.protocol.pricing import Award, Candidate, walk
from offchain.protocol.reports import Cosignature, Report, by_signer, recover
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import check_results

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
class Cosigning:
    """The rules for the signers of a task's report in one round.

    Args:
        transcript: of the task.
        registry: for the signers' operators and platforms.
        round: 0, or 1 for a panel.
        seats: number of signatures that the market requires.
        excluded: operators that may not sign.
    """

    transcript: Transcript
    registry: Registry
    round: int
    seats: int
    excluded: Collection[str] = ()

    def gather(
        self, clients: Sequence[EnclaveClient], proposal: Proposal
    ) -> Generator[str, None, Agreed | None]:
        """Ask the first enclave to sign, and then all others at the same time.

        Ends as soon as all seats are taken. Yields a line for each enclave that does not sign.
        Returns None when seats stay empty.
        """
        operators: set[str] = set(self.excluded)
        gathered: list[Signed] = []
        own, peers = clients[:1], clients[1:]
        answers = chain(
            side_by_side(own, lambda each: self._ask(each, proposal)),
            side_by_side(peers, lambda each: self._ask(each, proposal)),
        )
        while len(gathered) < self.seats and (answer := next(answers, None)):
            client, future = answer
            try:
                entry, signed = future.result()
                known = self._check_signer(entry, operators)
                if gathered and signed.report != gathered[0].report:
                    raise ValueError(f"another report, results 0x{signed.report.results.hex()}")
            except (ValueError, *PROBLEMS) as problem:
                yield f"no signature of {client.url}: {problem}"
                continue
            operators.add(known.operator)
            gathered.append(signed)
        if len(gathered) < self.seats:
            yield f"{len(gathered)} signatures, the market requires {self.seats}"
            return None
        digest = gathered[0].report.digest(self.transcript.domain)
        made = by_signer(digest, (signed.cosignature for signed in gathered))
        return Agreed(gathered[0], tuple(made))

    def _ask(self, client: EnclaveClient, proposal: Proposal) -> tuple[RosterEntry, Signed]:
        entry = client.identity()
        known = self._check_signer(entry, self.excluded)
        return entry, self._request_signature(client, entry, proposal, known)

    def _check_signer(self, entry: RosterEntry, taken: Collection[str]) -> Registered:
        task = self.transcript.task
        if entry not in self.transcript.roster:
            raise ValueError(f"{entry.signing_key} is not in the roster")
        known = self.registry.active_one(entry, task.measurement)
        if known is None:
            raise ValueError(f"{entry.signing_key} is not active")
        if known.operator in taken:
            raise ValueError(f"operator {known.operator} has a signature already or may not sign")
        return known

    def _request_signature(
        self, client: EnclaveClient, entry: RosterEntry, proposal: Proposal, known: Registered
    ) -> Signed:
        signed = client.cosign(self.transcript.task_id, self.round, proposal, known.platform)
        signer = recover(signed.report.digest(self.transcript.domain), signed.cosignature)
        if signer != entry.signing_key:
            raise ValueError(f"signed by {signer}, expected {entry.signing_key}")
        if signed.results is not None:
            check_results(signed.report, signed.results)
        return signed


def awards_of(proposal: Proposal, transcript: Transcript) -> tuple[Award, ...]:
    """Return the awards that follow from a proposal."""
    task, by_index = transcript.task, transcript.by_index
    candidates = (
        Candidate(each.index, each.score, by_index[each.index].submission.min_price)
        for each in proposal.results
        if each.score is not None and (not proposal.chosen or each.index in proposal.chosen)
    )
    return walk(task.curve, task.budget, task.max_awards, candidates)
