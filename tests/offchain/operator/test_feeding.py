"""Delivery of tasks to an enclave: failures are retried with backoff, slow tasks delay no other."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from offchain.chain.history import History
from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.enclave import Enclave
from offchain.operator.case import Case, ProviderFiles
from offchain.operator.client import EnclaveClient
from offchain.operator.feeding import MOST_DOUBLINGS, Feeder
from offchain.operator.polling import Polls
from offchain.protocol.errors import RunAborted, RunStopped
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Posted, Proposal, RunId, RunStage, Signed
from offchain.protocol.release import Release
from offchain.protocol.reports import Report
from offchain.protocol.results import Result
from offchain.provider.key_release import signer_of
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from tests.offchain.enclave.service.served import client_of
from tests.offchain.market import (
    ROWS,
    STORE,
    TOOLS,
    Market,
    Offer,
    enclaves,
    make_market,
    model,
    run,
)
from tests.offchain.stalling import files_of, stalling
from tests.vectors.generate import word

MARKET = make_market([Offer(), Offer(model([0, 1, 2]))])
OTHER = make_market([Offer(model([4, 5]))], nonce=8)
TOP = {"sample_size": ROWS, "selection": Selection.TOP, "minimum_gain": 0}
JUDGED = make_market(
    [Offer(model(range(4))), Offer(model(range(12)))],
    manifest=TOP,
    tolerance=25_000,
    max_awards=1,
    nonce=9,
)
"""A market with scores of 900,000 and 700,000, of which only the first gets an award."""


def own_of(market: Market, seat: int = 0) -> Enclave:
    return market.enclaves[seat]


def case_of(
    market: Market, folder: Path, uri: str, release: Release | None = None, seat: int = 0
) -> Case:
    """Return a task as the operator sees it; put the release into the provider's folder."""
    transcript, own = market.transcript, own_of(market, seat).identity
    reveals = tuple(replace(each, uri=uri) for each in transcript.reveals)
    made = market.release(own_of(market, seat)) if release is None else release
    PublicationFolder(str(folder)).put_release(made, own.signing_key)
    documents = TaskDocuments(market.manifest, transcript.roster)
    history = History(transcript.task)
    transcript = replace(transcript, reveals=reveals)
    files = ProviderFiles(market.transcript.task_id, PublicationFolder(str(folder)), Polls(30))
    return Case(transcript.task_id, history, documents, transcript, own, files)


def feeder_of(client: EnclaveClient, folder: Path, linger: float = 30) -> Feeder:
    kept = Store(str(folder / "kept"))
    for market in (MARKET, OTHER, JUDGED):
        test_set = market.manifest.test_set.artifact_digest
        kept.put_bytes(STORE.fetch_bytes(test_set, 10**6))
    patience = RetryPolicy(seconds=60, attempts=1)
    sources = SubmissionSources(kept, (), patience, local=True)
    return Feeder(client, sources, ResultsFolder(str(folder / "results")), linger)


def step(feeder: Feeder, case: Case, posted: Posted | None = None) -> list[str]:
    feeder.next_step()
    case.files.polls.next_step()
    return list(feeder.ensure_measured(case, posted))


def end_of(client: EnclaveClient, case: Case, round_: int = 0) -> RunStage:
    """Wait for the current run; return the stage in which it ends."""
    while (status := client.status(RunId(case.task_id, round_))).stage in (
        RunStage.WAITING,
        RunStage.MEASURING,
    ):
        pass
    return status.stage


@pytest.fixture
def published():
    """Serve the files of all markets without delay; yield the URL."""
    files = {**files_of(MARKET), **files_of(OTHER), **files_of(JUDGED)}
    with stalling(files, crowd=1) as server:
        yield server.url


def serve(folder: Path, run: Callable[..., object] = run, seat: int = 0):
    return client_of(enclaves()[seat], folder, tools=replace(TOOLS, run=run))


def test_ensure_measured__run_that_keeps_aborting__is_retried_with_backoff(tmp_path, published):
    def abort(*_, submission, **__):
        raise RunAborted(submission, "killed")

    with serve(tmp_path, abort) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        said = []
        for number in range(1, 250):
            for line in step(feeder, case):
                said.append((number, line))
                if line.startswith("measures"):
                    assert end_of(client, case) is RunStage.FAILED
    started = [number for number, line in said if line.startswith("measures")]
    pauses = [late - early - 1 for early, late in pairwise(started)]
    assert pauses == [1, 2, 4, 8, 16, 32, 2**MOST_DOUBLINGS, 64]
    assert said[1][1].startswith("measurement failed: ")
    assert "killed" in said[1][1]
    assert [line.rsplit("; ", 1)[1] for _, line in said if "failed" in line][:3] == [
        "retry in 1 steps",
        "retry in 2 steps",
        "retry in 4 steps",
    ]


