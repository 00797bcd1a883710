"""A provider's commands on a chain: from a table to bought models, and what stops on the way."""

import argparse
import json
import signal
from pathlib import Path
from random import Random

import pytest
from brownie import PlainToken, accounts
from web3._utils.http_session_manager import HTTPSessionManager

from offchain.chain.history import CLOSED, OPEN, REPORTED
from offchain.cli import buy, purchases
from offchain.cli.main import main
from offchain.cli.purchases import Purchase
from offchain.cli.session import Session
from offchain.protocol.keys import public_key
from offchain.provider.creation import DRAFT, Draft
from offchain.storage.private_folder import PrivateFolder
from tests.anvil import at, fund, now
from tests.e2e.hosts import ETHER, QUORUM, mine, publish
from tests.e2e.kill_proxy import AFTER, BEFORE, KillProxy, at_number, at_words
from tests.e2e.providers import NETWORK, Provider
from tests.e2e.test_sale import forge
from tests.offchain.market import model, run
from tests.sale import FINAL, SETTLED, VOIDED

MODELS = [model([0, 1, 2, 3]), model([4, 5, 6, 7, 8, 9, 10, 11])]


@pytest.fixture
def provider(hosts, tmp_path, monkeypatch):
    folder = tmp_path / "Ordner mit Lücken"  # every path of these tests has spaces and an umlaut
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(folder))
    monkeypatch.setattr(purchases, "run_model", lambda *a, run_limits, **k: run(*a, **k))
    made = Provider(hosts, folder)
    fund(made.address, 100 * ETHER)
    return made


def done(capsys, arguments, code=0):
    """Run a command; gives its result and its talk."""
    capsys.readouterr()
    found = main(arguments)
    said = capsys.readouterr()
    assert found == code, said.err
    return said.out, said.err


@pytest.fixture
def created(provider, capsys):
    """A task that was created with `create`."""
    done(capsys, provider.manifest())
    done(capsys, provider.create("--accept-warnings"))
    return provider


def buyer_of(provider, sale):
    """Return the steps of `buy`, on a task that was created."""
    parser = argparse.ArgumentParser()
    buy.add(parser)
    arguments = parser.parse_args([f"0x{sale.task_id.hex()}", *provider.paid, *provider.out])
    bought = Purchase.of(Session.of(arguments), sale.task_id, arguments)
    return buy.buyer_of(bought, lambda size: bytes(range(size)))


def steps(buyer, *operators, until, limit=60):
    """Let all work in turn; gives what the buyer said."""
    said = []
    for _ in range(limit):
        said += buyer.step()
        for operator in operators:
            list(operator.step())
        if until():
            return said
        mine(1)
    raise AssertionError(said)


# ── Create ──


def test_create__from_a_table__is_a_task_that_strangers_can_read(provider, capsys):
    done(capsys, provider.manifest())
    before = provider.hosts.web3.eth.get_balance(provider.address)
    out, talk = done(capsys, provider.create("--accept-warnings", "--json"))
    sale = provider.sale()
    assert json.loads(out)["task"] == f"0x{sale.task_id.hex()}"
    assert sale.stage() == OPEN
    assert "escrow      2.1 ether" in talk
    assert "back up " in talk
    assert before - provider.hosts.web3.eth.get_balance(provider.address) >= 21 * ETHER // 10
    history = provider.hosts.market(0).history(sale.task_id)
    assert history.uri == str(provider.folder / "published")
    documents = sale.published.documents(sale.task_id)
    documents.check(history.task)
    digest = documents.manifest.test_set.artifact_digest
    assert (Path(history.uri) / digest.hex()).is_file()
    (private,) = provider.drafts()
    for name in ("delivery.key", "test-set.key"):
        assert (private.path / name).stat().st_mode & 0o777 == 0o600


def test_create__same_line_again__escrows_once(created, capsys):
    before = created.hosts.web3.eth.get_balance(created.address)
    _, talk = done(capsys, created.create("--accept-warnings"))
    assert "exists already: nothing is sent again" in talk
    assert created.hosts.web3.eth.get_balance(created.address) == before
    assert len(created.hosts.market(0).tasks()) == 1


def test_create__another_nonce__is_another_task(created, capsys):
    terms = created.folder / "terms.yaml"
    terms.write_text(terms.read_text() + "nonce: 1\n")
    done(capsys, created.create("--accept-warnings"))
    assert len(created.hosts.market(0).tasks()) == 2


