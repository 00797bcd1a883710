"""`review`: what the chain says of a roster, and what to think of it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from offchain.chain import vetting
from offchain.chain.registry import Registered
from offchain.chain.roster_review import YOUNG, Finding, Record, Seat, Terms, review
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import RosterEntry
from tests.offchain.market import Offer, make_market
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


# ── What the chain is asked for ──

PROGRAM = word("program")


def answer(*values: object) -> SimpleNamespace:
    return SimpleNamespace(call=lambda: values[0] if len(values) == 1 else values)


def registry_of(roster: list[Seat], revoked: str) -> SimpleNamespace:
    """A registry in which the guardian revoked one thing; the first seat has a machine of its own.

    Records have the members of the contract's structs, in their order.
    """
    at = dict.fromkeys(["enclave", "platform", "measurement", "verifier"], 0) | {revoked: NOW}
    first, verifier = roster[0], "0x" + "33" * 20

    def only(one: object, other: object, time: int) -> int:
        return time if one == other else 0

    functions = SimpleNamespace(
        enclave=lambda key, _: answer(
            word("keys"), LAST, only(key, first.entry.signing_key, at["enclave"]), 7
        ),
        platform=lambda id_: answer(
            first.operator, NOW, only(id_, first.platform, at["platform"]), 7
        ),
        measurement=lambda _: answer(verifier, at["measurement"]),
        verifier=lambda address: answer(NOW, 7, only(address, verifier, at["verifier"])),
        is_active=lambda *_: answer(True),
    )
    known = {
        each.entry.signing_key: Registered(each.operator, each.platform, each.entry.sealing_key, 0)
        for each in roster
    }
    return SimpleNamespace(
        registered=lambda key, _: known.get(key), contract=SimpleNamespace(functions=functions)
    )


@pytest.mark.parametrize(
    ("revoked", "found"),
    [
        ("nothing", [False, False]),
        ("enclave", [True, False]),
        ("platform", [True, False]),
        ("measurement", [True, True]),
        ("verifier", [True, True]),
    ],
)
def test_seats__what_the_guardian_revoked__is_in_each_seat_that_it_concerns(revoked, found):
    roster = seats(2)
    made = vetting.seats(registry_of(roster, revoked), [each.entry for each in roster], PROGRAM)
    assert [each.is_revoked for each in made] == found
    assert [each.operator for each in made] == [each.operator for each in roster]
    assert [each.expiry for each in made] == [LAST, LAST]


def test_seats__another_sealing_key_than_the_registered_one__is_an_unknown_seat():
    """Refuse that of another seat, too: who holds it could open what is sealed to this one."""
    roster = seats(3)
    first, second, third = (each.entry for each in roster)
    entries = [
        replace(first, sealing_key=second.sealing_key),
        replace(second, sealing_key=word("another")),
        third,
    ]
    made = vetting.seats(registry_of(roster, "nothing"), entries, PROGRAM)
    assert [each.operator for each in made] == [ZERO_ADDRESS, ZERO_ADDRESS, roster[2].operator]


@pytest.mark.parametrize(("token", "price"), [(ZERO_ADDRESS, 1_000_000), (address(7), None)])
def test_review_roster__terms__are_those_of_the_task(monkeypatch, token, price):
    times = {"report_deadline": 100, "dispute_window": 20, "verdict_window": 3, "claim_window": 50}
    task = make_market([Offer()], token=token, **times).transcript.task
    for name in ("seats", "records"):
        monkeypatch.setattr(vetting, name, lambda *_: None)
    monkeypatch.setattr(vetting, "review", lambda *given: given[2:])
    found = vetting.review_roster(SimpleNamespace(now=lambda: NOW), None, task, ())
    assert found == (Terms(task.provider, task.quorum, task.min_stake, 123, price), NOW)
