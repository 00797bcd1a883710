"""Signatures of a report across services, from as many operators as it takes."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass

from offchain.chain.registry import Registered, Registry
from offchain.operator.client import EnclaveClient
from offchain.protocol.errors import InvalidRequest, RunAborted
from offchain.protocol.messages import Proposal, ServiceError, Signed
from offchain.protocol.pricing import Award, Candidate, walk
from offchain.protocol.reports import Cosignature, Report, by_signer, recover
from offchain.protocol.task import RosterEntry
from offchain.protocol.transcript import Transcript

PROBLEMS = (InvalidRequest, RunAborted, ServiceError)
"""What an enclave's service answers instead of what it was asked for."""


@dataclass(frozen=True)
class Agreed:
    """A report with all the signatures that the market wants, by rising signer."""

    signed: Signed
    cosignatures: tuple[Cosignature, ...]

    @property
    def report(self) -> Report:
        """What was signed."""
        return self.signed.report


@dataclass(frozen=True)
class Cosigning:
    """Who may sign a task's report of a round.

    Args:
        transcript: of the task.
        registry: knows operators and platforms.
        round: 0, or 1 for a panel.
        seats: signatures that the market wants.
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
        """Asks one enclave after another until all seats are taken; says who does not sign."""
        operators: set[str] = set(self.excluded)
        gathered: list[Signed] = []
        for client in clients:
            if len(gathered) == self.seats:
                break
            try:
                entry = client.identity()
                known = self._seat(entry, operators)
                signed = self._ask(client, entry, proposal, known)
                if gathered and signed.report != gathered[0].report:
                    raise ValueError(f"another report, results 0x{signed.report.results.hex()}")
            except (ValueError, *PROBLEMS) as problem:
                yield f"no signature of {client.url}: {problem}"
                continue
            operators.add(known.operator)
            gathered.append(signed)
        if len(gathered) < self.seats:
            yield f"{len(gathered)} signatures, the market wants {self.seats}"
            return None
        digest = gathered[0].report.digest(self.transcript.domain)
        made = by_signer(digest, (signed.cosignature for signed in gathered))
        return Agreed(gathered[0], tuple(made))

    def _seat(self, entry: RosterEntry, taken: Collection[str]) -> Registered:
        task = self.transcript.task
        if entry not in self.transcript.roster:
            raise ValueError(f"{entry.signing_key} is not in the roster")
        known = self.registry.active_one(entry, task.measurement)
        if known is None:
            raise ValueError(f"{entry.signing_key} is not active")
        if known.operator in taken:
            raise ValueError(f"operator {known.operator} has a signature already or may not sign")
        return known

    def _ask(
        self, client: EnclaveClient, entry: RosterEntry, proposal: Proposal, known: Registered
    ) -> Signed:
        signed = client.cosign(self.transcript.task_id, self.round, proposal, known.platform)
        signer = recover(signed.report.digest(self.transcript.domain), signed.cosignature)
        if signer != entry.signing_key:
            raise ValueError(f"signed by {signer}, expected {entry.signing_key}")
        return signed


def awards_of(proposal: Proposal, transcript: Transcript) -> tuple[Award, ...]:
    """The awards that a proposal leads to."""
    task, by_index = transcript.task, transcript.by_index
    candidates = (
        Candidate(each.index, each.score, by_index[each.index].submission.min_price)
        for each in proposal.results
        if each.score is not None and (not proposal.chosen or each.index in proposal.chosen)
    )
    return walk(task.curve, task.budget, task.max_awards, candidates)