def test_create__draft_whose_commit_deadline_is_over__is_made_anew(provider, capsys, monkeypatch):
    done(capsys, provider.manifest())
    with monkeypatch.context() as patched:
        patched.setattr("offchain.provider.creation.TaskCreation.read_back", refuse)
        done(capsys, provider.create("--accept-warnings"), code=1)
    (private,) = provider.drafts()
    deadline = private.read_value(Draft, DRAFT).task.commit_deadline
    at(deadline - 290)
    mine(1)
    _, talk = done(capsys, provider.create("--accept-warnings"), code=1)
    assert "leaves less than 5 minutes to commit" in talk
    at(deadline)
    mine(1)
    done(capsys, provider.create("--accept-warnings"))
    assert len(provider.drafts()) == 2
    assert len(provider.hosts.market(0).tasks()) == 1


def refuse(*_):
    raise ValueError("nothing is sent")


# ── Buy ──


def test_buyer__whole_sale__ends_with_measured_models(created, capsys):
    sale = created.sale(MODELS)
    buyer, steps_of = buyer_of(created, sale), created.hosts.steps
    said = list(buyer.step())
    assert said == ["waits for commits, 2 so far"]
    publish(sale)
    steps_of.reveal(sale.abi_task, *enumerate(sale.models))
    assert list(buyer.step()) == ["waits for reveals, 2 so far"]

    at(sale.task.reveal_deadline - 20)
    mine(1)
    assert buyer.pause(60) == 1
    at(sale.task.reveal_deadline)
    assert list(buyer.step()) == ["reveals of 2 models closed"]
    assert now() == sale.task.reveal_deadline  # in the first block that allows it

    first, second = sale.operator(0), sale.operator(1)
    said = steps(buyer, first, second, until=lambda: sale.stage() == REPORTED)
    assert "inventory of 2 out of 2 submissions" in said

    market = created.hosts.market(0)
    history = market.history(sale.task_id)
    record = history.record(market.domain)
    opens = created.hosts.made.market.progress(sale.task_id)[1]
    at(opens)
    mine(1)
    for award, index in enumerate(record.prices):
        claim(created, sale, record, award, index)
    mine()
    said = steps(buyer, until=lambda: buyer.is_done)
    assert "task settled: what was not claimed is back" in said
    assert sum(line.startswith("bought: ") for line in said) == len(record.prices)
    assert sale.stage() == SETTLED

    out, _ = done(capsys, ["open", sale.task_id.hex(), *created.network, *created.out, "--json"])
    report = json.loads(out)
    assert {each["index"] for each in report["models"]} == record.prices.keys()
    for each in report["models"]:
        assert Path(each["file"]).read_bytes() == MODELS[each["index"]]
    right = {0: 36, 1: 32}
    whole = {each["index"]: each["score_whole"] for each in report["models"]}
    assert whole == {index: right[index] * 25_000 for index in whole}
    assert report["ending"] == "TaskSettled"
    assert (created.folder / "bought" / "report.txt").is_file()


def claim(provider, sale, record, award, index):
    entry = sale.entries[index]
    provider.hosts.made.market.claim_award(
        sale.task_id,
        award,
        sale.task.token,
        record.payouts,
        record.signed,
        entry.submission.min_price,
        entry.payload,
        entry.envelope,
        {"from": sale.models[index].developer},
    )


def test_buyer__nobody_reveals__voids_from_the_reveal_deadline_on(created):
    sale = created.sale(MODELS)
    buyer = buyer_of(created, sale)
    at(sale.task.reveal_deadline - 1)
    mine(1)
    assert list(buyer.step()) == ["waits for reveals, 0 so far"]
    at(sale.task.reveal_deadline)
    mine(1)
    said = steps(buyer, until=lambda: buyer.is_done)
    assert said[0] == "task voided, nobody revealed a model: the budget is back"
    assert sale.stage() == VOIDED


@pytest.fixture
def closed(created):
    """The reveals are closed, and one of the models is nowhere."""
    sale = created.sale(MODELS)
    publish(sale, [1])
    created.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    created.hosts.steps.close(sale.abi_task)
    mine()
    return sale


