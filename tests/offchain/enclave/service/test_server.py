"""The service: honest clients, clients that disconnect, and malformed requests."""

import json
import socket
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from threading import Event
from time import sleep
from urllib.parse import urlsplit

import httpx
import pytest

from offchain.attestation.quote import parse
from offchain.enclave.service.runs import Runs
from offchain.operator.client import EnclaveClient
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import InvalidRequest, RequestFault, RunAborted
from offchain.protocol.messages import (
    CosignRequest,
    Health,
    Posted,
    Problem,
    ProblemKind,
    Proposal,
    Registration,
    RunId,
    RunStage,
    ServiceError,
    Signed,
)
from offchain.protocol.reports import recover
from offchain.protocol.results import Result
from offchain.simulation.device import SimulatedDevice
from tests.offchain.enclave.service.served import client_of, served
from tests.offchain.honest import BUNDLE, HONEST, OFFERS, REPORT, TASK_ID, fresh
from tests.offchain.market import TOOLS, Offer, make_market, model, run
from tests.vectors.generate import address, word

PLATFORM = word("platform")
REGISTRATION = Registration(address("operator"), address("registry"), 31_337, 7, word("block"))


@pytest.fixture
def client(tmp_path):
    with client_of(fresh(), tmp_path) as made:
        yield made


class Gate:
    """A runner whose models wait until they are released."""

    def __init__(self):
        self.reached, self.open = Event(), Event()

    def run(self, *arguments, **options):
        self.reached.set()
        assert self.open.wait(10)
        return run(*arguments, **options)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


# ── An honest host ──


def test_identity__of_a_boot__is_its_public_keys(client):
    assert client.identity() == fresh().identity


def test_cosign__after_a_measurement__is_what_the_enclave_signs(client):
    client.measure(BUNDLE)
    signed = client.cosign(TASK_ID, 0, client.propose(TASK_ID, 0), PLATFORM)
    assert signed.report == REPORT
    assert signed.cosignature.platform == PLATFORM
    digest = REPORT.digest(HONEST.transcript.domain)
    assert recover(digest, signed.cosignature) == fresh().identity.signing_key
    assert signed.results.root() == REPORT.results


def test_cosign__report_that_does_not_follow_from_the_proposal__is_not_signed(client):
    client.measure(BUNDLE)
    proposal = client.propose(TASK_ID, 0)
    digest = REPORT.digest(HONEST.transcript.domain)
    with pytest.raises(InvalidRequest) as refusal:
        client.cosign(TASK_ID, 0, proposal, PLATFORM, word("a digest"))
    assert refusal.value.reason is RequestFault.ANOTHER_REPORT
    assert client.cosign(TASK_ID, 0, proposal, PLATFORM, digest).report == REPORT


def test_cosign__however_often__is_one_line_of_the_journal(client, tmp_path):
    client.measure(BUNDLE)
    proposal = client.propose(TASK_ID, 0)
    sent = [client.cosign(TASK_ID, 0, proposal, word(f"platform {i}")) for i in range(3)]
    assert len({each.cosignature.platform for each in sent}) == 3
    (line,) = (tmp_path / f"{fresh().identity.signing_key}.jsonl").read_bytes().splitlines()
    assert from_json(Signed, line) == sent[0]


def test_cosign__when_the_journal_cannot_be_written__sends_no_signature(client, tmp_path):
    client.measure(BUNDLE)
    proposal = client.propose(TASK_ID, 0)
    (tmp_path / f"{fresh().identity.signing_key}.jsonl").unlink()
    with pytest.raises(ServiceError, match="failed: FileNotFoundError"):
        client.cosign(TASK_ID, 0, proposal, PLATFORM)


def test_attest__registration__binds_keys_operator_registry_and_block(client):
    made = client.attest(REGISTRATION)
    assert made.device == "simulated"
    assert made.report_data == REGISTRATION.report_data(fresh().identity)
    assert parse(made.quote).body.report_data == made.report_data + bytes(32)
    other = client.attest(replace(REGISTRATION, operator=address("another operator")))
    assert other.report_data != made.report_data
    bodies = [parse(each.quote).body for each in (made, other)]
    assert bodies[1].report_data == other.report_data + bytes(32)
    assert replace(bodies[1], report_data=bodies[0].report_data) == bodies[0]


def test_measure__progress__counts_every_submission(client):
    seen = []
    client.measure(BUNDLE, seen.append)
    assert seen[-1].stage is RunStage.MEASURED
    assert seen[-1].done == seen[-1].total == len(HONEST.transcript.reveals)


