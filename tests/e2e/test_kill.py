"""Provider and operators killed wherever they touch the world: no double report, nothing lost.

As processes by SIGKILL, at a request of which `KillProxy` says when; and file by file by a fuse
within this process, which blows before or after each.
"""

import signal
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest
from web3._utils.http_session_manager import HTTPSessionManager

from offchain.chain.history import REPORTED
from offchain.operator.client import EnclaveClient
from offchain.protocol.messages import RunId
from offchain.protocol.release import open_release
from offchain.storage import publications
from tests.e2e.commands import operate_options, release_options, upload, write_book
from tests.e2e.hosts import KEY, close_sale, close_sales, mine, open_sale
from tests.e2e.kill_proxy import AFTER, BEFORE, KillProxy, at_number, at_words, never
from tests.offchain.market import enclaves, model

MODELS = [model([0, 1, 2, 3]), model(range(20))]


class Killed(BaseException):
    """Nothing in the program catches this."""


class Fuse:
    """Blows at the given event."""

    def __init__(self):
        self.left = None

    def set(self, events):
        self.left = events

    def around(self, function):
        def fused(*arguments, **options):
            self._burn()
            answer = function(*arguments, **options)
            self._burn()
            return answer

        return fused

    def _burn(self):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture
def fuse(monkeypatch):
    made = Fuse()
    post = HTTPSessionManager.make_post_request
    monkeypatch.setattr(HTTPSessionManager, "make_post_request", made.around(post))
    monkeypatch.setattr(EnclaveClient, "_request", made.around(EnclaveClient._request))
    monkeypatch.setattr(publications, "write", made.around(publications.write))
    return made


@pytest.fixture
def closed(hosts):
    sale = open_sale(hosts, MODELS)
    close_sale(sale)
    mine()
    return sale


def test_release__killed_at_every_file__is_on_one_inventory(closed, fuse):
    inventories, kills = set(), 0
    for events in range(1, 200, 2):
        fuse.set(events)
        try:
            list(closed.provider().release(closed.task_id, without=[1] if not inventories else []))
            break
        except Killed:
            kills += 1
        finally:
            fuse.set(None)
        inventory = closed.published.inventory(closed.task_id)
        inventories |= {inventory} - {None}
    assert kills > 3
    assert len(inventories) == 1
    assert opened(closed) == [KEY] * closed.task.quorum


# ── As processes ──

SENDING = [b"eth_sendTransaction"]


def killed(proxy, arguments):
    """Runs a command until it dies."""
    with proxy.process(*arguments) as process:
        ended_by_kill(process)


def ended_by_kill(process):
    said = process.communicate(timeout=120)[0]
    assert process.returncode == -signal.SIGKILL, said