def test_buyer__model_that_is_nowhere__is_waited_for_until_the_last_call(created, closed):
    buyer = buyer_of(created, closed)
    (said,) = buyer.step()
    assert said.startswith(f"submission 1 of {closed.models[1].developer} is not at '")
    assert closed.published.inventory(closed.task_id) is None
    task = closed.task
    at(task.report_deadline - (task.report_deadline - task.reveal_deadline) // 3 - 1)
    mine(1)
    list(buyer.step())
    assert closed.published.inventory(closed.task_id) is None
    mine(1)
    said = list(buyer.step())
    assert said[0].startswith("warning: left out for good, as time is up: submission 1 of ")
    assert closed.published.inventory(closed.task_id).indices == (0,)


def test_buyer__model_that_comes_later__is_measured(created, closed):
    buyer = buyer_of(created, closed)
    list(buyer.step())
    publish(closed)
    assert "inventory of 2 out of 2 submissions" in list(buyer.step())


def test_buyer__node_that_is_down__ends_no_step(created, closed, monkeypatch):
    buyer = buyer_of(created, closed)

    def down(*_, **__):
        raise ConnectionError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(HTTPSessionManager, "make_post_request", down)
        (said,) = buyer.step()
        assert said == "ConnectionError: no answer"
        assert buyer.pause(60) == 60
    assert "submission 1 of" in next(buyer.step())


def test_buyer__no_report_in_time__voids(created, closed):
    publish(closed)
    buyer = buyer_of(created, closed)
    list(buyer.step())
    at(closed.task.report_deadline - 1)
    mine(1)
    list(buyer.step())
    assert closed.stage() == CLOSED
    mine(1)
    said = steps(buyer, until=lambda: buyer.is_done)
    assert said[0] == "task voided, no report was posted in time: the budget is back"
    assert closed.stage() == VOIDED


def test_buyer__operators_that_stay_silent__are_followed_by_others(created, closed):
    publish(closed)
    buyer, task = buyer_of(created, closed), closed.task
    served = []
    for thirds in (0, 1, 2):
        at(task.reveal_deadline + thirds * (task.report_deadline - task.reveal_deadline) // 3 + 30)
        mine(1)
        list(buyer.step())
        keys = [entry.signing_key for entry in closed.documents.roster]
        served.append(
            sum(closed.published.release(closed.task_id, key) is not None for key in keys)
        )
    assert served == [2, 4, 6]


def test_buyer__test_set_key_lost__says_that_only_void_is_left(created, closed, capsys):
    (private,) = created.drafts()
    (private.path / "test-set.key").unlink()
    (said,) = buyer_of(created, closed).step()
    assert said == "the test set's key is lost: nobody can measure, and only void is left"
    _, talk = done(capsys, ["release", closed.task_id.hex(), *created.network], code=1)
    assert "only `golden-grain void` is left" in talk
    at(closed.task.report_deadline)
    mine(1)
    done(capsys, ["void", closed.task_id.hex(), *created.paid])
    assert closed.stage() == VOIDED
    mine(1)
    out, _ = done(capsys, ["share", closed.task_id.hex(), *created.paid, "--json"])
    assert json.loads(out)["credited"] == [0, 1]
    out, talk = done(capsys, ["share", closed.task_id.hex(), *created.paid, "--json"])
    assert json.loads(out)["credited"] == []
    assert "submission 1: its share was claimed before" in talk


# ── Disputes ──


def dispute(provider, sale):
    market = provider.hosts.made.market
    bond = market.seat_bond() * (2 * QUORUM + 1)
    market.dispute_report(sale.abi_task, {"from": accounts[8], "value": bond})


def test_buyer__dispute__releases_to_the_panel_and_settles_by_its_verdict(created):
    sale = created.sale([*MODELS, model(range(20))])
    publish(sale)
    created.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    created.hosts.steps.close(sale.abi_task)
    mine()
    buyer = buyer_of(created, sale)
    list(buyer.step())
    forge(sale)
    dispute(created, sale)
    mine()
    said = list(buyer.step())
    panel = sale.documents.roster[2:]
    assert said == [f"released to {entry.signing_key}" for entry in panel]
    watching = sale.operator(2, disputes=True)
    others = [sale.operator(seat) for seat in (3, 4, 5, 6)]
    steps(buyer, watching, *others, until=lambda: sale.stage() == FINAL)
    at(created.hosts.made.market.progress(sale.task_id)[2])
    mine()
    said = steps(buyer, until=lambda: buyer.is_done)
    assert said[0] == "task settled: what was not claimed is back"
    assert sale.stage() == SETTLED


@pytest.fixture
def disputed(created):
    """The sale of a task whose report is forged, and disputed."""
    sale = created.sale([*MODELS, model(range(20))])
    publish(sale)
    created.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    created.hosts.steps.close(sale.abi_task)
    mine()
    forge(sale)
    dispute(created, sale)
    return sale


def test_verdict__nobody_judged_in_time__ends_the_dispute_for_anybody(created, disputed, capsys):
    line = ["verdict", f"0x{disputed.task_id.hex()}", *created.paid]
    deadline = created.hosts.made.market.progress(disputed.task_id)[1]
    at(deadline - 60)
    mine(1)
    assert "too early" in done(capsys, line, code=1)[1]
    at(deadline)
    mine(1)
    done(capsys, line)
    assert disputed.stage() == FINAL
    assert "not in dispute" in done(capsys, line, code=1)[1]


def test_buyer__dispute_without_a_verdict__ends_it_and_settles(created, disputed):
    sale = disputed
    buyer = buyer_of(created, sale)
    deadline = created.hosts.made.market.progress(sale.task_id)[1]
    at(deadline - 1)
    mine(1)
    assert not any("it is over" in line for line in buyer.step())
    mine(1)
    assert list(buyer.step()) == ["the dispute got no verdict in time: it is over"]
    assert sale.stage() == FINAL
    at(created.hosts.made.market.progress(sale.task_id)[2])
    mine()
    steps(buyer, until=lambda: buyer.is_done)
    assert sale.stage() == SETTLED


# ── Mistakes that would cost money ──


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("1.00: 1 ether", "1.00: 2 wei"), "prices: knot with price"),
        (("0.30: 0.5 ether", "0.30: 2 wei"), "the price of score 0.300000 is 0.000000000000000002"),
        (("0.30", "30"), "prices: score '30', expected a fraction such as 0.80"),
        (
            ("quorum: 2", "quorum: 2\nmin_stake: 1 wei"),
            "min_stake: 0.000000000000000001 ether, expected at least 0.025 ether",
        ),
        (("quorum: 2", "quorum: 2\nmeasurement: 0x" + 64 * "1"), "no enclave is registered under"),
        (("quorum: 2", "quorum: 2\nroster: '0x" + 40 * "1" + "'"), "are not registered for this"),
        (("spares: 0", "spares: 1"), "7 active enclaves of 7 operators on machines of their own"),
        (("quorum: 2", "quorum: 2\nmin_stake: 3 ether"), "0 active enclaves of 0 operators"),
        (("quorum: 2", "quorum: 2\ndelivery_key: 0x" + 64 * "1"), "leave the key out"),
        (("0.5 ether", "50000 ether"), "prices: knot with price"),
        (("1 ether", "50000 ether"), "has 100000000000000000000 units of token"),
        (("commit: 1 day", "commit: 25 days"), "0 active enclaves of 0 operators"),
    ],
)
def test_create__mistake__sends_nothing(provider, capsys, change, said):
    done(capsys, provider.manifest())
    terms = provider.folder / "terms.yaml"
    terms.write_text(terms.read_text().replace(*change))
    extra = [] if "price of score" in said else ["--accept-warnings"]
    if "50000" in change[1]:
        terms.write_text(terms.read_text() + "min_stake: 2 ether\n")
    _, talk = done(capsys, provider.create(*extra), code=1)
    assert said in talk
    assert provider.hosts.market(0).tasks() == []
    assert provider.hosts.web3.eth.get_balance(provider.address) == 100 * ETHER