def test_ensure_measured__artifact_missing__is_retried_and_delivered_once_published(tmp_path):
    files = files_of(MARKET)
    lost = MARKET.transcript.by_index[1].submission.artifact_digest.hex()
    content = files.pop(lost)
    with serve(tmp_path) as client, stalling(files, crowd=1) as server:
        case, feeder = case_of(MARKET, tmp_path, server.url), feeder_of(client, tmp_path)
        (line,) = step(feeder, case)
        assert f"{server.url}/{lost}: not found" in line
        assert line.endswith("; retry in 1 steps")
        files[lost] = content
        assert step(feeder, case) == ["measures 2 submissions in round 0"]
        assert end_of(client, case) is RunStage.MEASURED


def test_ensure_measured__server_that_stalls__delays_no_other_task(tmp_path, published):
    with serve(tmp_path) as client, stalling({}) as bad:
        slow, quick = (
            case_of(MARKET, tmp_path, bad.url),
            case_of(OTHER, tmp_path, published),
        )
        feeder = feeder_of(client, tmp_path, linger=0)
        assert step(feeder, slow) == ["fetched 0 of 2 submissions"]
        bad.wait_for(2)
        feeder.linger = 30
        assert step(feeder, quick) == ["measures 1 submissions in round 0"]
        assert end_of(client, quick) is RunStage.MEASURED
        feeder.linger = 0
        assert step(feeder, slow) == ["fetched 0 of 2 submissions"]
        assert bad.here == 2


def test_ensure_measured__release_of_an_unrevealed_submission__is_reported_and_retried(
    tmp_path, published
):
    with serve(tmp_path) as client:
        release = replace(MARKET.release(own_of(MARKET)), inventory=(0, 7))
        case = case_of(MARKET, tmp_path, published, release)
        feeder = feeder_of(client, tmp_path)
        (line,) = step(feeder, case)
    assert line == ("ValueError: submission 7 of the inventory is not revealed; retry in 1 steps")


def test_ensure_measured__test_set__is_fetched_from_the_provider(tmp_path, published):
    digest = MARKET.manifest.test_set.artifact_digest
    files = {digest.hex(): STORE.fetch_bytes(digest, 10**6)}
    with serve(tmp_path) as client, stalling(files, crowd=1) as provider:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        feeder.sources = replace(feeder.sources, keep=Store(str(tmp_path / "empty")))
        case = replace(case, history=replace(case.history, uri=provider.url))
        assert step(feeder, case) == ["measures 2 submissions in round 0"]
        assert end_of(client, case) is RunStage.MEASURED


def test_ensure_measured__test_set_larger_than_any_model__is_fetched_all_the_same(
    tmp_path, published
):
    limits = replace(MARKET.manifest.limits, model_bytes=1)
    with serve(tmp_path) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        documents = replace(case.documents, manifest=replace(MARKET.manifest, limits=limits))
        (line,) = step(feeder, replace(case, documents=documents))
    digest = MARKET.transcript.by_index[0].submission.artifact_digest.hex()
    assert line.startswith(f"StorageError: {published}/{digest}")
    assert "more than 17 bytes" in line


# ── Models that are stopped ──


def test_ensure_measured__model_stopped__publishes_the_notice_and_takes_the_next_release_at_once(
    tmp_path, published
):
    runs = []

    def stop_second(*args, submission, **options):
        runs.append(submission)
        if submission == 1:
            raise RunStopped(submission, "killed")
        return run(*args, submission=submission, **options)

    with serve(tmp_path, stop_second) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        step(feeder, case)
        assert end_of(client, case) is RunStage.FAILED
        assert step(feeder, case) == ["models [1] were stopped; retry in 64 steps"]
        notice = feeder.results.notice(case.task_id)
        assert notice.stopped == (1,)
        assert signer_of(notice, MARKET.transcript) == own_of(MARKET).identity.signing_key
        assert [step(feeder, case) for _ in range(9)] == 9 * [[]]  # the same release
        assert runs == [0, 1]
        case_of(MARKET, tmp_path, published, MARKET.release(own_of(MARKET), [0]))
        assert step(feeder, case) == ["measures 1 submissions in round 0"]
        assert end_of(client, case) is RunStage.MEASURED
        assert step(feeder, case) == []
    assert runs == [0, 1]  # nothing is measured again


