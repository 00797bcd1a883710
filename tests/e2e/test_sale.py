"""A sale through services, provider and operators, on a chain that may still change its mind."""

import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from brownie import HostileAccount, accounts

from offchain.__main__ import main
from offchain.chain.history import CLOSED, DISPUTED, OPEN, REPORTED
from offchain.chain.packing import by_signer
from offchain.chain.registry import Registry
from offchain.operator.cosigning import awards_of
from offchain.operator.fees import PATIENCE, Earnings
from offchain.operator.posting import report_terms
from offchain.protocol.encoding import ZERO_ADDRESS as ZERO
from offchain.protocol.messages import RunId
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report, sign
from offchain.provider import key_release
from offchain.provider.key_release import RevealsNotFinal, SubmissionsMissing
from tests.anvil import at
from tests.e2e.commands import (
    operate_options,
    release_options,
    upload,
    write_book,
)
from tests.e2e.forked import Command
from tests.e2e.hosts import (
    QUORUM,
    close_sale,
    close_sales,
    mine,
    open_sale,
    publish,
    register,
)
from tests.offchain.enclave.service.served import client_of
from tests.offchain.market import enclaves, model
from tests.offchain.stalling import stalling

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


def test_release__artifact_nowhere__is_waited_for_unless_it_is_named(sale):
    close_sale(sale, unpublished=[1])
    mine()
    with pytest.raises(SubmissionsMissing, match=r"submission 1 of 0x\w+ is not at '"):
        list(sale.provider().release(sale.task_id))
    assert sale.published.inventory(sale.task_id) is None
    said = list(sale.provider().release(sale.task_id, without=[1]))
    assert said[0] == "inventory of 2 out of 3 submissions"
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
    first, second = closed.operator(0), closed.operator(1)
    said = steps(first, second, until=lambda: closed.stage() == REPORTED)
    assert sum("report posted" in line for line in said) == 1
    mine()
    assert [*first.step(), *second.step()] == []
    market, roster = closed.hosts.market(), closed.documents.roster
    history = market.history(closed.task_id)
    posted, transcript = history.posted, market.transcript(history, roster)
    proposal = second.enclave.propose(closed.task_id, 0)
    assert posted.awards == awards_of(proposal, transcript, closed.documents.manifest)
    assert posted.awards
    assert len(posted.signers) == QUORUM
    report = market.posted(history, transcript).report
    for seat in (0, 1):  # every signer's operator publishes the file, whoever posted
        assert closed.results(seat).find(report).root() == posted.results


def test_step__panel_without_any_file__confirms_the_report(closed):
    list(closed.provider().release(closed.task_id))
    steps(closed.operator(0), closed.operator(1), until=lambda: closed.stage() == REPORTED)
    mine()
    panelist = closed.documents.roster[2].signing_key
    list(closed.provider().release(closed.task_id, [panelist]))
    judging, said = closed.operator(2, linger=60), []
    for _ in range(3):  # feed, measure, judge
        said += list(judging.step())
    assert any(line.endswith("this enclave's measurement confirms the report") for line in said)
    assert not any("CONTRADICTED" in line for line in said)


def test_step__leader_that_is_silent__loses_its_turn(closed):
    """Its proposal is published, and then it is not seen again."""
    keys = keys_of(closed, 0, 1, 2)
    list(closed.provider().release(closed.task_id, keys))
    closed.feed(0, 1, 2)
    leader, *rest = lower_first(closed, 0, 1, 2)
    proposal = closed.hosts.clients[leader].propose(closed.task_id, 0)
    closed.results(leader).put_proposal(RunId(closed.task_id, 0), keys[leader], proposal)
    others = [closed.operator(seat, turn=2) for seat in rest]
    said = steps(*others, until=lambda: closed.stage() == REPORTED)
    assert any(line.endswith("signs soon; 1 operators come first") for line in said)
    assert sum("report posted" in line for line in said) == 1


