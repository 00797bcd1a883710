"""Judgement of a panel's enclave: it upholds a posted report or not, by its own measurement."""

from dataclasses import dataclass

from offchain.enclave.proposals import Measured
from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.errors import InvalidRequest, RequestFault, expect_digest
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Candidate, price, sells
from offchain.protocol.reports import Report, recover
from offchain.protocol.task import Task
from offchain.protocol.transcript import Transcript


def check_posted(posted: Posted, transcript: Transcript, inventory: bytes, own: str) -> None:
    """Refuse a report that is not the one to judge.

    Args:
        posted: from the host; untrusted.
        transcript: of the task.
        inventory: digest (bytes32) of the inventory that this enclave measures.
        own: this enclave's signing key.

    Raises:
        InvalidRequest: the report is of another task, round, seed or inventory, is not signed by a
            quorum of the roster, or is signed by this enclave itself.
    """
    report = posted.report
    expect_digest(RequestFault.ANOTHER_TASK, "report on task", report.task_id, transcript.task_id)
    expect_digest(RequestFault.ANOTHER_SEED, "report on seed", report.seed, transcript.seed)
    expect_digest(
        RequestFault.ANOTHER_INVENTORY, "report on inventory", report.inventory, inventory
    )
    if report.round != 0:
        raise InvalidRequest(
            RequestFault.ANOTHER_ROUND, f"report of round {report.round}, expected 0"
        )
    digest = report.digest(transcript.domain)
    try:
        signers = {recover(digest, cosignature) for cosignature in posted.cosignatures}
    except ValueError as error:
        raise InvalidRequest(RequestFault.POSTED, str(error)) from error
    roster, quorum = {entry.signing_key for entry in transcript.roster}, transcript.task.quorum
    if len(signers & roster) < quorum:
        raise InvalidRequest(
            RequestFault.POSTED,
            f"report signed by {len(signers & roster)} of the roster, expected at least {quorum}",
        )
    if own in signers:
        raise InvalidRequest(
            RequestFault.POSTED, f"report signed by {own} itself, expected one by other enclaves"
        )


def upholds(measured: Measured, report: Report) -> bool:
    """Return True if this enclave's measurement supports a posted report.

    It does if some results within twice the tolerance of the enclave's own lead to the posted
    awards, with choices that its own outputs support within four times the tolerance. This is
    decided without search and without a file: docs/SPEC.md, "What a panel upholds", has the proof
    that every report that an honest enclave signs is upheld, and by how much one may be wrong.
    """
    return _Judge(measured, report).upholds()


@dataclass(frozen=True)
class _Judge:
    """The conditions of a posted report, on one enclave's own measurement."""

    measured: Measured
    report: Report

    def _slack(self, index: int) -> int:
        """Return by how much the posted score of a submission may differ from the own.

        A doubtful one may lack the pass that others score: its two passes differ by up to three
        times the tolerance on a machine that scores it.
        """
        doubt = self.measured.doubtful.get(index)
        return (2 if doubt is None or doubt.first else 5) * self.measured.tolerance

    def upholds(self) -> bool:
        awards, choices, task = self.report.awards, self.report.choices, self._task
        scores = self._scores()
        if self._ensemble:
            team, members = list(choices), set(choices)
            fits = len(members) == len(team) <= task.max_awards and members <= scores.keys()
            fits = fits and {award.index for award in awards} <= members
        else:
            members, fits = set(scores), not choices
        return fits and self._walks(members) and (not self._ensemble or self._chooses())

    @property
    def _ensemble(self) -> bool:
        return self.measured.manifest.selection is Selection.ENSEMBLE

    @property
    def _task(self) -> Task:
        return self.measured.transcript.task

    def _scores(self) -> dict[int, int]:
        """Return the own scores of all submissions that another honest enclave may score."""
        own = {each.index: each.score for each in self.measured.results if each.score is not None}
        return own | {index: doubt.score for index, doubt in self.measured.doubtful.items()}

    def _certain(self) -> set[int]:
        """Return the submissions that every honest enclave scores."""
        scored = {each.index for each in self.measured.results if each.score is not None}
        return scored - self.measured.doubtful.keys()

    def _sells(self, index: int, score: int) -> bool:
        submission = self.measured.transcript.by_index[index].submission
        return sells(self._task.curve, Candidate(index, score, submission.min_price))

    def _sells_for_certain(self, index: int) -> bool:
        """Return True if it sells at every score that the proposal may have given it."""
        return index in self._certain() and self._sells(
            index, max(0, self._scores()[index] - self._slack(index))
        )

    def _walks(self, members: set[int]) -> bool:
        """Return True if some scores within the slack make the awards the walk of the members.

        Members without an award are not bought: they do not sell (which a team's do), or they rank
        behind the last award, after which the number of awards or the budget ends the walk. Prices
        rise with scores. So if any score lets a member end the budget, the highest one does; and
        what ranks before that member costs no less and ends the budget itself.
        """
        awards, task, scores = self.report.awards, self._task, self._scores()
        ranks = [(-award.score, award.index) for award in awards]
        rest = task.budget - sum(price(task.curve, award.score) for award in awards)
        if ranks != sorted(set(ranks)) or len(awards) > task.max_awards or rest < 0:
            return False
        for award in awards:
            own = scores.get(award.index)
            if own is None or abs(award.score - own) > self._slack(award.index):
                return False
            if not self._sells(award.index, award.score):
                return False
        has_room, ends, all_may_be_unsold = len(awards) < task.max_awards, False, True
        for index in members - {award.index for award in awards}:
            behind = self._behind(index, scores[index])
            certain = self._ensemble or self._sells_for_certain(index)
            if certain and behind is None:
                return False
            if behind is not None and self._sells(index, behind):
                ends = ends or price(task.curve, behind) > rest
            elif self._ensemble:
                return False
            all_may_be_unsold = all_may_be_unsold and not certain
        return not has_room or ends or all_may_be_unsold

    def _behind(self, index: int, own: int) -> int | None:
        """Return the highest score within the slack that ranks behind the last award."""
        most = min(MAX_SCORE, own + self._slack(index))
        if self.report.awards:
            last = self.report.awards[-1]
            most = min(most, last.score if index > last.index else last.score - 1)
        return most if most >= max(0, own - self._slack(index)) else None

    def _chooses(self) -> bool:
        """Return True if each choice, and the end of the choices, is right within the slack.

        Choices are compared up to the first one without outputs of the first pass.
        """
        votes, choices = self.measured.votes, self.report.choices
        minimum, slack = self.measured.manifest.minimum_gain, 4 * self.measured.tolerance
        unknown = {index for index, doubt in self.measured.doubtful.items() if not doubt.first}
        rivals = [i for i in self._scores() if i not in choices and self._sells_for_certain(i)]
        for step, index in enumerate(choices):
            if index in unknown:
                return True
            team = choices[:step]
            reached = votes.score((*team, index))
            if reached - votes.score(team) < minimum - slack:
                return False
            others = (*choices[step + 1 :], *rivals)
            if any(votes.score((*team, i)) > reached + slack for i in others if i not in unknown):
                return False
        if len(choices) == self._task.max_awards:
            return True
        end = votes.score(choices)
        return all(votes.score((*choices, i)) - end < minimum + slack for i in rivals)
