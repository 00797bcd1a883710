"""A sale through services, provider and operators, on a chain that may still change its mind."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from brownie import HostileAccount, accounts

from offchain.__main__ import main
from offchain.chain.history import CLOSED, DISPUTED, REPORTED
from offchain.chain.registry import Registry
from offchain.operator.cosigning import awards_of
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report, by_signer, sign
from offchain.provider import key_release
from offchain.provider.key_release import RevealsNotFinal
from tests.e2e.commands import chain_options, release_options, upload, watch_options
from tests.e2e.hosts import QUORUM, close_sale, close_sales, mine, open_sale
from tests.offchain.enclave.service.served import client_of
from tests.offchain.market import enclaves, model

FINAL = 5
MODELS = [model([0, 1, 2, 3]), model([4, 5, 6, 7, 8, 9, 10, 11]), model(range(20))]


@pytest.fixture
def sale(hosts):
    return open_sale(hosts, MODELS)


@pytest.fixture
def closed(sale):
    close_sale(sale)
    mine()
    return sale


def steps(*operators, until, limit=60):
    """Lets operators work in turn until their stage is reached; gives what they said."""
    said = []
    for _ in range(limit):
        for operator in operators:
            said += operator.step()
        if until():
            return said
        mine(1)
        time.sleep(0.01)  # the enclaves measure meanwhile
    raise AssertionError(said)


# ── Release ──


def test_release__reveals_not_closed__is_too_early(sale):
    with pytest.raises(RevealsNotFinal, match="are not closed with 3 confirmations"):
        list(sale.provider().release(sale.task_id))


def test_release__one_confirmation_short__is_too_early(sale):
    close_sale(sale)
    mine(2)
    with pytest.raises(RevealsNotFinal):
        list(sale.provider().release(sale.task_id))
    mine(1)
    assert list(sale.provider().release(sale.task_id))
    assert sale.published.inventory(sale.task_id).indices == (0, 1, 2)


def test_release__artifact_nowhere__is_not_in_the_inventory(sale):
    close_sale(sale, unpublished=[1])
    mine()
    said = list(sale.provider().release(sale.task_id))
    assert said[0].startswith("warning: submission 1 cannot be measured: ")
    assert said[1] == "inventory of 2 out of 3 submissions"
    assert sale.published.inventory(sale.task_id).indices == (0, 2)


def test_release__many_submissions__says_how_far_it_is(closed, monkeypatch):
    monkeypatch.setattr(key_release, "PROGRESS_INTERVAL", 2)
    said = list(closed.provider().release(closed.task_id))
    assert said[:2] == ["fetched 2 of 3 submissions", "inventory of 3 out of 3 submissions"]


def test_release__later_enclave__is_on_the_same_inventory(closed):
    list(closed.provider().release(closed.task_id, without=[2]))
    panelist = closed.documents.roster[5].signing_key
    assert list(closed.provider().release(closed.task_id, [panelist])) == [
        f"released to {panelist}"
    ]
    released = closed.published.release(closed.task_id, panelist)
    assert released.inventory == closed.published.inventory(closed.task_id).indices == (0, 1)


def test_release__without_one_that_was_stopped__replaces_the_releases(closed):
    list(closed.provider().release(closed.task_id))
    before = closed.published.inventory(closed.task_id).indices
    rest = tuple(index for index in before if index != 1)
    said = list(closed.provider().release(closed.task_id, without=[1]))
    assert said[0] == f"next inventory of {len(rest)} submissions"
    assert closed.published.inventory(closed.task_id).indices == rest
    for entry in closed.documents.roster[:QUORUM]:
        assert closed.published.release(closed.task_id, entry.signing_key).inventory == rest


def test_release__again__changes_nothing(closed):
    list(closed.provider().release(closed.task_id))
    key = closed.documents.roster[0].signing_key
    before = closed.published.release(closed.task_id, key)
    assert f"released before to {key}" in list(closed.provider().release(closed.task_id))
    assert closed.published.release(closed.task_id, key) == before


def test_release__another_key__is_refused(closed):
    with pytest.raises(ValueError, match="key is not the one that the manifest commits to"):
        list(closed.provider(secret=bytes(32)).release(closed.task_id))


def test_release__stranger__is_refused(closed):
    with pytest.raises(ValueError, match=f"enclave {accounts[9].address}, expected one of 0x"):
        list(closed.provider().release(closed.task_id, [accounts[9].address]))


@pytest.mark.parametrize(
    ("gone", "warning"),
    [
        (
            [3, 4, 5, 6],
            "active enclaves of 3 operators, a report and its panel need 7: a dispute would get no "
            "verdict",
        ),
        ([1, 2, 3, 4, 5, 6], "active enclaves of 1 operators, a report needs 2"),
    ],
)
def test_release__few_active_enclaves__warns(closed, gone, warning):
    registry = closed.hosts.made.registry
    for seat in gone:
        registry.request_unstake({"from": closed.hosts.senders[seat].address})
    said = list(closed.provider().release(closed.task_id))
    assert [line for line in said if "warning" in line] == [f"warning: {warning}"]


def test_release__node_that_misses_a_log__is_refused(closed, monkeypatch):
    provider = closed.provider()
    whole = provider.market.history(closed.task_id)
    lacking = replace(whole, reveals=whole.reveals[1:])
    monkeypatch.setattr(provider.market, "history", lambda _: lacking)
    with pytest.raises(ValueError, match=f"logs give seed 0x.*, expected 0x{whole.seed.hex()}"):
        list(provider.release(closed.task_id))
    assert closed.published.inventory(closed.task_id) is None


# ── Watch ──


def test_step__quorum_of_two_services__posts_one_report(closed):
    list(closed.provider().release(closed.task_id))
    first, second = closed.operator(0, 1), closed.operator(1, 0)
    said = steps(first, second, until=lambda: closed.stage() == REPORTED)
    assert sum("report posted" in line for line in said) == 1
    mine()
    assert [*first.step(), *second.step()] == []
    market, roster = closed.hosts.market(), closed.documents.roster
    history = market.history(closed.task_id)
    posted, transcript = history.posted, market.transcript(history, roster)
    assert posted.awards == awards_of(second.enclave.propose(closed.task_id, 0), transcript)
    assert posted.awards
    assert len(posted.signers) == QUORUM
    report = market.posted(history, transcript).report
    for seat in (0, 1):  # every signer's operator publishes the file, whoever posted
        assert closed.results(seat).find(report).root() == posted.results


def test_step__panel_without_any_file__confirms_the_report(closed):
    list(closed.provider().release(closed.task_id))
    steps(closed.operator(0, 1), closed.operator(1, 0), until=lambda: closed.stage() == REPORTED)
    mine()
    panelist = closed.documents.roster[2].signing_key
    list(closed.provider().release(closed.task_id, [panelist]))
    judging, said = closed.operator(2, linger=60), []
    for _ in range(3):  # feed, measure, judge
        said += list(judging.step())
    assert any(line.endswith("this enclave's measurement confirms the report") for line in said)
    assert not any("CONTRADICTED" in line for line in said)


def test_step__leader_that_is_silent__loses_its_turn(closed):
    list(closed.provider().release(closed.task_id))
    leader = closed.hosts.clients[0]
    list(closed.operator(0, 1).step())  # feeds its enclave, and is not seen again
    while leader.health().measuring:
        time.sleep(0.01)
    said = steps(closed.operator(1, 0, turn=2), until=lambda: closed.stage() == REPORTED)
    assert sum("report posted" in line for line in said) == 1


def test_step__operator_that_starts_anew__goes_on_from_the_chain_alone(closed):
    list(closed.provider().release(closed.task_id))
    said = []
    for _ in range(60):
        for seat, peer in ((0, 1), (1, 0)):
            said += closed.operator(seat, peer, turn=0).step()
        if closed.stage() == REPORTED:
            break
    assert sum("report posted" in line for line in said) == 1


def test_step__no_release__waits(closed):
    (line,) = closed.operator(0, 1).step()
    assert line.endswith("waits for the release of the test set to this enclave")
    assert closed.stage() == CLOSED


def test_step__enclave_that_reboots__leaves_the_sale_to_the_rest_of_the_roster(closed):
    list(closed.provider().release(closed.task_id))
    spare = closed.documents.roster[2].signing_key
    with client_of(*enclaves(1, boot=1), closed.hosts.folder) as rebooted:
        first = closed.operator(0, 1)
        first.enclave = rebooted
        assert list(first.step()) == []
        list(closed.provider().release(closed.task_id, [spare]))
        rest = [closed.operator(1, 2, turn=1), closed.operator(2, 1, turn=1)]
        steps(first, *rest, until=lambda: closed.stage() == REPORTED)
    market = closed.hosts.market()
    mine()
    signers = {each.signing_key for each in market.history(closed.task_id).posted.signers}
    assert signers == {closed.documents.roster[seat].signing_key for seat in (1, 2)}


def test_step__documents_of_one_task_that_are_junk__keep_no_other_waiting(hosts):
    sales = [open_sale(hosts, MODELS) for _ in range(2)]
    close_sales(sales)
    mine()
    bad, good = sales
    good.published = bad.published
    good.published.put_documents(good.task_id, good.documents)
    junk = Path(bad.published.url) / f"0x{bad.task_id.hex()}" / "documents.json"
    junk.write_bytes(b"\xff")
    list(good.provider().release(good.task_id))
    operators = good.operator(0, 1), good.operator(1, 0)
    said = steps(*operators, until=lambda: good.stage() == REPORTED)
    assert any(line.startswith(f"task 0x{bad.task_id.hex()[:8]}: ValidationError") for line in said)


def test_step__report_that_is_contradicted__is_disputed_and_overturned(closed):
    list(closed.provider().release(closed.task_id))
    forge(closed)
    mine()
    panel = [entry.signing_key for entry in closed.documents.roster[2:]]
    list(closed.provider().release(closed.task_id, panel))
    watching = closed.operator(2, 3, 4, 5, 6, disputes=True)
    others = [closed.operator(seat) for seat in (3, 4, 5, 6)]
    said = steps(watching, until=lambda: closed.stage() == DISPUTED)
    assert any("CONTRADICTED" in line for line in said)
    mine()
    said = steps(watching, *others, until=lambda: closed.stage() == FINAL)
    assert any(line.endswith("dispute resolved, report overturned") for line in said)


def forge(sale):
    """Two operators whose TEEs are broken post a report that buys the worst, through a contract."""
    market, roster = sale.hosts.market(), sale.documents.roster
    registry = Registry(market.node, market.registry)
    transcript = market.transcript(market.history(sale.task_id), roster)
    inventory, worst = transcript.inventory_digest([0, 1, 2]), Award(2, 1_000_000)
    report = Report(sale.task_id, 0, transcript.seed, inventory, bytes(32), (2,), (worst,))
    digest, signatures = report.digest(market.domain), []
    for enclave in enclaves(len(roster))[:QUORUM]:
        known = registry.registered(enclave.identity.signing_key, sale.task.measurement)
        signatures.append(sign(digest, enclave._signing_key, known.platform))
    calldata = market.contract.encode_abi(
        "post_report",
        [
            sale.task.to_abi(),
            [entry.to_abi() for entry in roster],
            report.to_abi(),
            [each.to_abi() for each in by_signer(digest, signatures)],
        ],
    )
    account = accounts[0].deploy(HostileAccount)
    account.execute(market.contract.address, calldata, {"from": accounts[0]})


# ── Commands ──


def test_main__roster_release_and_watch__end_in_a_report(closed, capsys):
    measurement = closed.hosts.measurement.hex()
    roster = ["roster", measurement, "--quorum", "2", "--spares", "0", *chain_options(closed)]
    assert main(roster) == 0
    said = capsys.readouterr().out
    assert f"digest 0x{closed.task.roster.hex()}" in said
    assert "the registry's owner says: SIMULATED SGX enclave" in said
    assert main(["release", *release_options(closed)]) == 0
    assert "inventory of 3 out of 3 submissions" in capsys.readouterr().out
    upload(closed)
    with watching(closed, 0, 1) as first, watching(closed, 1, 0) as second:
        deadline = time.monotonic() + 120
        while closed.stage() != REPORTED:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
        said = [process.communicate(timeout=60)[0].decode() for process in (first, second)]
    assert all(text.endswith("stopped\n") for text in said)
    assert sum("report posted" in text for text in said) == 1


@contextmanager
def watching(sale, seat, peer):
    """The command of an operator."""
    urls, sender = [client.url for client in sale.hosts.clients], sale.hosts.senders[seat]
    options = [*watch_options(sale, urls[seat], urls[peer]), "--node-account", sender.address]
    with subprocess.Popen(
        [sys.executable, "-m", "offchain", "watch", *options], stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()
