"""A developer's part of a sale, step by step: from a model to money, whatever happens."""

import os
import stat
from contextlib import ExitStack
from dataclasses import replace
from threading import current_thread, main_thread

import pytest
from brownie import PlainToken, accounts
from web3._utils.http_session_manager import HTTPSessionManager
from web3.exceptions import TimeExhausted, Web3Exception

from offchain.chain.history import CLOSED, DISPUTED, FINAL, VOIDED
from offchain.chain.refusals import Refused
from offchain.chain.transactions import FeePolicy
from offchain.cli import entry as entries
from offchain.cli.main import main
from offchain.cli.session import Session
from offchain.developer import entries as files_module
from offchain.developer.publishing import Uploads
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.pricing import Award
from offchain.protocol.results import Result
from tests.anvil import fund, rpc
from tests.e2e.developers import (
    FEE,
    Developer,
    address_book,
    history_of,
    open_task,
    post,
    resolve,
    step,
    wait_until,
)
from tests.e2e.hosts import ETHER, QUORUM
from tests.offchain.enclave.models.onnx_files import two_classes


@pytest.fixture
def sale(hosts, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(address_book(hosts, tmp_path / "books")))
    return open_task(hosts)


@pytest.fixture
def stack():
    with ExitStack() as made:
        yield made


def revealed(sale, selling):
    """Up to a closed task with this developer's entry."""
    said = step(selling)
    wait_until(sale.task.commit_deadline)
    said += step(selling)
    wait_until(sale.task.reveal_deadline)
    said += step(selling)
    assert sale.stage() == CLOSED
    return said


def test_step__honest_sale__ends_with_the_money(sale, tmp_path, stack, capsys):
    developer = Developer(sale, tmp_path / "developer")
    before = accounts[8].balance()
    selling = developer.start(stack)
    plan = capsys.readouterr().err
    assert "pays now    0.05 ether: a bond of 0.04 ether, back at the reveal" in plan
    assert "sells from  0.555556, at least 0.2 ether" in plan
    assert plan.count("opens it    0x") == 7
    assert "backup: copy the folder" in plan
    assert step(selling) == ["committed, with 0.05 ether"]
    assert step(selling) == []
    assert selling.waits_for[0] == "the reveal"
    wait_until(sale.task.commit_deadline)
    published, said = step(selling)
    assert published.startswith("published in ")
    assert said.endswith("the bond of 0.04 ether is back")
    assert step(selling) == []
    assert selling.waits_for[0] == "the reveals to close"
    wait_until(sale.task.reveal_deadline)
    assert step(selling) == ["closed the reveals"]
    assert step(selling) == []
    assert selling.waits_for[0] == "the report"
    post(sale, [Result(0, 750_000)], Award(0, 750_000), into=developer.results_folder)
    assert step(selling) == ["own result, proven: score 0.750000, worth 0.55 ether: bought"]
    assert selling.waits_for[0] == "claims to open"
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    assert step(selling) == ["claimed 0.55 ether"]
    assert step(selling) == []
    assert selling.outcome.sold
    assert selling.outcome.price == 55 * ETHER // 100
    (claim,) = history_of(sale).claims
    assert claim.envelope == selling.entry.envelope
    assert accounts[8].balance() > before + 55 * ETHER // 100 - FEE - ETHER // 100


# ── Interrupted ──


