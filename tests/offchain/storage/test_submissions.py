"""Concurrent fetching of submissions: the order of results, timeouts, and servers that stall."""

from dataclasses import replace

import pytest

from offchain.protocol.errors import StorageError
from offchain.protocol.transcript import Transcript
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources, fetch_submissions
from tests.offchain.market import Market, Offer, enclaves, make_market, model
from tests.offchain.stalling import files_of, stalling

MARKET = make_market([Offer(model(range(wrong))) for wrong in range(12)])
FILES = files_of(MARKET)


def published_at(market: Market, *urls: str) -> Transcript:
    """Return the market's transcript with these URIs assigned to its reveals in rotation."""
    reveals = tuple(
        replace(each, uri=urls[each.index % len(urls)]) for each in market.transcript.reveals
    )
    return replace(market.transcript, reveals=reveals)


@pytest.fixture
def sources(tmp_path):
    patience = RetryPolicy(seconds=30, attempts=1)
    return SubmissionSources(Store(str(tmp_path / "kept")), (), patience, local=True, threads=4)


def test_fetch_submissions__several_threads__fetches_concurrently_and_keeps_the_order(sources):
    with stalling(FILES, crowd=4) as server:
        transcript, wanted = published_at(MARKET, server.url), [1, 2, 3, 5, 7, 8, 10, 11]
        found = list(fetch_submissions(transcript, wanted, MARKET.manifest, sources))
        assert server.most == 4
    assert found == [(index, MARKET.keyrings[index]) for index in wanted]
    for index in wanted:
        digest = transcript.by_index[index].submission.artifact_digest
        assert sources.keep.fetch_bytes(digest, 10**6) == FILES[digest.hex()]


def test_fetch_submissions__servers_that_stall__cost_only_their_own_submissions(sources):
    hasty = replace(sources, patience=RetryPolicy(seconds=30, attempts=3, pause=0, total=0.3))
    with stalling(FILES, crowd=1) as server, stalling({}) as bad:
        transcript = published_at(MARKET, server.url, server.url, bad.url)
        found = dict(fetch_submissions(transcript, range(9), MARKET.manifest, hasty))
    missing = {index for index, outcome in found.items() if isinstance(outcome, StorageError)}
    assert missing == {2, 5, 8}
    assert all("not whole after 0.3 s" in str(found[index]) for index in missing)


@pytest.mark.parametrize("lost", ["artifact", "keyring"])
def test_fetch_submissions__one_of_its_files_missing__is_missing(sources, lost):
    first = MARKET.transcript.by_index[0]
    digest = first.submission.artifact_digest if lost == "artifact" else first.keyring_digest
    rest = {name: content for name, content in FILES.items() if name != digest.hex()}
    with stalling(rest, crowd=1) as server:
        transcript = published_at(MARKET, server.url)
        found = dict(fetch_submissions(transcript, [0, 1], MARKET.manifest, sources))
    assert isinstance(found[0], StorageError)
    assert found[1] == MARKET.keyrings[1]


@pytest.mark.parametrize("above", [0, 1])
def test_fetch_submissions__model_of_the_most_bytes_and_above__is_there_or_missing(sources, above):
    limits = replace(MARKET.manifest.limits, model_bytes=len(model()) - above)
    with stalling(FILES, crowd=1) as server:
        transcript = published_at(MARKET, server.url)
        manifest = replace(MARKET.manifest, limits=limits)
        [(_, found)] = fetch_submissions(transcript, [0], manifest, sources)
    if above:
        assert f"more than {len(model()) + 15} bytes" in str(found)
    else:
        assert found == MARKET.keyrings[0]


def test_fetch_submissions__keyring_of_the_largest_roster__is_fetched(sources):
    others = [each.identity for each in enclaves(12, boot=1)]
    market = make_market([Offer()], elsewhere=others)
    assert len(market.transcript.roster) == 16
    with stalling(files_of(market), crowd=1) as server:
        transcript = published_at(market, server.url)
        found = list(fetch_submissions(transcript, [0], market.manifest, sources))
    assert found == [(0, market.keyrings[0])]


def test_fetch_submissions__ended_early__does_not_wait_for_servers(sources):
    with stalling(FILES, crowd=1) as server, stalling({}) as bad:
        transcript = published_at(MARKET, server.url, bad.url)
        fetching = fetch_submissions(transcript, range(4), MARKET.manifest, sources)
        assert next(fetching) == (0, MARKET.keyrings[0])
        bad.wait_for(2)
        fetching.close()
        assert bad.here == 2