def test_measure__client_that_goes_away__is_finished_all_the_same(tmp_path, gate):
    with served(fresh(), tmp_path, replace(TOOLS, run=gate.run)) as url:
        with EnclaveClient(url) as leaving:
            leaving.start(BUNDLE)
            assert gate.reached.wait(10)
        gate.open.set()
        with EnclaveClient(url) as another:
            another.measure(BUNDLE)
            assert another.propose(TASK_ID, 0).results


def test_start__again_while_measuring__is_the_same_run(tmp_path, gate):
    with client_of(fresh(), tmp_path, tools=replace(TOOLS, run=gate.run)) as client:
        client.start(BUNDLE)
        assert gate.reached.wait(10)
        again = client.start(BUNDLE)
        assert (again.stage, again.done) == (RunStage.MEASURING, 0)
        assert client.health() == Health(measuring=True, simulated=True)
        gate.open.set()
        client.measure(BUNDLE)
        assert client.health() == Health(measuring=False, simulated=True)


def test_health__another_device__is_not_called_simulated(client, monkeypatch):
    monkeypatch.setattr(SimulatedDevice, "name", "tdx")
    assert client.health() == Health(measuring=False, simulated=False)


def test_start__second_task_while_measuring__waits_and_signatures_do_not(tmp_path, gate):
    enclave, other = fresh(), make_market([Offer()], nonce=8)
    enclave.measure(BUNDLE, TOOLS)
    with client_of(enclave, tmp_path, tools=replace(TOOLS, run=gate.run)) as client:
        another = make_market([Offer()], nonce=9)
        client.start(other.bundle(enclave))
        assert gate.reached.wait(10)
        waiting = client.start(another.bundle(enclave))
        assert (waiting.stage, waiting.done, waiting.total) == (RunStage.WAITING, 0, 1)
        signed = client.cosign(TASK_ID, 0, client.propose(TASK_ID, 0), PLATFORM)
        assert signed.report == REPORT
        assert client.status(waiting.run).stage is RunStage.WAITING
        gate.open.set()
        client.measure(another.bundle(enclave))
        assert client.status(RunId(other.transcript.task_id, 0)).stage is RunStage.MEASURED


def test_start__another_bundle_for_a_run_that_waits__takes_its_place(tmp_path, gate):
    enclave, running = fresh(), make_market([Offer()], nonce=8)
    waiting = make_market([Offer(), Offer(model([1]))], nonce=9)
    tools, size = replace(TOOLS, run=gate.run), len(to_json(waiting.bundle(enclave)))
    with client_of(enclave, tmp_path, tools=tools, bundle_bytes=size) as client:
        client.start(running.bundle(enclave))
        assert gate.reached.wait(10)
        client.start(waiting.bundle(enclave, [0]))
        client.start(waiting.bundle(enclave, [0, 1]))
        gate.open.set()
        client.measure(waiting.bundle(enclave, [0, 1]))
        client.measure(waiting.bundle(enclave, [0]))  # leaves one out, measures nothing again
        with pytest.raises(InvalidRequest) as refusal:
            client.measure(waiting.bundle(enclave, [1]))
    assert refusal.value.reason is RequestFault.MEASURED_OTHERWISE


def test_start__more_bytes_than_may_wait__are_refused_and_accepted_later(tmp_path, gate):
    enclave = fresh()
    bundles = [make_market([Offer()], nonce=nonce).bundle(enclave) for nonce in (8, 9, 10)]
    size = max(len(to_json(each)) for each in bundles)
    tools = replace(TOOLS, run=gate.run)
    with client_of(enclave, tmp_path, tools=tools, bundle_bytes=size) as client:
        client.start(bundles[0])
        assert gate.reached.wait(10)
        client.start(bundles[1])
        with pytest.raises(ServiceError, match="Too many bundles wait"):
            client.start(bundles[2])
        gate.open.set()
        client.measure(bundles[1])
        client.measure(bundles[2])


def test_start__part_of_the_inventory_after_the_signature__leaves_the_run_measured(client):
    client.measure(BUNDLE)
    client.cosign(TASK_ID, 0, client.propose(TASK_ID, 0), PLATFORM)
    client.start(HONEST.bundle(fresh(), [0]))
    eventually(lambda: client.status(RunId(TASK_ID, 0)).stage is RunStage.MEASURED)
    assert client.start(BUNDLE).stage is RunStage.MEASURED


def test_start__failed_runs__the_newest_are_known(monkeypatch):
    def fail(*_):
        raise InvalidRequest(RequestFault.TEST_SET, "missing")

    monkeypatch.setattr("offchain.enclave.service.runs.FAILURES", 1)
    runs = Runs(fail, 10**6)
    bundles = [make_market([Offer()], nonce=nonce).bundle(fresh()) for nonce in (8, 9, 10)]
    names = [RunId(each.transcript.task_id, 0) for each in bundles]
    for at in (0, 1, 0, 2):  # 0 fails again after 1
        runs.start(bundles[at], 1)
        eventually(lambda run=names[at]: runs.status(run).stage is RunStage.FAILED)
    assert [runs.status(each) is not None for each in names] == [True, False, True]
    assert set(runs._inputs) == {names[0], names[2]}


