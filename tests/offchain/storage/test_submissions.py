"""Submissions fetched side by side: in order, in time, and without waiting for who stalls."""

from dataclasses import replace

import pytest

from offchain.protocol.errors import StorageError
from offchain.protocol.transcript import Transcript
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources, fetch_submissions
from tests.offchain.market import Market, Offer, make_market, model
from tests.offchain.stalling import files_of, stalling

MARKET = make_market([Offer(model(range(wrong))) for wrong in range(12)])
FILES = files_of(MARKET)


def published_at(market: Market, *urls: str) -> Transcript:
    """Reveals whose uris are these, one after another and over again."""
    reveals = tuple(
        replace(each, uri=urls[each.index % len(urls)]) for each in market.transcript.reveals
    )
    return replace(market.transcript, reveals=reveals)


@pytest.fixture
def sources(tmp_path):
    patience = RetryPolicy(seconds=30, attempts=1)
    return SubmissionSources(Store(str(tmp_path / "kept")), (), patience, local=True, threads=4)


def test_hold__several_threads__fetch_side_by_side_and_keep_the_order(sources):
    with stalling(FILES, crowd=4) as server:
        transcript, wanted = published_at(MARKET, server.url), [1, 2, 3, 5, 7, 8, 10, 11]
        found = list(fetch_submissions(transcript, wanted, MARKET.manifest, sources))
        assert server.most == 4
    assert found == [(index, MARKET.keyrings[index]) for index in wanted]
    for index in wanted:
        digest = transcript.by_index[index].submission.artifact_digest
        assert sources.keep.fetch_bytes(digest, 10**6) == FILES[digest.hex()]


def test_hold__servers_that_stall__cost_their_own_submissions(sources):
    hasty = replace(sources, patience=RetryPolicy(seconds=30, attempts=3, pause=0, total=0.3))
    with stalling(FILES, crowd=1) as server, stalling({}) as bad:
        transcript = published_at(MARKET, server.url, server.url, bad.url)
        found = dict(fetch_submissions(transcript, range(9), MARKET.manifest, hasty))
    missing = {index for index, outcome in found.items() if isinstance(outcome, StorageError)}
    assert missing == {2, 5, 8}
    assert all("not whole after 0.3 s" in str(found[index]) for index in missing)


def test_hold__ended_early__waits_for_nobody(sources):
    with stalling(FILES, crowd=1) as server, stalling({}) as bad:
        transcript = published_at(MARKET, server.url, bad.url)
        fetching = fetch_submissions(transcript, range(4), MARKET.manifest, sources)
        assert next(fetching) == (0, MARKET.keyrings[0])
        bad.wait_for(2)
        fetching.close()
        assert bad.here == 2