def test_step__operator_that_starts_anew__goes_on_from_the_chain_alone(closed):
    list(closed.provider().release(closed.task_id))
    said = []
    for _ in range(60):
        for seat in (0, 1):
            operator = closed.operator(seat, turn=0)
            for _ in range(3):  # it publishes, signs, and posts
                said += operator.step()
        if closed.stage() == REPORTED:
            break
    assert sum("report posted" in line for line in said) == 1


def test_step__no_release__waits(closed):
    (line,) = closed.operator(0).step()
    assert line.endswith("waits for the release of the test set to this enclave")
    assert closed.stage() == CLOSED


def test_step__enclave_that_reboots__leaves_the_sale_to_the_rest_of_the_roster(closed):
    list(closed.provider().release(closed.task_id))
    spare = closed.documents.roster[2].signing_key
    with client_of(*enclaves(1, boot=1), closed.hosts.folder) as rebooted:
        first = closed.operator(0)
        first.enclave = rebooted
        assert list(first.step()) == []
        list(closed.provider().release(closed.task_id, [spare]))
        rest = [closed.operator(1, turn=1), closed.operator(2, turn=1)]
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
    junk = Path(bad.published.url) / f"0x{bad.task_id.hex()}" / "documents.json"
    junk.write_bytes(b"\xff")
    list(good.provider().release(good.task_id))
    operators = good.operator(0), good.operator(1)
    said = steps(*operators, until=lambda: good.stage() == REPORTED)
    assert any(line.startswith(f"task 0x{bad.task_id.hex()[:8]}: ValidationError") for line in said)


def test_step__report_that_is_contradicted__is_disputed_and_overturned(closed):
    list(closed.provider().release(closed.task_id))
    forge(closed)
    mine()
    panel = [entry.signing_key for entry in closed.documents.roster[2:]]
    list(closed.provider().release(closed.task_id, panel))
    watching = closed.operator(2, disputes=True)
    others = [closed.operator(seat) for seat in (3, 4, 5, 6)]
    said = steps(watching, until=lambda: closed.stage() == DISPUTED)
    assert any("CONTRADICTED" in line for line in said)
    mine()
    said = steps(watching, *others, until=lambda: closed.stage() == FINAL)
    assert any(line.endswith("dispute resolved, report overturned") for line in said)


@pytest.fixture
def endpoints(hosts):
    """Announces another folder for operators, until the test is over."""

    def announce(seat, uri):
        registry = Registry(hosts.market().node, hosts.made.registry.address)
        hosts.senders[seat].send(registry.contract.functions.announce(uri))

    return announce


def keys_of(sale, *seats):
    return [sale.documents.roster[seat].signing_key for seat in seats]


def lower_first(sale, *seats):
    """Seats by rising signing key, which decides whose turn it is first."""
    keys = {seat: sale.documents.roster[seat].signing_key.lower() for seat in seats}
    return sorted(seats, key=keys.__getitem__)


def test_step__folder_of_a_peer_that_lies__is_named_and_binds_nobody(closed):
    """A host publishes another proposal than its enclave signed, and junk for the other files."""
    list(closed.provider().release(closed.task_id, keys_of(closed, 0, 1, 2)))
    closed.feed(0, 1, 2)
    liar, *honest = lower_first(closed, 0, 1, 2)
    run, key = RunId(closed.task_id, 0), closed.documents.roster[liar].signing_key
    client, folder = closed.hosts.clients[liar], closed.results(liar)
    proposal = client.propose(closed.task_id, 0)
    signed = client.cosign(closed.task_id, 0, proposal, bytes(32))
    nearby = replace(proposal.results[0], score=proposal.results[0].score - 1)
    folder.put_proposal(run, key, replace(proposal, results=(nearby, *proposal.results[1:])))
    folder.put_signature(run, key, signed)
    said = steps(
        *(closed.operator(seat) for seat in honest), until=lambda: closed.stage() == REPORTED
    )
    assert any(
        "does not join the report of operator" in line and "another report" in line for line in said
    )
    mine()
    signers = {
        each.signing_key for each in closed.hosts.market().history(closed.task_id).posted.signers
    }
    assert len(signers) == QUORUM


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"[" * 100, b" " * 2**15])
def test_step__signature_file_that_is_junk__is_named_and_delays_nobody(closed, content):
    list(closed.provider().release(closed.task_id, keys_of(closed, 0, 1, 2)))
    closed.feed(0, 1, 2)
    key = closed.documents.roster[0].signing_key
    name = f"0x{closed.task_id.hex()}-round-0-signature-{key}.json"
    path = Path(closed.results(0).url) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    said = steps(closed.operator(1), closed.operator(2), until=lambda: closed.stage() == REPORTED)
    assert any(f"operator {closed.hosts.senders[0].address}" in line for line in said)