def test_ensure_measured__no_next_release__runs_what_was_stopped_again(tmp_path, published):
    """A machine that was starved for a time recovers by itself."""
    runs = []

    def starved(*args, submission, **options):
        runs.append(submission)
        if runs.count(1) == 1 and submission == 1:
            raise RunStopped(submission, "killed")
        return run(*args, submission=submission, **options)

    with serve(tmp_path, starved) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        step(feeder, case)
        assert end_of(client, case) is RunStage.FAILED
        said = [line for _ in range(65) for line in step(feeder, case)]
        assert said[1:] == ["measures 2 submissions in round 0"]
        assert end_of(client, case) is RunStage.MEASURED
    assert runs == [0, 1, 1]


def test_ensure_measured__next_release_that_cannot_be_delivered__is_retried_with_backoff(
    tmp_path, published
):
    with serve(tmp_path) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        step(feeder, case)
        assert end_of(client, case) is RunStage.MEASURED
        unknown = replace(MARKET.release(own_of(MARKET)), inventory=(7,))
        case_of(MARKET, tmp_path, published, unknown)
        said = [line for _ in range(5) for line in step(feeder, case)]
    reason = "ValueError: submission 7 of the inventory is not revealed"
    assert said == [f"{reason}; retry in {pause} steps" for pause in (1, 2, 4)]


# ── For a panel ──


def signed_of(*scores: int) -> Signed:
    """Return the report and signature of the first enclave for a proposal with these scores."""
    enclave, task_id = enclaves()[0], JUDGED.transcript.task_id
    enclave.measure(JUDGED.bundle(enclave), TOOLS)
    results = tuple(Result(index, score) for index, score in enumerate(scores))
    return enclave.cosign(task_id, 0, Proposal(results, ()), word("platform"))


SIGNED = signed_of(890_000, 690_000)
POSTED = Posted(SIGNED.report, (SIGNED.cosignature,))


def judged_by(client: EnclaveClient, feeder: Feeder, case: Case) -> tuple[list[str], Report]:
    """Return the feeder's lines and the verdict."""
    said = step(feeder, case, POSTED)
    assert end_of(client, case, 1) is RunStage.MEASURED
    proposal = client.propose(case.task_id, 1)
    return said, client.cosign(case.task_id, 1, proposal, word("seat")).report


def test_ensure_measured__panel_without_any_file__signs_the_posted_report(tmp_path, published):
    with serve(tmp_path, seat=1) as client:
        feeder = feeder_of(client, tmp_path)
        said, verdict = judged_by(client, feeder, case_of(JUDGED, tmp_path, published, seat=1))
    assert said == ["measures 2 submissions in round 1"]
    assert verdict == replace(SIGNED.report, round=1)  # with the exact score that no award shows


def test_ensure_measured__enclave_without_artifacts__gets_them_by_upload(tmp_path, published):
    """Upload is needed because a TDX trust domain shares no folder with its host."""
    own = ArtifactFolder(tmp_path / "artifacts")
    with client_of(enclaves()[0], tmp_path, tools=replace(TOOLS, artifacts=own)) as client:
        feeder, case = feeder_of(client, tmp_path), case_of(MARKET, tmp_path, published)
        assert step(feeder, case) == ["measures 2 submissions in round 0"]
        assert end_of(client, case) is RunStage.MEASURED
    wanted = {each.submission.artifact_digest for each in MARKET.transcript.reveals}
    wanted.add(MARKET.manifest.test_set.artifact_digest)
    assert {path.name for path in own.path.iterdir()} == {digest.hex() for digest in wanted}


def test_ensure_measured__artifacts_that_the_enclave_has__are_not_sent_again(tmp_path, published):
    own = ArtifactFolder(tmp_path / "artifacts")
    sent = []
    with client_of(enclaves()[0], tmp_path, tools=replace(TOOLS, artifacts=own)) as client:
        first = MARKET.transcript.reveals[0].submission.artifact_digest
        client.put_artifact(first, BytesIO(STORE.fetch_bytes(first, 10**6)))
        put, client.put_artifact = (
            client.put_artifact,
            lambda *each: (sent.append(each[0]), put(*each)),
        )
        feeder, case = feeder_of(client, tmp_path), case_of(MARKET, tmp_path, published)
        step(feeder, case)
        assert end_of(client, case) is RunStage.MEASURED
    assert first not in sent
    assert len(sent) == len(MARKET.transcript.reveals)
