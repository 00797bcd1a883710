"""Posting of a signed evaluation: a report with the signatures of a quorum."""

from collections.abc import Iterable

from pydantic import ValidationError
from web3.contract.contract import ContractFunction

from offchain.chain.market import Market
from offchain.chain.packing import by_signer
from offchain.protocol.eip712 import TYPES, Domain
from offchain.protocol.encoding import from_json
from offchain.protocol.messages import Posted, Signed
from offchain.protocol.task import Roster, Task


def read_evaluation(files: Iterable[bytes]) -> Posted:
    """Put a signed evaluation together from files.

    Args:
        files: one with report and signatures (`Posted`), or those that operators publish, each
            with the report and one signature (`Signed`).

    Raises:
        ValueError: there is no file, one is malformed, or they are of different reports.
    """
    parts = [_part(each) for each in files]
    if not parts:
        raise ValueError("no file, expected a signed evaluation")
    report = parts[0].report
    if any(each.report != report for each in parts):
        raise ValueError("files of different reports, expected signatures of one")
    signatures = {signature: None for each in parts for signature in each.cosignatures}
    return Posted(report, tuple(signatures))


def _part(content: bytes) -> Posted:
    try:
        return from_json(Posted, content)
    except ValidationError as error:
        try:
            signed = from_json(Signed, content)
        except ValidationError:
            raise error from None
    return Posted(signed.report, (signed.cosignature,))


def report_terms(task: Task, domain: Domain) -> tuple[tuple[object, ...], bytes]:
    """Return what `post_report` takes of a task: its report terms, and the hash of the others."""
    members = task.members()
    names = [member.split()[1] for member in TYPES["ReportTerms"].split(",")]
    return tuple(members[name] for name in names), domain.message("OtherTerms", members).body


def report_call(market: Market, task: Task, roster: Roster, posted: Posted) -> ContractFunction:
    """Return the call that posts a report, its signatures in the order of the market.

    Raises:
        ValueError: the report is not of this task or not of round 0, a signature is invalid, or a
            key signed twice.
    """
    report, task_id = posted.report, task.id(market.domain)
    if (report.task_id, report.round) != (task_id, 0):
        raise ValueError(
            f"report of task 0x{report.task_id.hex()}, round {report.round}, expected task "
            f"0x{task_id.hex()}, round 0"
        )
    cosignatures = by_signer(report.digest(market.domain), posted.cosignatures)
    return market.contract.functions.post_report(
        *report_terms(task, market.domain),
        [entry.to_abi() for entry in roster],
        *report.to_abi()[3:],
        [each.to_abi() for each in cosignatures],
    )