def test_step__folder_of_a_peer_that_is_slow__is_named_and_delays_nobody(closed, endpoints):
    list(closed.provider().release(closed.task_id, keys_of(closed, 0, 1, 2)))
    closed.feed(0, 1, 2)
    with stalling({}) as bad:
        endpoints(0, bad.url)
        said = steps(
            closed.operator(1, linger=0.2),
            closed.operator(2, linger=0.2),
            until=lambda: closed.stage() == REPORTED,
        )
    slow = f"operator {closed.hosts.senders[0].address} ({bad.url}) is slow: its signature has not"
    assert any(slow in line for line in said)


def test_step__report_signed_by_an_enclave_that_rebooted__is_joined_by_a_spare(closed):
    """Its signature counts no more once its successor is registered; who joined it goes on."""
    first, second, spare = lower_first(closed, 0, 1, 2)
    roster = closed.documents.roster
    keys = [roster[seat].signing_key for seat in (first, second, spare)]
    list(closed.provider().release(closed.task_id, keys[:2]))
    closed.feed(first, second)
    one, two = closed.operator(first), closed.operator(second, turn=50)
    while closed.results(first).signature(RunId(closed.task_id, 0), keys[0]) is None:
        list(one.step())
    while closed.results(second).signature(RunId(closed.task_id, 0), keys[1]) is None:
        list(two.step())
    joined = closed.results(second).signature(RunId(closed.task_id, 0), keys[1]).report
    with client_of(
        *enclaves(8, boot=1)[7:], closed.hosts.folder, machine=f"machine {first}"
    ) as rebooted:
        register(
            closed.hosts.market(0),
            closed.hosts.made.verifier.address,
            rebooted,
            closed.hosts.senders[first],
        )
        list(closed.provider().release(closed.task_id, [keys[2]]))
        rest = [closed.operator(second, turn=1), closed.operator(spare, turn=1)]
        steps(*rest, until=lambda: closed.stage() == REPORTED)
    mine()
    posted = closed.hosts.market().history(closed.task_id).posted
    assert {each.signing_key for each in posted.signers} == set(keys[1:])
    assert posted.results == joined.results


def test_step__reveal_deadline_over__closes_in_the_first_block(sale):
    publish(sale)
    sale.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    mine()
    deadline = sale.task.reveal_deadline
    operator = sale.operator(0)
    list(operator.step())
    assert operator.deadlines == {sale.task_id: deadline}
    at(deadline - 1)
    mine(1)
    assert sale.stage() == OPEN
    at(deadline)
    (line,) = operator.step()
    assert line.endswith("reveals closed")
    block = sale.hosts.web3.eth.get_block("latest")
    assert block["timestamp"] == deadline


def test_step__before_the_reveal_deadline__closes_nothing_and_sends_nothing(sale):
    publish(sale)
    sale.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    at(sale.task.reveal_deadline - 5)
    mine()
    operator = sale.operator(0)
    nonce = sale.hosts.web3.eth.get_transaction_count(operator.sender.address)
    at(sale.task.reveal_deadline - 1)
    list(operator.step())
    assert sale.stage() == OPEN
    assert sale.hosts.web3.eth.get_transaction_count(operator.sender.address) == nonce


