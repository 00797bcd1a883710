"""The first release: an inventory of all that was revealed, or of nothing until time is short."""

from dataclasses import dataclass, replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from offchain.chain.history import History, StandingReport
from offchain.protocol.reports import StopNotice
from offchain.protocol.transcript import Transcript
from offchain.provider import key_release
from offchain.provider.key_release import SubmissionsMissing, last_call
from offchain.storage.publications import (
    Inventory,
    PublicationFolder,
    ResultsFolder,
    TaskDocuments,
)
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from tests.offchain.market import STORE, Offer, key_of, make_market, model
from tests.sale import DAY
from tests.vectors.generate import word

MARKET = make_market(
    [Offer(model([i])) for i in range(4)],
    commit_deadline=DAY,
    reveal_deadline=2 * DAY,
    report_deadline=5 * DAY,
)
TASK_ID = MARKET.transcript.task_id
LAST_CALL = 4 * DAY
QUICK = RetryPolicy(seconds=5, attempts=1)


@dataclass
class ChainOfOneTask:
    """A market with what a release asks it for."""

    seen: Transcript
    time: int = 3 * DAY
    registry: str = "0x"
    node: Any = None
    posted: StandingReport | None = None

    def now(self) -> int:
        return self.time

    def history(self, _: bytes) -> History:
        seen = self.seen
        closed = {"seed": seen.seed, "randomness": (bytes(32), bytes(32))}
        return History(seen.task, reveals=seen.reveals, posted=self.posted, **closed)

    def transcript(self, *_: object) -> Transcript:
        return self.seen


@pytest.fixture(autouse=True)
def registry(monkeypatch, tmp_path):
    known = {
        each.identity: SimpleNamespace(operator=f"operator {seat}")
        for seat, each in enumerate(MARKET.enclaves)
    }
    uris = {f"operator {seat}": str(tmp_path / f"operator {seat}") for seat in range(4)}
    made = SimpleNamespace(active=lambda *_: known, endpoints=lambda: uris)
    monkeypatch.setattr(key_release, "Registry", lambda *_: made)


@pytest.fixture
def folder(tmp_path):
    made = PublicationFolder(str(tmp_path / "published"))
    roster = MARKET.transcript.roster
    made.put_documents(MARKET.transcript.task_id, TaskDocuments(MARKET.manifest, roster))
    return made


@pytest.fixture
def provider(folder, tmp_path):
    """Makes a provider that finds the files of some submissions."""

    def make(available=range(4), *, time=3 * DAY, uri=None, local=True, posted=None):
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
        chain = ChainOfOneTask(replace(MARKET.transcript, reveals=reveals), time, posted=posted)
        numbers = count()
        return key_release.TestSetRelease(
            chain, folder, sources, MARKET.key, lambda size: word(f"r {next(numbers)}")[:size]
        )

    return make


@pytest.fixture
def released(provider):
    """Releases with the files of some submissions at hand; gives lines."""

    def release(available, without=(), **options):
        return list(provider(available, **options).release(TASK_ID, (), without))

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


# Holds S-74.
def test_release__key_that_the_manifest_does_not_commit_to__is_refused(folder, provider):
    maker = replace(provider(range(4)), secret=word("another test set"))
    for release in (maker.release, maker.next_release):
        with pytest.raises(ValueError, match="key is not the one that the manifest commits to"):
            list(release(TASK_ID))
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


def test_put_inventory__smaller_but_no_part_of_the_newest__is_refused(folder):
    whole = Inventory(TASK_ID, MARKET.transcript.seed, (0, 1, 2))
    folder.put_inventory(whole)
    for indices in ((0, 3), (0, 1, 2), (0, 1, 2, 3)):
        with pytest.raises(FileExistsError):
            folder.put_inventory(replace(whole, indices=indices))
    assert folder.inventories(TASK_ID) == [whole]


# ── Later releases ──


def releases(folder) -> list[tuple[int, ...] | None]:
    """Return the inventory of the last release to each enclave."""
    keys = [each.identity.signing_key for each in MARKET.enclaves]
    found = [folder.release(TASK_ID, key) for key in keys]
    return [None if each is None else each.inventory for each in found]


