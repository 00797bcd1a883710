"""Tasks, rosters and submissions: refusals and their messages."""

from dataclasses import replace
from typing import Any

import pytest

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.pricing import Knot
from offchain.protocol.task import RosterEntry, Submission, Task, check_roster, roster_digest
from tests.vectors.generate import DOMAIN, roster, task, word

SMALL_ORDER = [
    bytes(32),
    bytes([1, *bytes(31)]),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]
"""All points of small order, the twist's included: https://cr.yp.to/ecdh.html, "small order"."""


def with_top_bit(key: bytes) -> bytes:
    return key[:31] + bytes([key[31] | 0x80])


@pytest.mark.parametrize("key", SMALL_ORDER + [with_top_bit(key) for key in SMALL_ORDER])
def test_task__key_of_small_order__raises(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"delivery key 0x{key.hex()} has small order"):
        replace(task(), delivery_key=key)
    with pytest.raises(ValueError, match=f"sealing key 0x{key.hex()} has small order"):
        replace(roster()[0], sealing_key=key)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("provider", "0x12", "expected an address: 0x and 40 hex digits"),
        ("budget", 2**128, "less than or equal to 340282366920938463463374607431768211455"),
        ("budget", -1, "greater than or equal to 0"),
        ("budget", True, "valid integer"),
        ("benchmark_fee", 2**128, "less than or equal to 340282366920938463463374607431768211455"),
        ("benchmark", b"short", "at least 32 bytes"),
        ("max_awards", 0, "greater than or equal to 1"),
        ("max_awards", 9, "less than or equal to 8"),
        ("quorum", 0, "greater than or equal to 1"),
        ("quorum", 4, "less than or equal to 3"),
        ("tolerance", 1_000_001, "less than or equal to 1000000"),
        ("max_submissions", 2**20, "less than or equal to 1048575"),
        ("commit_bond", 10**9 + 1, "commit_bond 1000000001, expected whole gwei"),
        ("commit_bond", 2**48 * 10**9, "less than or equal to 281474976710655000000000"),
        ("entry_fee", 10**9 + 1, "entry_fee 1000000001, expected whole gwei"),
        ("entry_fee", 2**48 * 10**9, "less than or equal to 281474976710655000000000"),
        ("report_deadline", 2**40, "less than or equal to 1099511627775"),
        ("dispute_window", 2**40, "less than or equal to 1099511627775"),
        ("verdict_window", 2**40, "less than or equal to 1099511627775"),
        ("claim_window", 2**40, "less than or equal to 1099511627775"),
        ("reveal_deadline", 1_900_000_000, "expected commit before reveal before report"),
        ("report_deadline", 1_900_086_400, "expected commit before reveal before report"),
        ("curve", (), "at least 1 item"),
        ("curve", (Knot(1, 6 * 10**18),), "top price 6000000000000000000, expected 1 to the"),
        ("curve", (Knot(1, 5 * 10**18 + 1),), "top price 5000000000000000001, expected 1 to the"),
    ],
)
def test_task__value_that_the_market_refuses__raises(field: str, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(task(), **{field: value})


def test_knot__more_than_the_market_packs__raises() -> None:
    assert Knot(1_000_000, 2**108 - 1)
    with pytest.raises(ValueError, match="less than or equal to 1000000"):
        Knot(1_000_001, 1)
    with pytest.raises(ValueError, match="less than or equal to 324518553658426726783156020576255"):
        Knot(1, 2**108)


def test_from_json__what_to_json_wrote__is_equal() -> None:
    assert from_json(Task, to_json(task())) == task()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"nonce":"7"', b'"nonce":"-7"', "expected at most 78 decimal digits"),
        (b'"nonce":"7"', b'"nonce":"7","extra":"1"', "extra"),
        (b'"nonce":"7"', b'"nonces":"7"', "nonce\n  Field required"),
        (b'"nonce":"7"', b'"nonce":7.0', "valid integer"),
        (b'"delivery_key":"0x', b'"delivery_key":"', "expected hex digits after 0x"),
        (b'"delivery_key":"0x', b'"delivery_key":"0xZZ', "Non-hexadecimal digit found"),
        (b"{", b"[", "Invalid JSON"),
    ],
)
def test_from_json__altered__raises(old: bytes, new: bytes, reason: str) -> None:
    written = to_json(task())
    assert old in written
    with pytest.raises(ValueError, match=reason):
        from_json(Task, written.replace(old, new, 1))


def test_check_roster__the_tasks__passes() -> None:
    check_roster(task(), roster())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entries: entries[:3], "roster of 3 enclaves, expected 4 to 16"),
        (
            lambda entries: entries[::-1],
            "roster is not sorted, expected strictly rising signing keys",
        ),
        (
            lambda entries: [*entries, entries[3]],
            "roster is not sorted, expected strictly rising signing keys",
        ),
        (
            lambda entries: [RosterEntry("0x" + 40 * "0", entries[0].sealing_key), *entries],
            "roster is not sorted, expected strictly rising signing keys",
        ),
        (lambda entries: entries * 5, "roster of 20 enclaves, expected 4 to 16"),
    ],
)
def test_check_roster__one_that_the_market_refuses__raises(change: Any, reason: str) -> None:
    entries = change(list(roster()))
    with pytest.raises(ValueError, match=f"^{reason}$"):
        check_roster(replace(task(), roster=roster_digest(entries)), entries)


def test_check_roster__quorum_of_two__has_seven_enclaves() -> None:
    entries = list(roster()) * 2
    for size, reason in (
        (6, "roster of 6 enclaves, expected 7 to 16"),
        (7, "roster is not sorted"),
    ):
        some = entries[:size]
        with pytest.raises(ValueError, match=f"^{reason}"):
            check_roster(replace(task(), quorum=2, roster=roster_digest(some)), some)


def test_check_roster__another_tasks__raises() -> None:
    with pytest.raises(ValueError, match=r"^roster 0x[0-9a-f]{64}, expected 0x[0-9a-f]{64}$"):
        check_roster(task(), roster()[:3])


@pytest.mark.parametrize("place", [0, 31])
def test_check_roster__one_byte_of_the_digest_is_another__raises(place: int) -> None:
    digest = bytearray(task().roster)
    digest[place] ^= 1
    with pytest.raises(ValueError, match=r"^roster 0x[0-9a-f]{64}, expected 0x[0-9a-f]{64}$"):
        check_roster(replace(task(), roster=bytes(digest)), roster())


def test_submission_digest__any_field_changed__differs() -> None:
    submission = Submission(word("a"), word("b"), word("c"), 4)
    changed = [
        replace(submission, model_digest=word("d")),
        replace(submission, artifact_digest=word("d")),
        replace(submission, envelope_digest=word("d")),
        replace(submission, min_price=5),
    ]
    assert len({each.digest() for each in [submission, *changed]}) == 5


# Holds S-2.
@pytest.mark.parametrize("place", range(8))
def test_task_id__any_of_eight_knots_changed__differs(place: int) -> None:
    curve = tuple(Knot(2 * n, n) for n in range(1, 9))
    changed = list(curve)
    changed[place] = replace(curve[place], score=curve[place].score + 1)
    ids = {replace(task(), curve=tuple(each)).id(DOMAIN) for each in (curve, changed)}
    assert len(ids) == 2