# ── Malicious and broken clients ──


@pytest.mark.parametrize("ask", ["status", "propose", "cosign"])
def test_ask__task_that_was_not_measured__is_refused(client, ask):
    proposal = Proposal((Result(0, score=1),), ())
    with pytest.raises(InvalidRequest) as refusal:
        {
            "status": lambda: client.status(RunId(TASK_ID, 0)),
            "propose": lambda: client.propose(TASK_ID, 0),
            "cosign": lambda: client.cosign(TASK_ID, 0, proposal, PLATFORM),
        }[ask]()
    assert refusal.value.reason is RequestFault.NOT_MEASURED


def test_measure__larger_inventory_than_before__is_refused(client):
    client.measure(BUNDLE)
    client.measure(HONEST.bundle(fresh(), [0]))  # without the others: nothing is signed yet
    with pytest.raises(InvalidRequest) as refusal:
        client.measure(BUNDLE)
    assert refusal.value.reason is RequestFault.MEASURED_OTHERWISE
    assert client.status(RunId(TASK_ID, 0)).stage is RunStage.MEASURED


def test_start__smaller_inventory_on_another_seed__is_refused_at_once(client):
    client.measure(BUNDLE)
    fork = make_market(OFFERS, prevrandao=word("fork"))
    assert fork.transcript.task_id == TASK_ID
    with pytest.raises(InvalidRequest) as refusal:
        client.start(fork.bundle(fresh(), [0]))
    assert refusal.value.reason is RequestFault.MEASURED_OTHERWISE


def test_start__smaller_inventory_and_another_posted_report__is_refused_at_once(tmp_path):
    first, second, seat = (fresh(position) for position in range(3))
    first.measure(HONEST.bundle(first), TOOLS)
    second.measure(HONEST.bundle(second, [0]), TOOLS)
    signed = [
        each.cosign(TASK_ID, 0, each.propose(TASK_ID, 0), PLATFORM) for each in (first, second)
    ]
    judged, other = (Posted(each.report, (each.cosignature,)) for each in signed)
    with client_of(seat, tmp_path) as client:
        client.measure(replace(HONEST.bundle(seat), posted=judged))
        with pytest.raises(InvalidRequest) as refusal:
            client.start(replace(HONEST.bundle(seat, [0]), posted=other))
    assert refusal.value.reason is RequestFault.MEASURED_OTHERWISE


def test_measure__release_to_another_enclave__is_refused_and_may_be_mended(client):
    with pytest.raises(InvalidRequest) as refusal:
        client.measure(HONEST.bundle(fresh(1)))
    assert refusal.value.reason is RequestFault.ANOTHER_ENCLAVE
    client.measure(BUNDLE)


def test_measure__environment_fails__names_the_submission(tmp_path):
    market = make_market([Offer(), Offer(model(abort=True))])
    with client_of(market.enclaves[0], tmp_path) as client, pytest.raises(RunAborted) as abort:
        client.measure(market.bundle(market.enclaves[0]))
    assert (abort.value.submission, abort.value.cause) == (1, "killed")


def test_measure__fault_of_the_service__is_said_without_its_words(tmp_path):
    def fail(*_, **__):
        raise KeyError("something secret")

    with (
        client_of(fresh(), tmp_path, tools=replace(TOOLS, run=fail)) as client,
        pytest.raises(ServiceError, match=r"^failed: KeyError$"),
    ):
        client.measure(BUNDLE)


def post(client, path, content):
    answer = httpx.post(f"{client.url}/{path}", content=content)
    return answer.status_code, from_json(Problem, answer.content)


@pytest.mark.parametrize("path", ["attestation", "measure", "propose", "cosign"])
def test_post__nonsense__is_malformed(client, path):
    for content in (b"", b"{", b"[]", b"{}", b"\xff"):
        status, problem = post(client, path, content)
        assert (status, problem.kind, problem.reason) == (
            400,
            ProblemKind.REFUSED,
            RequestFault.MALFORMED,
        )


def test_post__unknown_field__is_malformed(client):
    document = json.loads(to_json(REGISTRATION)) | {"extra": 1}
    status, problem = post(client, "attestation", json.dumps(document).encode())
    assert (status, problem.reason) == (400, RequestFault.MALFORMED)
    assert "extra" in problem.detail