@pytest.fixture
def mirror(hosts):
    """All of the developers' uploads over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=hosts.folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield lambda folder: f"http://127.0.0.1:{server.server_port}/{Path(folder).name}/up"
    server.shutdown()
    server.server_close()
    thread.join()


def test_release__killed_at_any_request__is_on_one_inventory(hosts, mirror, environment):
    sale = open_sale(hosts, [*MODELS, model([4, 5, 6])])
    close_sale(sale, unpublished=[1])
    mine()
    random, inventory = Random(5), partial(sale.published.inventory, sale.task_id)  # noqa: S311

    def release(proxy):
        rpc = proxy.forward(hosts.web3.provider.endpoint_uri)
        source = proxy.forward(mirror(sale.published.url))
        return ["release", *release_options(sale, rpc), "--mirror", source, "--without", "1"]

    for when in (BEFORE, AFTER):
        proxy = KillProxy(at_number(random.randint(1, 8), when))  # up to the last artifact
        killed(proxy, release(proxy))
        assert inventory() is None
    proxy = KillProxy(lambda request: inventory() is not None)
    killed(proxy, release(proxy))
    written = inventory()
    assert written.indices == (0, 2)
    sale.uploads.put_bytes(sale.artifacts[1])
    proxy = KillProxy(never)
    with proxy.process(*release(proxy)) as process:
        said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert inventory() == written
    assert opened(sale) == [KEY] * sale.task.quorum


def opened(sale):
    """Return the keys in the releases of the enclaves to which the test set was released first."""
    market, roster = sale.hosts.market(), sale.documents.roster
    transcript = market.transcript(market.history(sale.task_id), roster)
    commitment = sale.documents.manifest.test_set.key_commitment
    keys = []
    for enclave in enclaves(len(roster))[: sale.task.quorum]:
        release = sale.published.release(sale.task_id, enclave.identity.signing_key)
        keys.append(open_release(transcript, release, enclave._sealing_private, commitment))
    return keys


@pytest.fixture
def sales(hosts):
    """Two whose test sets are released."""
    made = [open_sale(hosts, MODELS) for _ in range(2)]
    close_sales(made)
    mine()
    for sale in made:
        list(sale.provider().release(sale.task_id))
        upload(sale)
    return made


@pytest.fixture
def environment(hosts, monkeypatch):
    """The address book of the deployment, for every process."""
    books = hosts.folder / "books"
    for name, value in write_book(hosts.made, hosts.web3.provider.endpoint_uri, books).items():
        monkeypatch.setenv(name, value)


@contextmanager
def operating(sale, *fatal):
    """Operators at work, one for each end that is given, with their proxies."""
    hosts = sale.hosts
    with ExitStack() as stack:
        processes = []
        proxies = [KillProxy(each) for each in fatal]
        for seat, proxy in enumerate(proxies):
            enclave = proxy.forward(hosts.clients[seat].url)
            rpc = proxy.forward(hosts.web3.provider.endpoint_uri)
            options = operate_options(sale, seat, enclave, rpc)
            command = proxy.process("operate", *options, "--account", hosts.senders[seat].address)
            processes.append(stack.enter_context(command))
        yield processes, proxies


def sign(sale, seat):
    """Lets an operator publish its signature, which posts nothing by itself."""
    operator, run = sale.operator(seat, turn=0), RunId(sale.task_id, 0)
    key = sale.documents.roster[seat].signing_key
    while sale.results(seat).signature(run, key) is None:
        list(operator.step())


def test_operate__killed_at_any_request__posts_one_report_on_each_task(sales, environment):
    """Killed anywhere, before a report leaves, and when it has left without an answer."""
    first, second = sales
    random = Random(3)  # noqa: S311 - nothing secret

    def anywhere(when):
        return at_number(random.randint(1, 60), when)  # none is posted by then

    def run(posted, *fatal):
        with operating(first, *fatal) as (processes, _):
            for process in processes:
                ended_by_kill(process)
        assert [len(sale.reports()) for sale in sales] == posted

    run([0, 0], anywhere(BEFORE), anywhere(AFTER))
    run([0, 0], anywhere(AFTER), anywhere(BEFORE))
    for sale in sales:
        sale.feed(1)  # however far its operator came
        sign(sale, 1)
    run([0, 0], at_words(SENDING, BEFORE))
    run([1, 0], at_words(SENDING, AFTER))
    with operating(first, never, never) as (processes, proxies):
        while not second.reports():
            assert all(process.poll() is None for process in processes)
            time.sleep(0.05)
        mine()
        for proxy in proxies:
            steps = proxy.count(b"eth_blockNumber")
            while proxy.count(b"eth_blockNumber") < steps + 9:  # a step or two more
                time.sleep(0.05)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        said = "".join(process.communicate(timeout=60)[0] for process in processes)
    assert said.count("report posted") == 1
    assert said.count("stopped") == 2
    assert [len(sale.reports()) for sale in sales] == [1, 1]


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_operate__killed_between_signature_and_report__posts_what_it_signed(
    sales, environment, when
):
    """Between the file of its signature and the transaction, on either side of the request."""
    sale = sales[0]
    for each in sales:
        each.feed(0, 1)
        sign(each, 1)
    key, run = sale.documents.roster[0].signing_key, RunId(sale.task_id, 0)

    def signed(request):
        is_late = sale.results(0).signature(run, key) is not None
        return is_late and request.when == when and not sale.reports()

    with operating(sale, signed) as ((process,), _):
        ended_by_kill(process)
    assert sale.reports() == []
    before = sale.results(0).signature(run, key)
    with operating(sale, never) as ((process,), _):
        while not sale.reports():
            assert process.poll() is None
            time.sleep(0.05)
    mine()
    assert sale.results(0).signature(run, key) == before
    posted = sale.hosts.market().history(sale.task_id).posted
    assert posted.results == before.report.results


@pytest.mark.parametrize("seed", range(2))
def test_step__operators_killed_anywhere__post_one_report(closed, fuse, seed):
    random, kills = Random(seed), 0  # noqa: S311 - nothing secret
    list(closed.provider().release(closed.task_id))
    for _ in range(60):
        for seat in (0, 1):
            fuse.set(random.randint(1, 300))
            operator = closed.operator(seat, turn=0)
            try:
                for _ in range(4):  # a process goes on until it is killed
                    list(operator.step())
            except Killed:
                kills += 1
            finally:
                fuse.set(None)
        if closed.stage() == REPORTED:
            break
        mine(1)
    assert kills > 0
    mine()
    assert len(closed.reports()) == 1
    for seat in (0, 1):
        assert list(closed.operator(seat, turn=0).step()) == []


def test_operate__node_and_enclave_that_stall__goes_on_once_they_answer(sales, environment):
    """All answers stop between the signature and the report, for as long as this test wants."""
    sale = sales[0]
    for each in sales:
        each.feed(0, 1)
        sign(each, 1)
    key, run = sale.documents.roster[0].signing_key, RunId(sale.task_id, 0)
    stalled, gate = Event(), Event()

    def stall(_):
        if sale.results(0).signature(run, key) is not None and not gate.is_set():
            stalled.set()
            assert gate.wait(120)
        return False

    with operating(sale, stall) as ((process,), _):
        assert stalled.wait(120)
        assert sale.reports() == []
        gate.set()
        while not sale.reports():
            assert process.poll() is None
            time.sleep(0.05)
    assert len(sale.reports()) == 1
