"""`review`: what the chain says of a roster, and what to think of it."""

from dataclasses import replace

import pytest

from offchain.chain.roster_review import YOUNG, Finding, Record, Seat, Terms, review
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import RosterEntry
from tests.sale import DAY, ETHER, enclave, word

NOW = 2_000_000_000
LAST = NOW + 20 * DAY
OLD = Record(stake=ETHER, since=NOW - YOUNG, reports=1)
TERMS = Terms("0x" + "Aa" * 20, 1, ETHER, LAST)


def address(n: int) -> str:
    return f"0x{n + 1:040X}"


def seat(n: int, **changes: object) -> Seat:
    made = enclave(f"seat {n}", address(n))
    entry = RosterEntry(made.signing_key, made.sealing_key)
    return replace(Seat(entry, address(n), made.platform, True, LAST + 1), **changes)


def seats(count: int) -> list[Seat]:
    return [seat(n) for n in range(count)]


def judged(roster, records=None, terms=TERMS, now=NOW):
    known = {key.lower(): value for key, value in (records or {}).items()}
    return review(roster, lambda operator: known.get(operator.lower(), OLD), terms, now)


def found(result) -> list[set[Finding]]:
    return [set(findings) for _, findings in result.seats]


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_review__independent_seats_with_a_spare__nothing_found(quorum):
    roster = seats(3 * quorum + 2)
    result = judged(roster, terms=replace(TERMS, quorum=quorum))
    assert [each for each, _ in result.seats] == roster
    assert found(result) == [set()] * len(roster)
    assert result.whole == set()
    assert result.is_sound
    assert len(result.voters) == len(roster)
    assert result.to_decide == 2 * quorum + 1
    assert result.to_block == 2
    assert result.at_risk == quorum * ETHER


@pytest.mark.parametrize(
    ("changes", "finding", "fine"),
    [
        ({"is_active": False}, Finding.INACTIVE, {}),
        ({"expiry": LAST}, Finding.EXPIRES, {"expiry": LAST + 1}),
        ({"operator": TERMS.provider.lower()}, Finding.PROVIDER, {"operator": address(99)}),
        ({"operator": ZERO_ADDRESS}, Finding.UNKNOWN, {}),
    ],
)
def test_review__a_seat__found_at_its_bound_and_not_beside(changes, finding, fine):
    roster = [*seats(5), seat(5, **changes)]
    result = judged(roster)
    assert found(result) == [set()] * 5 + [{finding}]
    assert result.is_sound == (finding in (Finding.INACTIVE, Finding.EXPIRES))
    beside = judged([*seats(5), seat(5, **fine)])
    assert found(beside) == [set()] * 6


@pytest.mark.parametrize(
    ("record", "finding", "fine"),
    [
        (replace(OLD, stake=ETHER - 1), Finding.POOR, OLD),
        (replace(OLD, since=NOW - YOUNG + 1), Finding.YOUNG, OLD),
        (replace(OLD, reports=0), Finding.UNTRIED, replace(OLD, reports=0, verdicts=1)),
        (replace(OLD, overturned=1), Finding.OVERTURNED, replace(OLD, verdicts=9)),
    ],
)
def test_review__an_operator__found_at_its_bound_and_not_beside(record, finding, fine):
    result = judged(seats(6), {address(2): record})
    assert found(result) == [set(), set(), {finding}, set(), set(), set()]
    assert result.is_sound
    assert found(judged(seats(6), {address(2): fine})) == [set()] * 6


def test_review__twins__are_one_vote():
    """The key before and the key after a restart: one machine, one operator, one voter."""
    machine = word("machine")
    before = seat(4, platform=machine, is_active=False)
    after = seat(5, platform=machine, operator=address(4).lower())
    result = judged([*seats(4), before, after])
    twin = {Finding.SAME_OPERATOR, Finding.SAME_PLATFORM}
    assert found(result)[4:] == [twin | {Finding.INACTIVE}, twin]
    assert len(result.voters) == 5


def test_review__one_operator_on_two_machines__is_one_vote():
    result = judged([*seats(4), seat(4, operator=address(3))])
    assert found(result)[3:] == [{Finding.SAME_OPERATOR}] * 2
    assert len(result.voters) == 4


@pytest.mark.parametrize(
    ("voters", "whole", "to_block"),
    [
        (3, {Finding.TOO_FEW}, 0),
        (4, {Finding.NO_SPARE}, 1),
        (5, set(), 2),
    ],
)
@pytest.mark.parametrize("lost", ["inactive", "poor", "unknown"])
def test_review__seats_that_cannot_sign__do_not_count(voters, whole, to_block, lost):
    roster, records = seats(6), {}
    for n in range(voters, 6):
        if lost == "inactive":
            roster[n] = seat(n, is_active=False)
        elif lost == "unknown":
            roster[n] = seat(n, operator=ZERO_ADDRESS)
        else:
            records[address(n)] = replace(OLD, stake=0)
    result = judged(roster, records)
    assert result.whole == whole
    assert len(result.voters) == voters
    assert result.to_block == to_block
    if voters < 4:
        assert not result.is_sound


@pytest.mark.parametrize(
    ("price", "cheap"), [(None, False), (3 * ETHER, False), (3 * ETHER + 1, True)]
)
def test_review__stake_of_the_poorest_quorum__against_the_best_price(price, cheap):
    records = {address(n): replace(OLD, stake=(n + 1) * ETHER) for n in range(7)}
    terms = replace(TERMS, quorum=2, price=price)
    result = judged(seats(8), records | {address(7): replace(OLD, stake=50 * ETHER)}, terms)
    assert result.at_risk == 3 * ETHER
    assert (Finding.CHEAP in result.whole) == cheap


def test_review__no_seats__too_few():
    result = judged([])
    assert result.whole == {Finding.TOO_FEW}
    assert (result.voters, result.at_risk) == (frozenset(), 0)
    assert not result.is_sound
