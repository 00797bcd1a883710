"""The first release: an inventory of all that was revealed, or of nothing until time is short."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from offchain.chain.history import History
from offchain.protocol.transcript import Transcript
from offchain.provider import key_release
from offchain.provider.key_release import SubmissionsMissing, last_call
from offchain.storage.publications import Inventory, PublicationFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from tests.offchain.market import STORE, Offer, make_market, model
from tests.sale import DAY
from tests.vectors.generate import word

MARKET = make_market(
    [Offer(model([i])) for i in range(4)],
    commit_deadline=DAY,
    reveal_deadline=2 * DAY,
    report_deadline=5 * DAY,
)
LAST_CALL = 4 * DAY
QUICK = RetryPolicy(seconds=5, attempts=1)


@dataclass
class ChainOfOneTask:
    """A market with what a release asks it for."""

    seen: Transcript
    time: int = 3 * DAY
    registry: str = "0x"
    node: Any = None

    def now(self) -> int:
        return self.time

    def history(self, _: bytes) -> History:
        seen = self.seen
        closed = {"seed": seen.seed, "randomness": (bytes(32), bytes(32))}
        return History(seen.task, reveals=seen.reveals, **closed)

    def transcript(self, *_: object) -> Transcript:
        return self.seen


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    known = {each.identity: SimpleNamespace(operator=n) for n, each in enumerate(MARKET.enclaves)}
    made = SimpleNamespace(active=lambda *_: known)
    monkeypatch.setattr(key_release, "Registry", lambda *_: made)


@pytest.fixture
def folder(tmp_path):
    made = PublicationFolder(str(tmp_path / "published"))
    roster = MARKET.transcript.roster
    made.put_documents(MARKET.transcript.task_id, TaskDocuments(MARKET.manifest, roster))
    return made


@pytest.fixture
def released(folder, tmp_path):
    """Releases with the files of some submissions at hand; gives lines."""

    def release(available, without=(), time=3 * DAY, uri=None, local=True):
        place = tmp_path / f"up {sorted(available)}"
        place.mkdir(exist_ok=True)
        for index in available:
            reveal = MARKET.transcript.by_index[index]
            artifact = reveal.submission.artifact_digest
            (place / artifact.hex()).write_bytes(STORE.fetch_bytes(artifact, 10**6))
            (place / reveal.keyring_digest.hex()).write_bytes(MARKET.keyrings[index])
        uri = str(place) if uri is None else uri
        reveals = tuple(replace(each, uri=uri) for each in MARKET.transcript.reveals)
        sources = SubmissionSources(Store(str(tmp_path / f"kept {place.name}")), (), QUICK, local)
        chain = ChainOfOneTask(replace(MARKET.transcript, reveals=reveals), time)
        provider = key_release.TestSetRelease(
            chain, folder, sources, MARKET.key, lambda size: word("r")[:size]
        )
        return list(provider.release(chain.seen.task_id, (), without))

    return release


def inventory(folder) -> tuple[int, ...] | None:
    found = folder.inventory(MARKET.transcript.task_id)
    return None if found is None else found.indices


def nothing_written(folder) -> bool:
    keys = [each.identity.signing_key for each in MARKET.enclaves]
    task_id = MARKET.transcript.task_id
    return inventory(folder) is None and not any(folder.release(task_id, key) for key in keys)


def test_last_call__leaves_a_third_of_the_time_to_report():
    assert last_call(MARKET.transcript.task) == LAST_CALL


def test_release__everything_at_hand__is_in_the_inventory(folder, released):
    said = released(range(4))
    assert said[0] == "inventory of 4 out of 4 submissions"
    assert inventory(folder) == (0, 1, 2, 3)


@pytest.mark.parametrize("available", [(), (0, 1, 3)])
def test_release__submission_missing__writes_nothing_and_names_the_uri(folder, released, available):
    with pytest.raises(SubmissionsMissing) as missing:
        released(available)
    assert nothing_written(folder)
    assert missing.value.reasons.keys() == set(range(4)) - set(available)
    assert missing.value.until == LAST_CALL
    developer = MARKET.transcript.by_index[2].developer
    assert f"submission 2 of {developer} is not at '" in str(missing.value)
    assert "not found" in str(missing.value)
    assert "--without 2" in str(missing.value)


def test_release__missing_one_that_comes_later__is_in_the_inventory(folder, released):
    with pytest.raises(SubmissionsMissing):
        released([0, 1])
    released(range(4))
    assert inventory(folder) == (0, 1, 2, 3)


def test_release__missing_one_that_is_named__is_left_out(folder, released):
    assert released([0, 1, 3], without=[2])[0] == "inventory of 3 out of 4 submissions"
    assert inventory(folder) == (0, 1, 3)


def test_release__another_one_missing_than_named__writes_nothing(folder, released):
    with pytest.raises(SubmissionsMissing) as missing:
        released([0, 1], without=[2])
    assert missing.value.reasons.keys() == {3}
    assert nothing_written(folder)


@pytest.mark.parametrize(("time", "waits"), [(LAST_CALL - 1, True), (LAST_CALL, False)])
def test_release__at_the_last_call__goes_on_without(folder, released, time, waits):
    if waits:
        with pytest.raises(SubmissionsMissing):
            released([0, 1, 3], time=time)
        assert nothing_written(folder)
        return
    said = released([0, 1, 3], time=time)
    assert said[0].startswith("warning: left out for good, as time is up: submission 2 of ")
    assert inventory(folder) == (0, 1, 3)


@pytest.mark.parametrize("time", [3 * DAY, LAST_CALL, 5 * DAY])
def test_release__nothing_at_hand__never_writes_an_empty_inventory(folder, released, time):
    with pytest.raises(SubmissionsMissing):
        released((), time=time)
    assert nothing_written(folder)


def test_release__everything_left_out_by_name__is_refused(folder, released):
    with pytest.raises(ValueError, match="inventory without submissions"):
        released(range(4), without=range(4))
    assert nothing_written(folder)


def test_release__index_that_nobody_revealed__is_refused(folder, released):
    with pytest.raises(ValueError, match=r"submissions \[9\] were not revealed"):
        released(range(4), without=[9])
    assert nothing_written(folder)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("/srv/models", "expected one of http, https, ipfs, s3"),
        ("http://127.0.0.1:9/models", "127.0.0.1 is not an address of the public network"),
    ],
)
def test_release__uri_that_is_not_followed__says_why(folder, released, uri, why):
    """Swallowed, it looked as if the developer had published nothing."""
    with pytest.raises(SubmissionsMissing) as missing:
        released(range(4), uri=uri, local=False)
    assert uri in str(missing.value)
    assert why in str(missing.value)
    assert nothing_written(folder)


def test_put_inventory__empty__is_refused(folder):
    with pytest.raises(ValueError, match="expected at least one"):
        folder.put_inventory(Inventory(MARKET.transcript.task_id, MARKET.transcript.seed, ()))
