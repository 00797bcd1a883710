"""Review of a roster: how independent its seats are, and whether they can judge a task to its end.

Whoever controls a quorum and a panel of a roster decides what is bought, and whoever opens one of
its machines reads every model. `review` is a pure function of what the chain says: it holds these
facts against the task, and names what a developer or a provider should know before it commits. It
cannot see who is behind an address: two operators may be one person.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import RosterEntry

DAY = 86_400
YOUNG = 30 * DAY
"""An operator that registered its first enclave less than so many seconds ago is young."""


@dataclass(frozen=True)
class Seat:
    """One entry of a roster, as the registry knows it.

    Args:
        entry: the public keys that the roster names.
        operator: address, or the zero address when no such enclave is registered.
        platform: id of the machine, 32 bytes.
        is_active: whether the registry lets the enclave sign now.
        expiry: of the registration, in Unix seconds.
        is_revoked: whether the guardian revoked the enclave, its machine or its program.
    """

    entry: RosterEntry
    operator: str
    platform: bytes
    is_active: bool
    expiry: int
    is_revoked: bool = False


@dataclass(frozen=True)
class Record:
    """An operator's past, as the chain remembers it.

    Args:
        stake: in wei.
        since: time of its first registration of an enclave, in Unix seconds.
        reports: reports that it signed and that stand, or were never disputed.
        overturned: reports that it signed and a panel overturned.
        verdicts: panels that it sat on.
    """

    stake: int
    since: int
    reports: int = 0
    overturned: int = 0
    verdicts: int = 0


@dataclass(frozen=True)
class Terms:
    """The demands of a task on its roster.

    Args:
        provider: address.
        quorum: signers of a report.
        min_stake: wei that each operator must have.
        last_verdict: time by which the last verdict may fall, in Unix seconds: report deadline,
            dispute window and verdict window together.
        price: what the best model may cost, in wei, or None if it is not paid in ether.
    """

    provider: str
    quorum: int
    min_stake: int
    last_verdict: int
    price: int | None = None

    @property
    def needed(self) -> int:
        """Operators for a report and a panel that shares none with it."""
        return 3 * self.quorum + 1


class Finding(Enum):
    """A fault of a roster. The value explains it to a person."""

    UNKNOWN = "no enclave is registered with these keys"
    REVOKED = "the guardian revoked the enclave, its machine or its program: do not trust it"
    INACTIVE = "the enclave may not sign now: expired, retired, revoked, or its operator leaves"
    EXPIRES = "the registration ends before the last verdict may fall: it must be renewed"
    POOR = "the operator's stake is below the task's least stake, so it cannot sign"
    PROVIDER = "the operator is the provider itself"
    SAME_OPERATOR = "the operator has another entry: together they have one vote"
    SAME_PLATFORM = "the machine has another entry: together they have one vote"
    YOUNG = "the operator registered its first enclave less than 30 days ago"
    UNTRIED = "the operator has signed no report and sat on no panel"
    OVERTURNED = "a panel overturned a report of the operator"
    TOO_FEW = "too few operators can sign for a report and a panel: no dispute can get a verdict"
    NO_SPARE = "one operator that stays silent keeps any panel from sitting"
    CHEAP = "a quorum of the roster has less at stake than the best model costs"


BLOCKING = frozenset({Finding.UNKNOWN, Finding.REVOKED, Finding.PROVIDER, Finding.TOO_FEW})
"""Findings with which nobody should commit; the others are to be weighed."""


@dataclass(frozen=True)
class Review:
    """The findings of each seat, in the roster's order, and those of the whole roster.

    Args:
        seats: each entry with what was found of it.
        whole: what was found of the roster.
        voters: operators that can sign now, each with one vote.
        to_decide: the least number of operators that name the winner: a panel, whose verdict
            replaces the window of everybody else.
        to_block: the least number of operators whose silence keeps every panel from sitting, once
            a quorum has signed.
        at_risk: wei that the poorest quorum of voters has staked.
    """

    seats: tuple[tuple[Seat, frozenset[Finding]], ...]
    whole: frozenset[Finding]
    voters: frozenset[str]
    to_decide: int
    to_block: int
    at_risk: int

    @property
    def is_sound(self) -> bool:
        """Return True if nothing was found with which nobody should commit."""
        found = self.whole.union(*(findings for _, findings in self.seats))
        return not found & BLOCKING


def review(
    seats: Sequence[Seat], record: Callable[[str], Record], terms: Terms, now: int
) -> Review:
    """Judge a roster by what the chain says of its seats.

    Args:
        seats: the entries of the roster, in its order.
        record: what the chain remembers of an operator, by its address.
        terms: of the task.
        now: time of the chain, in Unix seconds.
    """
    operators = Counter(_key(seat.operator) for seat in seats if _is_known(seat))
    platforms = Counter(seat.platform for seat in seats if _is_known(seat))
    judged = []
    stakes: dict[str, int] = {}
    for seat in seats:
        if not _is_known(seat):
            judged.append((seat, frozenset({Finding.UNKNOWN})))
            continue
        of = record(seat.operator)
        findings = _of_operator(seat.operator, of, terms, now) | _where(
            (Finding.REVOKED, seat.is_revoked),
            (Finding.INACTIVE, not seat.is_active),
            (Finding.EXPIRES, seat.is_active and seat.expiry <= terms.last_verdict),
            (Finding.SAME_OPERATOR, operators[_key(seat.operator)] > 1),
            (Finding.SAME_PLATFORM, platforms[seat.platform] > 1),
        )
        if not findings & {Finding.INACTIVE, Finding.POOR}:
            stakes[_key(seat.operator)] = of.stake
        judged.append((seat, findings))
    spare = len(stakes) - terms.needed
    at_risk = sum(sorted(stakes.values())[: terms.quorum])
    whole = _where(
        (Finding.TOO_FEW, spare < 0),
        (Finding.NO_SPARE, spare == 0),
        (Finding.CHEAP, terms.price is not None and at_risk < terms.price),
    )
    to_decide, to_block = 2 * terms.quorum + 1, max(spare + 1, 0)
    return Review(tuple(judged), whole, frozenset(stakes), to_decide, to_block, at_risk)


def _of_operator(operator: str, record: Record, terms: Terms, now: int) -> frozenset[Finding]:
    return _where(
        (Finding.POOR, record.stake < terms.min_stake),
        (Finding.PROVIDER, _key(operator) == _key(terms.provider)),
        (Finding.YOUNG, now - record.since < YOUNG),
        (Finding.UNTRIED, record.reports + record.overturned + record.verdicts == 0),
        (Finding.OVERTURNED, record.overturned > 0),
    )


def _where(*cases: tuple[Finding, bool]) -> frozenset[Finding]:
    return frozenset(finding for finding, applies in cases if applies)


def _is_known(seat: Seat) -> bool:
    return seat.operator != ZERO_ADDRESS


def _key(address: str) -> str:
    """Return an address in one form, whatever its checksum."""
    return address.lower()