def test_create__warnings_that_are_not_accepted__send_nothing(provider, capsys):
    done(capsys, provider.manifest())
    _, talk = done(capsys, provider.create(), code=1)
    assert "WARNING: no spare enclave" in talk
    assert "nothing was sent; --accept-warnings goes on" in talk
    assert provider.hosts.market(0).tasks() == []


def test_create__key_of_another_test_set__sends_nothing(provider, capsys):
    done(capsys, provider.manifest())
    (provider.folder / "out" / "test-set.key").write_bytes(bytes(32))
    _, talk = done(capsys, provider.create("--accept-warnings"), code=1)
    assert "the test set's key is not the one that the manifest commits to" in talk
    assert provider.hosts.market(0).tasks() == []


def test_create__uri_at_which_nothing_is__sends_nothing(provider, capsys):
    done(capsys, provider.manifest())
    empty = provider.folder / "elsewhere"
    _, talk = done(capsys, provider.create("--accept-warnings", "--uri", str(empty)), code=1)
    assert f"a stranger cannot read '{empty}'" in talk
    assert provider.hosts.market(0).tasks() == []


def test_create__two_terminals_at_once__one_waits_its_turn(provider, capsys):
    done(capsys, provider.manifest())
    done(capsys, provider.create(), code=1)
    (draft,) = (provider.home / NETWORK / "drafts").iterdir()
    with PrivateFolder(draft).lock("is a test"):
        _, talk = done(capsys, provider.create("--accept-warnings"), code=1)
    assert "creates this task already" in talk
    assert provider.hosts.market(0).tasks() == []


def test_buy__neither_data_nor_manifest__says_what_is_expected(provider, capsys):
    terms = str(provider.folder / "terms.yaml")
    _, talk = done(capsys, ["buy", terms, *provider.paid], code=1)
    assert "expected either --data with --metric, or --manifest" in talk