def test_post__too_many_bytes__are_not_read(tmp_path):
    with client_of(fresh(), tmp_path, bundle_bytes=1_000) as client:
        assert post(client, "measure", bytes(1_000))[0] == 400
        status, problem = post(client, "measure", bytes(1_001))
    assert (status, problem.kind) == (413, ProblemKind.REQUEST)


def test_cosign__scores_of_nobody__is_a_conflict_with_the_enclaves_word(client):
    client.measure(BUNDLE)
    proposal = client.propose(TASK_ID, 0)
    forged = replace(proposal.results[0], score=1)
    lie = replace(proposal, results=(forged, *proposal.results[1:]))
    status, problem = post(
        client, "cosign", to_json(CosignRequest(RunId(TASK_ID, 0), lie, PLATFORM))
    )
    assert (status, problem.kind, problem.reason) == (409, ProblemKind.REFUSED, RequestFault.SCORES)


def test_cosign__long_refusal__is_cut(client):
    client.measure(BUNDLE)
    many = Proposal(tuple(Result(index, 1) for index in range(1_000)), ())
    request = to_json(CosignRequest(RunId(TASK_ID, 0), many, PLATFORM))
    status, problem = post(client, "cosign", request)
    assert (status, problem.reason, len(problem.detail)) == (409, RequestFault.RESULTS, 2_000)


@pytest.mark.parametrize("path", ["/nothing", "/measure/0x12/0", "/measure/0x" + 64 * "0" + "/2"])
def test_get__unknown_address__is_said(client, path):
    answer = httpx.get(client.url + path)
    problem = from_json(Problem, answer.content)
    assert (answer.status_code, problem.kind) == (404, ProblemKind.REQUEST)


def test_post__client_gone_half_way__leaves_the_service_up(client):
    parts = urlsplit(client.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(b"POST /measure HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert client.identity() == fresh().identity


# ── Artifacts ──

CONTENT = bytes(range(256)) * 5_000
DIGEST = sha256(CONTENT).digest()


class Measured:
    """A source of bytes that records the size of the largest piece read."""

    def __init__(self, content):
        self.stream, self.largest = BytesIO(content), 0

    def seek(self, offset, whence=0):
        return self.stream.seek(offset, whence)

    def read(self, size):
        self.largest = max(self.largest, size)
        return self.stream.read(size)


def test_put_artifact__by_its_digest__is_in_the_folder(tmp_path):
    with client_of(fresh(), tmp_path, upload_bytes=len(CONTENT)) as client:
        assert not client.has_artifact(DIGEST)
        source = Measured(CONTENT)
        client.put_artifact(DIGEST, source)
        assert client.has_artifact(DIGEST)
        client.put_artifact(DIGEST, BytesIO(CONTENT))
    assert 0 < source.largest <= 2**20
    assert (tmp_path / "artifacts" / DIGEST.hex()).read_bytes() == CONTENT


def test_put_artifact__of_another_digest__is_refused_and_leaves_nothing(tmp_path):
    with client_of(fresh(), tmp_path, upload_bytes=len(CONTENT)) as client:
        with pytest.raises(InvalidRequest, match="expected 0x0000") as refusal:
            client.put_artifact(bytes(32), BytesIO(CONTENT))
        assert refusal.value.reason is RequestFault.ARTIFACT
        assert not client.has_artifact(bytes(32))
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_put_artifact__larger_than_the_machine_takes__is_refused(tmp_path):
    with client_of(fresh(), tmp_path, upload_bytes=len(CONTENT) - 1) as client:
        answer = httpx.put(f"{client.url}/artifacts/{DIGEST.hex()}", content=CONTENT)
        assert answer.status_code == 413
        with pytest.raises((InvalidRequest, ServiceError)):
            client.put_artifact(DIGEST, BytesIO(CONTENT))
        assert not client.has_artifact(DIGEST)
        assert client.identity() == fresh().identity


def test_put_artifact__client_gone_half_way__leaves_nothing(client, tmp_path):
    """The client goes once the upload has its file: an empty folder before that shows nothing."""
    folder, parts = tmp_path / "artifacts", urlsplit(client.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        head = (
            f"PUT /artifacts/{DIGEST.hex()} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
        )
        connection.sendall(head.encode())
        eventually(lambda: list(folder.iterdir()))
    eventually(lambda: not list(folder.iterdir()))
    assert client.identity() == fresh().identity


def eventually(condition):
    """Wait for another thread; how long it takes decides nothing, short of five minutes."""
    for _ in range(6_000):
        if condition():
            return
        sleep(0.05)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("digest", ["00", 64 * "g", 66 * "0", ".." + 62 * "0", "%2e%2e%2fx"])
def test_put_artifact__digest_that_is_none__is_no_path(client, digest):
    answer = httpx.put(f"{client.url}/artifacts/{digest}", content=b"")
    assert answer.status_code in (404, 405)
