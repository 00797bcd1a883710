"""An operator after a report is posted: who publishes, who judges, and who stays away."""

from types import SimpleNamespace

import pytest

from offchain.chain.history import History, Signer, StandingReport
from offchain.chain.registry import Registered
from offchain.operator.operator import Operator
from offchain.protocol.messages import Posted, RunId
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments
from offchain.storage.store import Store
from offchain.storage.submissions import SubmissionSources
from tests.offchain.operator.test_cosigning import (
    MARKET,
    RUN,
    TRANSCRIPT,
    Service,
    entry_of,
    judged,
)
from tests.vectors.generate import address, word

PANEL = RunId(RUN.task_id, 1)


def history_of(posted: Posted, folder: PublicationFolder, *, disputed: bool) -> History:
    """The history of a report that the operators 0 and 1 signed."""
    report = posted.report
    signers = tuple(
        Signer(entry_of(seat).signing_key, address(f"operator {seat}"), word(f"platform {seat}"))
        for seat in (0, 1)
    )
    values = report.inventory, report.results, report.choices, report.awards
    standing = StandingReport(*values, signers, posted.cosignatures)
    challenger = address("challenger") if disputed else None
    made = {"seed": TRANSCRIPT.seed, "posted": standing, "challenger": challenger}
    return History(TRANSCRIPT.task, uri=folder.url, **made)


@pytest.fixture
def operating(tmp_path):
    """Makes the operator of a seat, after the report of the first two."""
    provider = PublicationFolder(str(tmp_path / "provider"))
    provider.put_documents(RUN.task_id, TaskDocuments(MARKET.manifest, TRANSCRIPT.roster))

    def make(seat, service, posted, *, disputed=True, released=True, owner=None, **options):
        history = history_of(posted, provider, disputed=disputed)
        own = entry_of(seat)
        if released:
            provider.put_release(MARKET.release(MARKET.enclaves[seat]), own.signing_key)
        chain = SimpleNamespace(
            tasks=lambda: [RUN.task_id],
            history=lambda _: history,
            transcript=lambda *_: TRANSCRIPT,
            stage=lambda _: history.stage,
            posted=lambda *_: posted,
        )
        service.identity = lambda: own
        sender = SimpleNamespace(is_waiting=lambda: False, address=address("sender"))
        sources = SubmissionSources(Store(str(tmp_path / "kept")), local=True)
        results = ResultsFolder(str(tmp_path / "results"))
        made = Operator(chain, sources, service, sender, results, linger=30, **options)
        operator = owner or address(f"operator {seat}")
        known = {own: Registered(operator, word(f"platform {seat}"), own.sealing_key, 1)}
        made.__dict__["_registry"] = SimpleNamespace(active=lambda *_: known, endpoints=dict)
        made._feeder = SimpleNamespace(next_step=lambda: None, ensure_measured=measured)
        return made

    return make


def measured(*_: object):
    """Stand for a feeder whose enclave has measured."""
    yield from ()
    return True


@pytest.mark.parametrize("seat", [0, 1])
def test_step__own_enclave_signed_the_report__its_results_are_published(operating, seat):
    services, posted = judged()
    operator = operating(seat, services[seat], posted, disputed=False)
    assert list(operator.step()) == []
    assert operator.results.find(posted.report).root() == posted.report.results


@pytest.mark.parametrize(("owner", "judges"), [(0, False), (1, False), (3, True)])
def test_step__operator_of_a_signer__does_not_sit_on_the_panel(operating, owner, judges):
    """Not with another enclave either: the market would refuse the verdict."""
    _, posted = judged()
    service = Service(3, posted=posted)
    operator = operating(3, service, posted, owner=address(f"operator {owner}"))
    said = list(operator.step())
    assert [line.partition(": ")[2] for line in said] == (
        ["1 signatures, the market requires 5"] if judges else []
    )
    found = operator.results.signature(PANEL, entry_of(3).signing_key)
    assert (found is not None) == (service.asked != []) == judges


@pytest.mark.parametrize("disputed", [False, True])
def test_step__task_that_is_not_accepted__is_judged_all_the_same(operating, disputed):
    _, posted = judged()
    operator = operating(
        3, Service(3), posted, disputed=disputed, released=False, accepts=lambda _: False
    )
    (line,) = operator.step()
    expected = (
        "disputed, but the test set is not released to this enclave"
        if disputed
        else "not accepted: another provider, or too small a fee"
    )
    assert line.partition(": ")[2] == expected
