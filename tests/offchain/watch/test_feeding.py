"""An enclave is fed task by task: what fails is put off, what is slow keeps nobody waiting."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from offchain.artifacts.store import Patience, Store
from offchain.chain.documents import Documents, Folder
from offchain.chain.market import History
from offchain.enclave import Enclave
from offchain.models.refusals import RunAborted
from offchain.provider.holdings import Sources
from offchain.release import Release
from offchain.service.client import EnclaveClient
from offchain.service.wire import RunId, Stage
from offchain.watch.case import Case
from offchain.watch.feeding import LONGEST_PAUSE, Feeder
from tests.offchain.market import STORE, TOOLS, Market, Offer, enclaves, make_market, model, run
from tests.offchain.service.served import client_of
from tests.offchain.stalling import files_of, stalling

MARKET = make_market([Offer(), Offer(model([0, 1, 2]))])
OTHER = make_market([Offer(model([4, 5]))], nonce=8)


def own_of(market: Market) -> Enclave:
    return market.enclaves[0]


def case_of(market: Market, folder: Path, uri: str, release: Release | None = None) -> Case:
    """A task as the operator sees it, with the release in the provider's folder."""
    transcript, own = market.transcript, own_of(market).identity
    reveals = tuple(replace(each, uri=uri) for each in transcript.reveals)
    made = market.release(own_of(market)) if release is None else release
    Folder(str(folder)).put_release(made, own.signing_key)
    documents = Documents(market.manifest, transcript.roster)
    history = History(transcript.task)
    return Case(transcript.task_id, history, documents, replace(transcript, reveals=reveals), own)


def feeder_of(client: EnclaveClient, folder: Path, linger: float = 30) -> Feeder:
    kept = Store(str(folder / "kept"))
    for market in (MARKET, OTHER):
        test_set = market.manifest.test_set.artifact_digest
        kept.put_bytes(STORE.fetch_bytes(test_set, 10**6))
    patience = Patience(seconds=60, attempts=1)
    return Feeder(client, Folder(str(folder)), Sources(kept, (), patience, local=True), linger)


def step(feeder: Feeder, case: Case) -> list[str]:
    feeder.next_step()
    return list(feeder.measured(case, None))


def end_of(client: EnclaveClient, case: Case) -> Stage:
    """How the run under way ends."""
    while (status := client.status(RunId(case.task_id, 0))).stage in (
        Stage.WAITING,
        Stage.MEASURING,
    ):
        pass
    return status.stage


@pytest.fixture
def published():
    """Both markets' files, on a server that answers at once."""
    with stalling({**files_of(MARKET), **files_of(OTHER)}, crowd=1) as server:
        yield server.url


def serve(folder: Path, run: Callable[..., object] = run):
    return client_of(enclaves()[0], folder, tools=replace(TOOLS, run=run))


def test_measured__run_that_aborts_again_and_again__is_put_off_ever_longer(tmp_path, published):
    def abort(*_, submission):
        raise RunAborted(submission, "killed")

    with serve(tmp_path, abort) as client:
        case, feeder = case_of(MARKET, tmp_path, published), feeder_of(client, tmp_path)
        said = []
        for number in range(1, 250):
            for line in step(feeder, case):
                said.append((number, line))
                if line.startswith("measures"):
                    assert end_of(client, case) is Stage.FAILED
    started = [number for number, line in said if line.startswith("measures")]
    pauses = [late - early - 1 for early, late in pairwise(started)]
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]
    assert said[1][1].startswith("measurement failed: ")
    assert "killed" in said[1][1]
    assert [line.rsplit("; ", 1)[1] for _, line in said if "failed" in line][:3] == [
        "tried again in 1 steps",
        "tried again in 2 steps",
        "tried again in 4 steps",
    ]


def test_measured__artifact_nowhere__is_put_off_and_brought_once_it_is_there(tmp_path):
    files = files_of(MARKET)
    lost = MARKET.transcript.by_index[1].submission.artifact_digest.hex()
    content = files.pop(lost)
    with serve(tmp_path) as client, stalling(files, crowd=1) as server:
        case, feeder = case_of(MARKET, tmp_path, server.url), feeder_of(client, tmp_path)
        (line,) = step(feeder, case)
        assert f"{server.url}/{lost}: not found" in line
        assert line.endswith("; tried again in 1 steps")
        files[lost] = content
        assert step(feeder, case) == ["measures 2 submissions in round 0"]
        assert end_of(client, case) is Stage.MEASURED


def test_measured__server_that_stalls__keeps_no_other_task_waiting(tmp_path, published):
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
        assert end_of(client, quick) is Stage.MEASURED
        feeder.linger = 0
        assert step(feeder, slow) == ["fetched 0 of 2 submissions"]
        assert bad.here == 2


def test_measured__release_of_what_was_not_revealed__is_said_and_put_off(tmp_path, published):
    with serve(tmp_path) as client:
        release = replace(MARKET.release(own_of(MARKET)), inventory=(0, 7))
        case = case_of(MARKET, tmp_path, published, release)
        feeder = feeder_of(client, tmp_path)
        (line,) = step(feeder, case)
    assert line == (
        "ValueError: submission 7 of the inventory is not revealed; tried again in 1 steps"
    )