# ── Tokens ──


@pytest.fixture
def usdc(provider):
    """A token of six decimals; the provider has 5 of them, and tasks are paid in it."""
    token = accounts[0].deploy(PlainToken, 6)
    token.mint(provider.address, 5 * 10**6)
    terms = provider.folder / "terms.yaml"
    money = terms.read_text().replace("ether", "PLAIN")
    terms.write_text(f"{money}token: '{token.address}'\n")
    return token


def test_create__token_of_six_decimals__takes_exactly_the_escrow(provider, usdc, capsys):
    done(capsys, provider.manifest())
    _, talk = done(capsys, provider.create("--accept-warnings"))
    assert "escrow      2.1 PLAIN" in talk
    assert "allowance   2.1 PLAIN for the market, exactly" in talk
    assert usdc.balanceOf(provider.address) == 2_900_000
    assert usdc.allowance(provider.address, provider.hosts.made.market) == 0
    done(capsys, provider.create("--accept-warnings"))
    assert usdc.balanceOf(provider.address) == 2_900_000
    sale = provider.sale()
    at(sale.task.reveal_deadline)
    mine(1)
    buyer = buyer_of(provider, sale)
    steps(buyer, until=lambda: buyer.is_done)
    assert usdc.balanceOf(provider.address) == 5_000_000


def test_create__allowance_of_another_amount__becomes_the_exact_one(provider, usdc, capsys):
    usdc.approve(provider.hosts.made.market, 7, {"from": provider.address})
    done(capsys, provider.manifest())
    done(capsys, provider.create("--accept-warnings"))
    assert usdc.allowance(provider.address, provider.hosts.made.market) == 0
    assert usdc.balanceOf(provider.address) == 2_900_000


def test_create__token_that_is_none__is_refused(provider, capsys):
    done(capsys, provider.manifest())
    terms = provider.folder / "terms.yaml"
    terms.write_text(terms.read_text() + f"token: '{accounts[3].address}'\n")
    _, talk = done(capsys, provider.create(), code=1)
    assert "no token at" in talk


# ── Killed ──


SENDING = [b"eth_sendTransaction"]


@pytest.mark.parametrize("token", [False, True])
def test_create__killed_at_any_request__escrows_once(provider, capsys, request, token):
    if token:
        request.getfixturevalue("usdc")
    done(capsys, provider.manifest())
    market, random = provider.hosts.market(0), Random(7 + token)  # noqa: S311 - nothing secret
    fatal = [
        at_number(random.randint(2, 25), BEFORE),
        at_number(random.randint(2, 25), AFTER),
        at_words(SENDING, BEFORE),
        at_words(SENDING, AFTER),
    ]
    for each in fatal:
        proxy = KillProxy(each)
        rpc = proxy.forward(provider.hosts.web3.provider.endpoint_uri)
        with proxy.process(*provider.create("--accept-warnings", "--rpc", rpc)) as process:
            said = process.communicate(timeout=120)[0]
        assert process.returncode == -signal.SIGKILL, said
    done(capsys, provider.create("--accept-warnings"))
    (task,) = market.tasks()
    (private,) = provider.drafts()
    assert private.path.name == f"0x{task.hex()}"
    assert private.read("delivery.key") is not None
    assert public_key(private.read("delivery.key")) == market.history(task).task.delivery_key


def test_buy__killed_at_any_request__ends_as_it_must(provider, capsys):
    """Nobody comes: the whole of it is the creation and the return of the money."""
    random, url = Random(11), provider.hosts.web3.provider.endpoint_uri  # noqa: S311
    fatal = [at_number(random.randint(20, 60), BEFORE), at_words(SENDING, AFTER)]
    for each in fatal:
        proxy = KillProxy(each)
        rpc = proxy.forward(url)
        command = provider.buy("--accept-warnings", "--rpc", rpc)
        with proxy.process(*command) as process:
            said = process.communicate(timeout=120)[0]
        assert process.returncode == -signal.SIGKILL, said
    sale = provider.sale()
    at(sale.task.reveal_deadline)
    mine(1)
    proxy = KillProxy(at_words(SENDING, AFTER))
    rpc = proxy.forward(url)
    with proxy.process(*provider.buy("--accept-warnings", "--rpc", rpc)) as process:
        process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    out, talk = done(capsys, provider.buy("--accept-warnings", "--json"))
    assert sale.stage() == VOIDED
    assert json.loads(out)["ending"] == "TaskVoided"
    assert len(provider.hosts.market(0).tasks()) == 1
    assert "exists already" in talk
