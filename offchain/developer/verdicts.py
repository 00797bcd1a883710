"""The verdict of a panel, put together from the signatures that its seats published."""

from collections.abc import Sequence
from dataclasses import dataclass

from web3.contract.contract import ContractFunction

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.packing import by_signer
from offchain.chain.refusals import Refused
from offchain.protocol.eip712 import Domain
from offchain.protocol.messages import Signed
from offchain.protocol.reports import Cosignature, Report
from offchain.protocol.task import Roster


@dataclass(frozen=True)
class Verdict:
    """A panel's report with all of its signatures.

    Args:
        report: of round 1.
        cosignatures: by rising signer.
        upholds: True if its awards are those of the posted report.
    """

    report: Report
    cosignatures: tuple[Cosignature, ...]
    upholds: bool

    @classmethod
    def of(cls, signed: Sequence[Signed], history: History, domain: Domain) -> "Verdict":
        """Put a verdict together.

        Raises:
            Refused: the seats signed different reports, or they are too few or too many; or the
                report is not on the posted one's task, seed and inventory.
            ValueError: a signature is invalid, no report is posted, or a seat signed twice.
        """
        posted = history.report(history.task.id(domain))
        seats = 2 * history.task.quorum + 1
        if len(signed) != seats:
            raise Refused(f"{len(signed)} signatures, expected {seats}, one of each seat")
        report, *others = {each.report for each in signed}
        if others:
            raise Refused("the seats signed different reports, expected one")
        same = "task_id", "seed", "inventory"
        if report.round != 1 or any(getattr(report, n) != getattr(posted, n) for n in same):
            raise Refused("not a verdict on the posted report: another round, seed or inventory")
        made = by_signer(report.digest(domain), (each.cosignature for each in signed))
        return cls(report, tuple(made), report.awards == posted.awards)


def resolve_call(
    market: Market, history: History, roster: Roster, verdict: Verdict
) -> ContractFunction:
    """Return the call that posts a verdict."""
    posted = history.report(history.task.id(market.domain))
    signers = history.posted.signers if history.posted is not None else ()
    return market.contract.functions.resolve_dispute(
        history.task.to_abi(),
        [entry.to_abi() for entry in roster],
        posted.to_abi(),
        [signer.to_abi() for signer in signers],
        history.challenger,
        verdict.report.to_abi(),
        [each.to_abi() for each in verdict.cosignatures],
    )
