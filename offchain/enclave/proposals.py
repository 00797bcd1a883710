"""Proposals: the scores of all submissions and the choices among them, on which enclaves agree.

A proposal is unsigned, untrusted input. Each enclave checks it against its own measurement
(docs/SPEC.md, "Co-signing") and computes the report from it and from the transcript.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.messages import Proposal
from offchain.protocol.pricing import Award, Candidate, by_rank, sells, walk
from offchain.protocol.reports import Report
from offchain.protocol.results import Result, Results, make_results
from offchain.protocol.selection import Team, Votes
from offchain.protocol.transcript import Transcript


@dataclass(frozen=True)
class Doubt:
    """A submission that another honest machine may score or refuse otherwise.

    Args:
        score: of the first pass that has one.
        first: True if that is the first pass.
    """

    score: int
    first: bool


@dataclass(frozen=True)
class Measured:
    """One enclave's own measurement of a task.

    Args:
        transcript: checked by the seed that opened the test set.
        manifest: checked against the task's benchmark digest.
        inventory: the submissions that were measured, by rising index.
        secret: the test set's key, 32 bytes.
        results: of every revealed submission, by rising index.
        votes: for `Selection.ENSEMBLE` with the outputs of every submission that has a score in
            the first pass.
        doubtful: submissions that another honest machine may score or refuse otherwise
            (docs/SPEC.md, "Doubtful submissions"), by index.
        details: of refused models, by index.
    """

    transcript: Transcript
    manifest: Manifest
    inventory: tuple[int, ...]
    secret: bytes
    results: tuple[Result, ...]
    votes: Votes
    doubtful: Mapping[int, Doubt] = field(default_factory=dict)
    details: Mapping[int, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Measured(task 0x{self.transcript.task_id.hex()}, {len(self.results)} results)"

    @property
    def tolerance(self) -> int:
        """Maximum difference of two honest measurements, in parts per million."""
        return self.transcript.task.tolerance

    def candidates(self, results: Sequence[Result]) -> list[Candidate]:
        """Return the submissions that sell at these scores, by rank."""
        scored = (
            Candidate(
                result.index,
                result.score,
                self.transcript.by_index[result.index].submission.min_price,
            )
            for result in results
            if result.score is not None
        )
        curve = self.transcript.task.curve
        return [candidate for candidate in by_rank(scored) if sells(curve, candidate)]

    def team(self, candidates: Sequence[Candidate]) -> Team:
        """Return the choice among candidates, on this enclave's own outputs."""
        indices = [candidate.index for candidate in candidates]
        task, manifest = self.transcript.task, self.manifest
        return Team(indices, self.votes, task.max_awards, manifest.minimum_gain)

    def propose(self) -> Proposal:
        """Make a proposal on the enclave's own results."""
        chosen: tuple[int, ...] = ()
        if self.manifest.selection is Selection.ENSEMBLE:
            chosen = self.team(self.candidates(self.results)).choose()
        return Proposal(self.results, chosen)

    def awards(self, proposal: Proposal) -> tuple[Award, ...]:
        """Check a proposal against the rule of co-signing and return its awards.

        Raises:
            InvalidRequest: `RESULTS`, `SCORES` or `SELECTION`; names the submission.
        """
        self._check_results(proposal.results)
        candidates = self.candidates(proposal.results)
        if self.manifest.selection is Selection.ENSEMBLE:
            self.team(candidates).check(proposal.chosen, 2 * self.tolerance)
            candidates = [each for each in candidates if each.index in proposal.chosen]
        elif proposal.chosen:
            raise InvalidRequest(
                RequestFault.SELECTION, f"choices {list(proposal.chosen)}, expected none for top"
            )
        task = self.transcript.task
        return walk(task.curve, task.budget, task.max_awards, candidates)

    def _check_results(self, results: Sequence[Result]) -> None:
        """Refuse results that are not within the tolerance of the enclave's own."""
        indices, own = [each.index for each in results], [each.index for each in self.results]
        if indices != own:
            raise InvalidRequest(
                RequestFault.RESULTS, f"results of submissions {indices}, expected {own}"
            )
        for theirs, ours in zip(results, self.results, strict=True):
            if theirs.score is None or ours.score is None:
                agree = theirs.reason == ours.reason
            else:
                agree = abs(theirs.score - ours.score) <= self.tolerance
            if not agree:
                raise InvalidRequest(
                    RequestFault.SCORES,
                    f"submission {theirs.index} with {_describe(theirs)}, expected another result",
                )

    def results_file(self, proposal: Proposal) -> Results:
        """Build the salted results file of a proposal, with this enclave's own details."""
        transcript = self.transcript
        return make_results(
            transcript.task_id,
            transcript.leaves,
            self.secret,
            proposal.results,
            proposal.chosen,
            self.details,
        )

    def report(self, proposal: Proposal, round_: int) -> Report:
        """Build the report of a proposal. Raises as `awards` does."""
        awards = self.awards(proposal)
        return Report(
            self.transcript.task_id,
            round_,
            self.transcript.seed,
            self.transcript.inventory_digest(self.inventory),
            self.results_file(proposal).root(),
            proposal.chosen,
            awards,
        )


def _describe(result: Result) -> str:
    return f"score {result.score}" if result.reason is None else f"reason {result.reason}"