# ── Earnings ──

FEE = 10**17


@pytest.fixture
def earned(hosts):
    """A task with a fee, reported by the first two operators, whose claims are over in a second."""
    sale = open_sale(hosts, MODELS, benchmark_fee=FEE)
    close_sale(sale)
    mine()
    list(sale.provider().release(sale.task_id))
    steps(sale.operator(0), sale.operator(1), until=lambda: sale.stage() == REPORTED)
    mine()
    return sale


def earnings(sale, seat, least=FEE // QUORUM):
    registry = Registry(sale.hosts.market().node, sale.hosts.made.registry.address)
    return Earnings(sale.hosts.market(0), registry, sale.hosts.senders[seat], {ZERO: least})


@pytest.mark.parametrize("late", [False, True])
def test_earnings__task_that_nobody_settles__is_settled_and_paid_an_hour_later(earned, late):
    closes = earned.hosts.made.market.progress(earned.task_id)[2]
    at(closes + PATIENCE - (not late))
    mine(1)
    account = accounts.at(earned.hosts.senders[0].address)
    before = account.balance()
    said = list(earnings(earned, 0).step())
    if not late:
        assert said == []
        return
    assert said == [
        f"settled task 0x{earned.task_id.hex()[:8]}",
        "took 0.05 ether of the market",
    ]
    assert account.balance() > before
    assert list(earnings(earned, 2).step()) == []  # it signed nothing


@pytest.mark.parametrize("above", [0, 1])
def test_earnings__credit__is_taken_from_the_threshold_on(earned, above):
    market, operator = earned.hosts.made.market, earned.hosts.senders[1].address
    at(earned.hosts.made.market.progress(earned.task_id)[2] + PATIENCE)
    mine(1)
    list(earnings(earned, 0).step())
    assert market.credits(ZERO, operator) == FEE // QUORUM
    taken = list(earnings(earned, 1, FEE // QUORUM + above).step())
    assert bool(taken) != bool(above)
    assert market.credits(ZERO, operator) == (FEE // QUORUM if above else 0)


def test_step__task_that_the_operator_does_not_accept__is_left_alone(closed):
    list(closed.provider().release(closed.task_id))
    (line,) = closed.operator(0, accepts=lambda _: False).step()
    assert line.endswith("not accepted: another provider, or too small a fee")


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
            *report_terms(sale.task, market.domain),
            [entry.to_abi() for entry in roster],
            *report.to_abi()[3:],
            [each.to_abi() for each in by_signer(digest, signatures)],
        ],
    )
    account = accounts[0].deploy(HostileAccount)
    account.execute(market.contract.address, calldata, {"from": accounts[0]})


# ── Commands ──


def test_main__release_and_operate__end_in_a_report(closed, capsys, monkeypatch):
    hosts = closed.hosts
    books = write_book(hosts.made, hosts.web3.provider.endpoint_uri, hosts.folder / "books")
    for name, value in books.items():
        monkeypatch.setenv(name, value)
    assert main(["release", *release_options(closed)]) == 0
    assert "inventory of 3 out of 3 submissions" in capsys.readouterr().out
    upload(closed)
    with operating(closed, 0) as first, operating(closed, 1) as second:
        deadline = time.monotonic() + 120
        while closed.stage() != REPORTED:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
        ended = [process.communicate(timeout=60) for process in (first, second)]
    assert all("stopped" in out.decode() for out, _ in ended)
    said = "".join(err.decode() for _, err in ended)
    assert sum("report posted" in line for line in said.splitlines()) == 1
    assert all(line[:2] == "20" for line in said.splitlines() if "task 0x" in line)  # with a date


@contextmanager
def operating(sale, seat):
    """The command of an operator."""
    url, account = sale.hosts.clients[seat].url, sale.hosts.senders[seat].address
    options = [*operate_options(sale, seat, url), "--account", account]
    with Command(
        ["operate", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
