"""The transcript: its digests equal the golden vectors; its refusals."""

# Holds S-76.

import json
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.reports import StopNotice
from offchain.protocol.task import RosterEntry, Submission, Task
from offchain.protocol.transcript import Reveal, Transcript
from tests.offchain.market import Offer, make_market
from tests.vectors.generate import GOLDEN, word

VECTORS = json.loads(GOLDEN.read_text())


def read(kind: type, value: Any) -> Any:
    return from_json(kind, json.dumps(value).encode())


def golden() -> Transcript:
    reveals = [
        Reveal(
            index=row["index"],
            developer=row["developer"],
            submission=read(Submission, row["submission"]),
            keyring_digest=bytes.fromhex(row["keyring_digest"][2:]),
            salt=bytes.fromhex(row["salt"][2:]),
            uri="",
        )
        for row in VECTORS["reveals"]
    ]
    return Transcript(
        domain=read(Domain, VECTORS["domain"]),
        task=read(Task, VECTORS["task"]),
        roster=tuple(read(RosterEntry, entry) for entry in VECTORS["roster"]),
        reveals=tuple(reveals),
        prevrandao=bytes.fromhex(VECTORS["closing"]["prevrandao"][2:]),
        parent_hash=bytes.fromhex(VECTORS["closing"]["parent_hash"][2:]),
    )


def test_transcript__golden_vectors__agrees() -> None:
    transcript = golden()
    assert "0x" + transcript.task_id.hex() == VECTORS["task_id"]
    assert "0x" + transcript.head.hex() == VECTORS["reveals"][-1]["head"]
    assert "0x" + transcript.seed.hex() == VECTORS["closing"]["seed"]
    assert "0x" + transcript.inventory_digest([0, 2]).hex() == VECTORS["closing"]["inventory"]
    assert "0x" + StopNotice.digest(transcript, [0, 2]).hex() == VECTORS["closing"]["stopped"]
    for row in VECTORS["reveals"]:
        reveal = transcript.by_index[row["index"]]
        assert "0x" + transcript.leaves[row["index"]].hex() == row["leaf"]
        commitment = reveal.commitment(transcript.domain, transcript.task_id)
        assert "0x" + commitment.hex() == row["commitment"]


# Holds S-1.
def test_leaf__largest_minimum_price__is_whole() -> None:
    """A developer that sells to nobody asks for more than any price can be."""
    reveal = golden().reveals[0]
    prices = 2**128 - 1, 2**128, 2**256 - 2, 2**256 - 1
    made = [
        replace(reveal, submission=replace(reveal.submission, min_price=each)) for each in prices
    ]
    assert len({each.leaf(word("task")) for each in made}) == len(prices)


def test_by_index__revealed_in_another_order__rises() -> None:
    transcript = golden()
    assert [each.index for each in transcript.reveals] == [2, 0, 1]
    assert list(transcript.by_index) == list(transcript.leaves) == [0, 1, 2]


def test_from_json__what_to_json_wrote__is_equal() -> None:
    assert from_json(Transcript, to_json(golden())) == golden()


def test_uri__changed__changes_no_digest() -> None:
    transcript = golden()
    first, *others = transcript.reveals
    moved = replace(transcript, reveals=(replace(first, uri="ipfs://elsewhere"), *others))
    assert moved.seed == transcript.seed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reveals": ()}, "at least 1 item"),
        ({"reveals": golden().reveals * 2}, "submission 2 is revealed twice"),
        (
            {"reveals": (replace(golden().reveals[0], index=100),)},
            "submission 100, expected below 100",
        ),
        ({"roster": golden().roster[:3]}, "at least 4 items"),
        ({"roster": golden().roster[::-1]}, "roster 0x[0-9a-f]{64}, expected 0x[0-9a-f]{64}"),
        ({"prevrandao": b"short"}, "at least 32 bytes"),
    ],
)
def test_transcript__impossible__raises(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(golden(), **changes)


def test_reveal__uri_longer_than_the_markets__raises() -> None:
    first = golden().reveals[0]
    assert replace(first, uri="x" * 256)
    with pytest.raises(ValueError, match="at most 256 characters"):
        replace(first, uri="x" * 257)


@pytest.mark.parametrize(
    ("inventory", "reason"),
    [
        ([0, 3], "submission 3 of the inventory is not revealed"),
        ([2, 0], r"inventory \[2, 0\], expected strictly rising"),
        ([0, 0], r"inventory \[0, 0\], expected strictly rising"),
    ],
)
def test_inventory_digest__not_an_inventory__raises(inventory: list[int], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        golden().inventory_digest(inventory)


def test_inventory_digest__any_difference__differs() -> None:
    transcript = golden()
    digests = {transcript.inventory_digest(each) for each in ([], [0], [1], [0, 1], [0, 1, 2])}
    digests.add(replace(transcript, prevrandao=word("other")).inventory_digest([0]))
    assert len(digests) == 6


def test_inventory__leaves_by_rising_index__stay_in_their_order_though_they_fall() -> None:
    seed, leaves = word("seed"), [b"\xff" * 32, b"\x01" * 32]
    digest = hashes.tagged("INVENTORY", ["bytes32"] * 2, seed, keccak(b"".join(leaves)))
    assert hashes.inventory(seed, leaves) == digest


def test_inventory_digest__leaves_that_fall__are_in_the_order_of_their_indices() -> None:
    transcript = make_market([Offer(min_price=price) for price in range(6)]).transcript
    leaves = list(transcript.leaves.values())
    assert leaves != sorted(leaves)
    assert transcript.inventory_digest(range(6)) == hashes.inventory(transcript.seed, leaves)
