"""A panel's part: whether it upholds a posted report, by its own measurement."""

from pydantic.dataclasses import dataclass

from offchain.errors import Refused, Why, expect
from offchain.fields import STRICT
from offchain.pricing import Award
from offchain.proposals import Measured, Proposal
from offchain.reports import Cosignature, Report, recover
from offchain.results import Result, Results
from offchain.transcript import Transcript


@dataclass(frozen=True, config=STRICT)
class Posted:
    """A report that the market holds, as the host shows it.

    Args:
        report: of round 0.
        cosignatures: the quorum's.
        results: its file, where its signers published it.
    """

    report: Report
    cosignatures: tuple[Cosignature, ...]
    results: Results | None = None


def check_posted(posted: Posted, transcript: Transcript, inventory: bytes, own: str) -> None:
    """Refuses what is not the report to judge.

    Args:
        posted: what the host shows.
        transcript: of the task.
        inventory: digest (bytes32) of the inventory that this enclave measures.
        own: this enclave's signing key.

    Raises:
        Refused: another task, round, seed or inventory; not signed by a quorum of the roster, or
            signed by this enclave itself.
    """
    report = posted.report
    expect(Why.ANOTHER_TASK, "report on task", report.task_id, transcript.task_id)
    expect(Why.ANOTHER_SEED, "report on seed", report.seed, transcript.seed)
    expect(Why.ANOTHER_INVENTORY, "report on inventory", report.inventory, inventory)
    if report.round != 0:
        raise Refused(Why.ANOTHER_ROUND, f"report of round {report.round}, expected 0")
    digest = report.digest(transcript.domain)
    try:
        signers = {recover(digest, cosignature) for cosignature in posted.cosignatures}
    except ValueError as error:
        raise Refused(Why.POSTED, str(error)) from error
    roster, quorum = {entry.signing_key for entry in transcript.roster}, transcript.task.quorum
    if len(signers & roster) < quorum:
        raise Refused(
            Why.POSTED, f"report signed by {len(signers & roster)} of the roster, expected {quorum}"
        )
    if own in signers:
        raise Refused(Why.POSTED, f"report signed by {own} itself, which cannot judge it")


def upholding(measured: Measured, posted: Posted) -> Proposal | None:
    """A proposal with the posted awards, if this enclave's measurement bears them out.

    By the rule of co-signing on the posted scores and choices, where the results file is at hand.
    Else on the scores within the tolerance of its own that favour the posted awards: theirs as
    posted, the others' lower by the tolerance.
    """
    for proposal in (_as_posted(measured, posted), _in_favour(measured, posted.report)):
        if proposal is not None and _leads_to(measured, proposal, posted.report.awards):
            return proposal
    return None


def _leads_to(measured: Measured, proposal: Proposal, awards: tuple[Award, ...]) -> bool:
    try:
        return measured.awards(proposal) == awards
    except Refused:
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


def _in_favour(measured: Measured, report: Report) -> Proposal:
    posted = {award.index: award.score for award in report.awards}
    lowest = (
        result
        if result.score is None
        else Result(
            result.index, posted.get(result.index, max(0, result.score - measured.tolerance))
        )
        for result in measured.results
    )
    return measured.propose(tuple(lowest), posted)