def test_choose__second_enclave_of_an_operator__gets_no_first_release(provider, monkeypatch):
    transcript, chosen = make_market([Offer()], quorum=2).transcript, []
    first, second, third, *_ = transcript.roster
    known = {first: "operator 0", second: "operator 0", third: "operator 1"}
    active = {entry: SimpleNamespace(operator=operator) for entry, operator in known.items()}
    registry = SimpleNamespace(active=lambda *_: active)
    monkeypatch.setattr(key_release, "Registry", lambda *_: registry)

    def choose():
        chosen.extend((yield from provider()._choose(transcript, ())))

    (warning,) = choose()
    assert "active enclaves of 2 operators" in warning
    assert chosen == [first, third]


def publish_notice(root, seat: int, place: int, *stopped: int) -> None:
    """Write the stop notice of a seat's enclave to the folder of the operator at a place."""
    notice = StopNotice.sign(MARKET.transcript, stopped, key_of(MARKET.enclaves[seat]))
    ResultsFolder(str(root / f"operator {place}")).put_notice(notice)


def test_release__envelopes__have_an_ephemeral_key_of_their_own(folder, provider):
    keys = [each.identity.signing_key for each in MARKET.enclaves]
    list(provider().release(TASK_ID, keys))
    envelopes = [folder.release(TASK_ID, key).envelope for key in keys]
    assert len({each[:32] for each in envelopes}) == len(keys)


def test_next_release__stopped_for_two_operators__are_left_out_one_after_another(
    folder, provider, tmp_path
):
    maker = provider()
    list(maker.next_release(TASK_ID))
    assert releases(folder) == [(0, 1, 2, 3), None, None, None]
    for index, rest, seats in ((2, (0, 1, 3), (0, 1)), (1, (0, 3), (2, 3))):
        for seat in seats:
            publish_notice(tmp_path, seat, seat, index)
        said = list(maker.next_release(TASK_ID))
        assert said[0] == f"next inventory of {len(rest)} submissions"
        assert inventory(folder) == rest
        assert rest in releases(folder)
    assert [each.indices for each in folder.inventories(TASK_ID)] == [
        (0, 1, 2, 3),
        (0, 1, 3),
        (0, 3),
    ]


def test_next_release__all_stopped_for_two_operators__warns_and_asks_another(
    folder, provider, tmp_path
):
    for without in ((), (2,)):
        list(provider().release(TASK_ID, without=without))
    for seat in (0, 1):
        publish_notice(tmp_path, seat, seat, 0, 1, 3)
    said = list(provider().next_release(TASK_ID))
    assert said[0].startswith("warning: all submissions stop, and no next inventory is allowed")
    assert releases(folder) == [(0, 1, 3), None, (0, 1, 3), None]


def test_next_release__notice_of_one_operator_published_by_two__leaves_nothing_out(
    folder, provider, tmp_path
):
    list(provider().release(TASK_ID))
    for place in (0, 1):
        publish_notice(tmp_path, 0, place, 2)
    list(provider().next_release(TASK_ID))
    assert releases(folder) == [(0, 1, 2, 3), (0, 1, 2, 3), None, None]


def test_next_release__spares__get_the_test_set_at_once_and_nobody_after_a_report(folder, provider):
    list(provider().next_release(TASK_ID, spares=2))
    assert [each is not None for each in releases(folder)] == [True, True, True, False]
    digest = MARKET.transcript.inventory_digest(range(4))
    posted = StandingReport(digest, word("results"), (), (), (), ())
    assert list(provider(posted=posted).next_release(TASK_ID, spares=3)) == []
    assert releases(folder)[3] is None


def test_release__to_a_panel__is_on_the_inventory_of_the_report(folder, provider):
    """The operators of the report did not follow the next inventory."""
    list(provider().release(TASK_ID))
    list(provider().release(TASK_ID, without=[2]))
    key = MARKET.enclaves[3].identity.signing_key
    for indices in ((0, 1, 2, 3), (0, 1, 3)):
        digest = MARKET.transcript.inventory_digest(indices)
        posted = StandingReport(digest, word("results"), (), (), (), ())
        list(provider(posted=posted).release(TASK_ID, [key]))
        assert folder.release(TASK_ID, key).inventory == indices
