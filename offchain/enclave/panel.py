"""Judgement of a panel's enclave: it upholds a posted report or not, by its own measurement."""

from offchain.enclave.proposals import Measured
from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.errors import InvalidRequest, RequestFault, expect_digest
from offchain.protocol.messages import Posted, Proposal
from offchain.protocol.pricing import Award
from offchain.protocol.reports import recover
from offchain.protocol.results import Result
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


def upholding(measured: Measured, posted: Posted) -> Proposal | None:
    """Return a proposal with the posted awards if this enclave's measurement supports them.

    The first attempt applies the rule of co-signing to the posted scores and choices, if the
    results file is available. The other two try scores within the tolerance of this enclave's own
    that favour the posted awards. Awarded submissions get their posted scores. All others get the
    lowest allowed scores, so that they do not sell or rank too low, or else the highest allowed
    scores below the awarded ones, so that the budget ends at them.
    """
    awards = posted.report.awards
    for proposal in (
        _posted_proposal(measured, posted),
        _favouring_proposal(measured, awards, others_high=False),
        _favouring_proposal(measured, awards, others_high=True),
    ):
        if proposal is not None and _gives_awards(measured, proposal, awards):
            return proposal
    return None


def _gives_awards(measured: Measured, proposal: Proposal, awards: tuple[Award, ...]) -> bool:
    try:
        return measured.awards(proposal) == awards
    except InvalidRequest:
        return False


def _posted_proposal(measured: Measured, posted: Posted) -> Proposal | None:
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


def _favouring_proposal(
    measured: Measured, awards: tuple[Award, ...], *, others_high: bool
) -> Proposal:
    posted = {award.index: award.score for award in awards}
    last = awards[-1] if awards else Award(0, MAX_SCORE)

    def favour(result: Result) -> Result:
        if result.score is None:
            return result
        score = max(0, result.score - measured.tolerance)
        if others_high:
            below_last = last.score if result.index > last.index else last.score - 1
            score = max(score, min(result.score + measured.tolerance, below_last))
        return Result(result.index, posted.get(result.index, score))

    return measured.propose_on(tuple(map(favour, measured.results)), posted)
