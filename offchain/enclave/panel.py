"""A panel's part: whether it upholds a posted report, by its own measurement."""

from offchain.enclave.proposals import Measured
from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.errors import InvalidRequest, RequestFault, expect_digest
from offchain.protocol.messages import Posted, Proposal
from offchain.protocol.pricing import Award
from offchain.protocol.reports import recover
from offchain.protocol.results import Result
from offchain.protocol.transcript import Transcript


def check_posted(posted: Posted, transcript: Transcript, inventory: bytes, own: str) -> None:
    """Refuses what is not the report to judge.

    Args:
        posted: what the host shows.
        transcript: of the task.
        inventory: digest (bytes32) of the inventory that this enclave measures.
        own: this enclave's signing key.

    Raises:
        InvalidRequest: another task, round, seed or inventory; not signed by a quorum of the
            roster, or signed by this enclave itself.
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
            f"report signed by {len(signers & roster)} of the roster, expected {quorum}",
        )
    if own in signers:
        raise InvalidRequest(
            RequestFault.POSTED, f"report signed by {own} itself, which cannot judge it"
        )


def upholding(measured: Measured, posted: Posted) -> Proposal | None:
    """A proposal with the posted awards, if this enclave's measurement bears them out.

    By the rule of co-signing on the posted scores and choices, where the results file is at hand.
    Else on scores within the tolerance of its own that favour the posted awards: theirs as posted,
    and the others' either as low as they may be, so that they do not sell or come too late, or as
    high as they may be behind the posted, so that the budget ends at them.
    """
    awards = posted.report.awards
    for proposal in (
        _as_posted(measured, posted),
        _with_others(measured, awards, high=False),
        _with_others(measured, awards, high=True),
    ):
        if proposal is not None and _leads_to(measured, proposal, awards):
            return proposal
    return None


def _leads_to(measured: Measured, proposal: Proposal, awards: tuple[Award, ...]) -> bool:
    try:
        return measured.awards(proposal) == awards
    except InvalidRequest:
        return False


def _as_posted(measured: Measured, posted: Posted) -> Proposal | None:
    file = posted.results
    if file is None:
        return None
    proposal = Proposal(tuple(entry.result for entry in file.entries), file.chosen)
    indices = [result.index for result in proposal.results]
    if indices != [result.index for result in measured.results]:
        return None
    if measured.results_file(proposal).root() != posted.report.results:
        return None
    return proposal


def _with_others(measured: Measured, awards: tuple[Award, ...], *, high: bool) -> Proposal:
    posted = {award.index: award.score for award in awards}
    last = awards[-1] if awards else Award(0, MAX_SCORE)

    def favouring(result: Result) -> Result:
        if result.score is None:
            return result
        score = max(0, result.score - measured.tolerance)
        if high:
            behind = last.score if result.index > last.index else last.score - 1
            score = max(score, min(result.score + measured.tolerance, behind))
        return Result(result.index, posted.get(result.index, score))

    return measured.propose_on(tuple(map(favouring, measured.results)), posted)