def test_start__second_process__is_told_which_one_holds_the_entry(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    developer.start(stack)
    with pytest.raises(BlockingIOError, match=r"process \d+ works on this entry already"):
        developer.start(stack)


def test_start__again_after_every_step__goes_on_where_it_was(sale, tmp_path):
    developer, said = Developer(sale, tmp_path / "developer"), []

    def restarted():
        with ExitStack() as stack:
            selling = developer.start(stack)
            said.extend(step(selling))
            return selling

    first = restarted().entry
    assert restarted().entry == first
    (tmp_path / "developer" / "model.onnx").write_bytes(two_classes(3.0))  # exported anew meanwhile
    wait_until(sale.task.commit_deadline)
    restarted()
    (tmp_path / "developer" / "model.onnx").unlink()
    wait_until(sale.task.reveal_deadline)
    (tmp_path / "developer" / "model.onnx").write_bytes(b"")
    restarted()
    post(sale, [Result(0, 750_000)], Award(0, 750_000))
    restarted()
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    restarted()
    assert restarted().outcome.sold
    history = history_of(sale)
    assert (len(history.commits), len(history.reveals), len(history.claims)) == (1, 1, 1)
    assert history.reveals[0].submission == first.submission


class Killed(BaseException):
    """Nothing in the program catches this."""


class Fuse:
    """Ends the process, as it were, before or after its n-th event.

    Args:
        changes_only: count files and transactions alone, rather than every request.
    """

    def __init__(self):
        self.left, self.changes_only = 0, False

    def around(self, function, changes):
        def fused(*arguments, **options):
            is_change = changes(arguments)
            self.burn(is_change)
            answer = function(*arguments, **options)
            self.burn(is_change)
            return answer

        return fused

    def burn(self, changes):
        if current_thread() is not main_thread():
            return  # Brownie's own
        if changes or not self.changes_only:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture
def fuse(monkeypatch):
    made = Fuse()
    post = HTTPSessionManager.make_post_request
    sends = made.around(post, lambda arguments: b"eth_sendTransaction" in arguments[2])
    monkeypatch.setattr(HTTPSessionManager, "make_post_request", sends)
    write = made.around(
        files_module.PrivateFolder.write,
        lambda arguments: not (arguments[0].path / arguments[1]).exists(),
    )
    monkeypatch.setattr(files_module.PrivateFolder, "write", write)
    put = made.around(Uploads.put, lambda _: True)
    monkeypatch.setattr(Uploads, "put", put)
    return made


def quick_check(*_, **__):
    """No check of the model, which other tests make."""
    yield "checked"
    return None


@pytest.mark.parametrize(
    ("changes_only", "events"),
    [(True, 4 * (1, 2, 1, 2, 3, 4)), (False, range(1, 2_000, 19))],
)
def test_sale__killed_at_every_change_and_many_requests__commits_reveals_and_claims_once(
    sale, tmp_path, fuse, monkeypatch, changes_only, events
):
    monkeypatch.setattr(entries, "check", quick_check)
    developer = Developer(sale, tmp_path / "developer")

    def play():
        """Let a process be killed at each of these events, until one gets through its steps."""
        fuse.changes_only = changes_only
        for kills, at in enumerate(events):
            with ExitStack() as stack:
                fuse.left = at
                try:
                    selling = developer.start(stack)
                    step(selling, 2)
                except Killed:
                    continue
                finally:
                    fuse.left = 0
                return kills, selling
        raise AssertionError("never got through")

    kills, selling = play()
    assert kills == 8 if changes_only else kills > 4  # two files, the entry, the commit
    assert history_of(sale).commits == (accounts[8].address,)
    assert selling.entry.commitment(sale.domain) == history_of(sale).commitments[0]
    wait_until(sale.task.commit_deadline)
    kills, _ = play()
    assert kills == 4 if changes_only else kills > 2  # the upload, the reveal
    assert len(history_of(sale).reveals) == 1
    wait_until(sale.task.reveal_deadline)
    play()
    post(sale, [Result(0, 750_000)], Award(0, 750_000), into=developer.results_folder)
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    kills, selling = play()
    assert kills == 2 if changes_only else kills > 1
    assert selling.outcome.sold
    history = history_of(sale)
    assert (len(history.commits), len(history.reveals), len(history.claims)) == (1, 1, 1)


def test_commit__transaction_of_a_killed_process_is_pending__is_waited_for(
    sale, tmp_path, monkeypatch
):
    developer = Developer(sale, tmp_path / "developer")
    rpc("evm_setAutomine", False)
    try:
        with ExitStack() as stack:
            selling = developer.start(stack)
            selling.sender._policy = FeePolicy(seconds=0.2)
            with pytest.raises(TimeExhausted):
                step(selling)
        with ExitStack() as stack:
            selling = developer.start(stack)
            (line,) = step(selling)
            assert line.endswith("is in no block yet")
            rpc("evm_mine")
            assert step(selling) == []
            assert selling.waits_for[0] == "the reveal"
    finally:
        rpc("evm_setAutomine", True)
    assert len(history_of(sale).commits) == 1


def test_commit__mined_after_the_look__is_not_sent_a_second_time(sale, tmp_path, stack):
    selling = Developer(sale, tmp_path / "developer").start(stack)
    stale = selling.look()
    list(selling.commit(stale))
    with pytest.raises((ValueError, Web3Exception), match="nonce too low"):
        list(selling.commit(stale))
    assert len(history_of(sale).commits) == 1


def test_start__disk_full__names_the_file_and_sends_nothing(sale, tmp_path, stack, monkeypatch):
    def full(handle):
        if stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("offchain.storage.files.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*documents\.json'"):
        Developer(sale, tmp_path / "developer").start(stack)
    assert history_of(sale).commits == ()


def test_follow__node_that_is_down__is_said_and_tried_again(sale, tmp_path, stack, capsys):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    here = Session.of(developer.arguments())
    provider = selling.market.node.web3.provider
    url, provider.endpoint_uri = provider.endpoint_uri, "http://127.0.0.1:9"
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            provider.endpoint_uri = url
        if len(pauses) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entries.follow(here, selling, 0.5, sleep)
    said = capsys.readouterr().err.splitlines()
    assert sum("no answer from http://127.0.0.1:9" in line for line in said) == 1
    assert any(line.endswith("committed, with 0.05 ether") for line in said)
    assert "waits for the reveal: " in said[-1]
    assert " (in 23 h 59 min)" in said[-1]
    assert pauses == 5 * [0.5]


# ── Refused before the commit ──


def refused(developer, stack, match, error=Refused):
    with pytest.raises(error, match=match):
        developer.start(stack)
    assert history_of(developer.sale).commits == ()


def test_start__another_model_in_the_entry__needs_another_name(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    with ExitStack() as first:
        developer.start(first)
    (tmp_path / "developer" / "model.onnx").write_bytes(two_classes(3.0))
    refused(developer, stack, "holds another model than .*--entry")
    developer.options = ["--entry", "second"]
    step(developer.start(stack))
    assert len(history_of(sale).commits) == 1


def test_start__min_price_above_the_best_score__is_refused(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer", ["--min-price", "1.000000001 ether"])
    refused(developer, stack, "expected at most 1 ether", ValueError)


def test_start__model_without_a_score__is_refused_with_its_remedy(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer", model=b"not a model")
    refused(developer, stack, "unreadable", ValueError)


def test_start__account_without_money__says_what_it_lacks(sale, tmp_path, stack):
    fund(accounts[8].address, FEE)
    refused(Developer(sale, tmp_path / "developer"), stack, "has 0.01 ether, expected more than")


def test_start__commit_deadline_over__is_refused(sale, tmp_path, stack):
    wait_until(sale.task.commit_deadline)
    refused(Developer(sale, tmp_path / "developer"), stack, "commits ended .* ago")


def test_start__operator_that_leaves__is_refused_with_its_name(sale, tmp_path, stack):
    leaving = sale.hosts.senders[3].address
    sale.hosts.made.registry.request_unstake({"from": leaving})
    refused(Developer(sale, tmp_path / "developer"), stack, f"operator {leaving}: the enclave may")


def test_start__program_not_on_the_list__is_refused(sale, tmp_path, stack):
    empty = tmp_path / "empty.json"
    empty.write_text("[]")
    developer = Developer(sale, tmp_path / "developer", ["--allow-list", str(empty)])
    refused(developer, stack, "program is not on .*empty.json")


def test_start__documents_of_another_task__are_refused(sale, tmp_path, stack):
    other = replace(sale.documents.manifest, description="another")
    sale.published.put_documents(sale.task_id, replace(sale.documents, manifest=other))
    refused(Developer(sale, tmp_path / "developer"), stack, "manifest 0x", ValueError)


# ── Between commit and reveal ──


def committed(developer, stack):
    selling = developer.start(stack)
    step(selling)
    return selling


def revoke(sale, seat):
    registry = sale.hosts.made.registry
    key = sale.documents.roster[seat].signing_key
    registry.revoke_enclave(key, sale.task.measurement, {"from": registry.owner()})
    return key


def test_reveal__enclave_revoked_since_the_commit__gives_up_the_bond(sale, tmp_path, stack):
    selling = committed(Developer(sale, tmp_path / "developer"), stack)
    key = revoke(sale, 2)
    wait_until(sale.task.commit_deadline)
    (line,) = step(selling)
    assert line.startswith(f"enclave {key} of ")
    assert "the guardian revoked the enclave" in line
    assert selling.outcome.failed
    assert "The bond of 0.04 ether is given up, unless" in selling.outcome.reason
    assert history_of(sale).reveals == ()
    assert not (tmp_path / "developer" / "home" / "local" / "public").exists()


def test_reveal__enclave_revoked__reveals_when_told_to(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer", ["--reveal-anyway"])
    selling = committed(developer, stack)
    revoke(sale, 2)
    wait_until(sale.task.commit_deadline)
    assert step(selling)[-1].startswith("revealed at ")


def test_reveal__operator_that_only_leaves__is_no_danger(sale, tmp_path, stack):
    selling = committed(Developer(sale, tmp_path / "developer"), stack)
    sale.hosts.made.registry.request_unstake({"from": sale.hosts.senders[3].address})
    wait_until(sale.task.commit_deadline)
    assert step(selling)[-1].startswith("revealed at ")


@pytest.mark.parametrize("mended", [True, False])
def test_reveal__upload_that_others_cannot_read__waits_until_it_is_mended(
    sale, tmp_path, stack, mended
):
    outside, place = tmp_path / "outside", tmp_path / "place"
    options = ["--publish", str(place), "--uri", str(outside)]
    selling = committed(Developer(sale, tmp_path / "developer", options), stack)
    wait_until(sale.task.commit_deadline)
    digest = selling.entry.submission.artifact_digest.hex()
    outside.mkdir()
    (outside / digest).write_bytes(b"a lie")
    (line,) = step(selling)
    assert line.startswith("warning: not revealed yet, since others cannot read what was published")
    assert "or the bond of 0.04 ether is lost" in line
    assert history_of(sale).reveals == ()
    if mended:
        for name in place.iterdir():
            (outside / name.name).write_bytes(name.read_bytes())
        (line,) = step(selling)
        assert line.startswith(f"revealed at {outside}")
    else:
        wait_until(sale.task.reveal_deadline)
        assert step(selling) == []
        assert selling.outcome.failed
        assert selling.outcome.reason.endswith("the bond of 0.04 ether is lost")


# ── The report and after ──


def test_close__somebody_was_first__is_fine(sale, tmp_path, stack):
    selling = committed(Developer(sale, tmp_path / "developer"), stack)
    wait_until(sale.task.commit_deadline)
    step(selling)
    wait_until(sale.task.reveal_deadline)
    sale.hosts.made.market.close_reveals(sale.task_id, {"from": accounts[0]})
    assert step(selling) == []
    assert selling.waits_for[0] == "the report"


def test_sell__overturned_report__claims_what_the_panel_awards(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    revealed(sale, selling)
    fault = Result(0, None, SubmissionFault.KEYRING)
    post(sale, [fault], into=developer.results_folder)
    (line, hint) = step(selling)
    assert line.endswith("Your own files do not have that fault")
    assert hint == "an honest panel finds otherwise: `golden-grain dispute`, a bond of 0.05 ether"
    bond = 5 * sale.hosts.made.market.seat_bond()
    challenger = accounts[9].address
    sale.hosts.made.market.dispute_report(sale.task.to_abi(), {"from": challenger, "value": bond})
    assert step(selling) == []
    assert selling.waits_for[0] == "the verdict of the panel"
    resolve(sale, [Result(0, 900_000)], Award(0, 900_000), into=developer.results_folder)
    assert sale.stage() == FINAL
    assert step(selling) == ["claimed 0.82 ether"]
    assert step(selling) == ["own result, proven: score 0.900000, worth 0.82 ether: bought"]
    assert selling.outcome.price == 82 * ETHER // 100


@pytest.mark.parametrize(
    ("fault", "most", "disputes"),
    [
        (SubmissionFault.KEYRING, "0.05 ether", True),
        (SubmissionFault.KEYRING, "0.049 ether", False),
        (SubmissionFault.NOT_IN_INVENTORY, "0.05 ether", False),
    ],
)
def test_sell__report_that_contradicts_the_entry__is_disputed_within_the_bond(
    sale, tmp_path, stack, fault, most, disputes
):
    developer = Developer(sale, tmp_path / "d", ["--dispute", "--highest-bond", most])
    selling = developer.start(stack)
    revealed(sale, selling)
    post(sale, [Result(0, None, fault)], into=developer.results_folder)
    said = step(selling)
    assert ("disputed, with a bond of 0.05 ether" in said) == disputes
    assert (sale.stage() == DISPUTED) == disputes
    if fault is SubmissionFault.NOT_IN_INVENTORY:
        assert "No dispute helps: a panel measures the same inventory" in said[0]


def test_sell__no_verdict__ends_the_dispute_and_claims(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    revealed(sale, selling)
    post(sale, [Result(0, 750_000)], Award(0, 750_000), into=developer.results_folder)
    bond = 5 * sale.hosts.made.market.seat_bond()
    sale.hosts.made.market.dispute_report(sale.task.to_abi(), {"from": accounts[9], "value": bond})
    step(selling)
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    assert step(selling) == ["no verdict came in time: ended the dispute"]
    assert step(selling) == ["claimed 0.55 ether"]


def test_sell__report_not_confirmed__does_not_show_the_envelope(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    revealed(sale, selling)
    post(sale, [Result(0, 750_000)], Award(0, 750_000), into=developer.results_folder)
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    selling.market.node = replace(selling.market.node, confirmations=2)
    assert step(selling) == []
    assert selling.waits_for[0] == "confirmations of the report"
    rpc("evm_mine")
    assert step(selling)[-1] == "claimed 0.55 ether"


def test_sell__not_bought__ends_with_the_reason(sale, tmp_path, stack):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    revealed(sale, selling)
    post(sale, [Result(0, 550_000)], into=developer.results_folder)
    (line,) = step(selling)
    assert line == (
        "own result, proven: score 0.550000, worth 0.19 ether, below your min price of 0.2 ether: "
        "not bought"
    )
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    step(selling)
    assert not selling.outcome.sold
    assert not selling.outcome.failed
    assert selling.outcome.reason.startswith("not bought: score 0.550000")


def test_sell__no_report__voids_and_takes_the_share(sale, tmp_path, stack):
    selling = Developer(sale, tmp_path / "developer").start(stack)
    revealed(sale, selling)
    wait_until(sale.task.report_deadline)
    before = accounts[8].balance()
    assert step(selling) == ["no report came in time: voided the task"]
    assert sale.stage() == VOIDED
    assert step(selling) == ["took the share of 0.1 ether and 0.01 ether"]
    assert step(selling) == ["withdrew 0.11 ether"]
    assert step(selling) == []
    assert selling.outcome.reason == "the task was voided: no report came in time"
    assert accounts[8].balance() > before + ETHER // 10


def test_sell__token_of_six_decimals__is_paid_in_it(hosts, tmp_path, monkeypatch, stack, capsys):
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(address_book(hosts, tmp_path / "books")))
    token = accounts[0].deploy(PlainToken, 6)
    token.mint(accounts[0], 10**9, {"from": accounts[0]})
    token.approve(hosts.made.market, 10**9, {"from": accounts[0]})
    sale = open_task(hosts, token.address)
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    assert "price       1.000000  1 PLAIN" in capsys.readouterr().err
    revealed(sale, selling)
    post(sale, [Result(0, 750_000)], Award(0, 750_000), into=developer.results_folder)
    step(selling)
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    assert step(selling) == ["claimed 0.55 PLAIN"]
    step(selling)
    assert selling.outcome.price == token.balanceOf(accounts[8]) == 550_000


def test_main__commit_reveal_claim_and_withdraw__one_by_one(sale, tmp_path, capsys):
    developer = Developer(sale, tmp_path / "developer")
    options = developer.line
    common = options[options.index("--network") : options.index("--poll")]
    task = ["--task", "0x" + sale.task_id.hex()]
    commit = ["commit", options[0], *task, "--min-price", "0.2 ether", *common]
    assert main(commit) == 0
    assert main(commit) == 0
    assert main(["reveal", *task, *common]) == 1
    assert "reveals open " in capsys.readouterr().err
    wait_until(sale.task.commit_deadline)
    assert main(["reveal", *task, *common, "--json"]) == 0
    assert '"entry": 0' in capsys.readouterr().out
    wait_until(sale.task.reveal_deadline)
    assert main(["close", task[1], *common]) == 0
    assert main(["claim", *task, *common]) == 1
    assert "no report stands" in capsys.readouterr().err
    post(sale, [Result(0, 750_000)], Award(0, 750_000))
    assert main(["claim", *task, *common]) == 1
    assert "the contract refuses: too early" in capsys.readouterr().err
    wait_until(sale.hosts.steps.progress(sale.abi_task).time_a)
    assert main(["claim", *task, *common]) == 0
    assert "price  0.55 ether" in capsys.readouterr().out
    assert main(["withdraw", *common]) == 1
    assert "nothing is owed to" in capsys.readouterr().err
    history = history_of(sale)
    assert (len(history.commits), len(history.claims)) == (1, 1)


def test_main__dispute__shows_the_bond_and_sends_it(sale, tmp_path, stack, capsys):
    developer = Developer(sale, tmp_path / "developer")
    selling = developer.start(stack)
    common = developer.line[developer.line.index("--network") : developer.line.index("--poll")]
    task = "0x" + sale.task_id.hex()
    assert main(["dispute", task, *common]) == 1
    assert "no report can be disputed now" in capsys.readouterr().err
    revealed(sale, selling)
    post(sale, [Result(0, 750_000)], Award(0, 750_000))
    assert main(["dispute", task, *common]) == 0
    said = capsys.readouterr()
    assert f"0.05 ether, which pays the {2 * QUORUM + 1} seats of the panel" in said.err
    assert "bond        0.05 ether" in said.out
    assert sale.stage() == DISPUTED
