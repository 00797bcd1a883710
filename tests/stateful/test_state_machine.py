"""docs/STATE_MACHINE.md against the contract: every function, in every stage, around every time."""

# Holds I-8, I-9, I-10, I-11, I-12, I-13, S-18, S-22, S-30.

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import boa
import pytest

from tests import sale as parts
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import ROOT, Chain, account, ether, models, refuses
from tests.sale import STAGES, Posted

DOCUMENT = ROOT / "docs" / "STATE_MACHINE.md"
INTERFACE = ROOT / "interfaces" / "IModelMarket.vyi"
PAYMENTS = {"Credited"}
WHEN = re.compile(r"^(?:(?P<low>\w+) <= )?t(?: >= (?P<since>\w+))?(?: < (?P<high>\w+))?$")


# ── The document ──


class Transition(NamedTuple):
    stage: str
    function: str
    caller: str
    when: str
    condition: str
    to: str
    effect: str
    events: str

    def bounds(self) -> tuple[str | None, str | None]:
        """The names of the times from which on and before which it happens."""
        parsed = WHEN.match(self.when or "t")
        assert parsed, f"{self.when!r} is no time"
        return parsed["low"] or parsed["since"], parsed["high"]


class Refusal(NamedTuple):
    function: str
    other_stage: str
    before: str
    after: str
    other_caller: str
    otherwise: str


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its first two lines."""
    section = path.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


TRANSITIONS = [Transition(*row) for row in table(DOCUMENT, "Transitions")]
REFUSALS = {row[0]: Refusal(*row) for row in table(DOCUMENT, "Refusals")}


# ── Where a task can be ──


@dataclass
class Place:
    """A task in a stage, what holds of it, and its times as far as they are known."""

    sale: Sale
    stands: Posted
    holds: set[str]

    @property
    def times(self) -> dict[str, int]:
        task, stage = self.sale.task, STAGES[self.sale.stage]
        times = {
            "commit": task.commit_deadline,
            "reveal": task.reveal_deadline,
            "report": task.report_deadline,
        }
        if stage in ("reported", "final"):
            times |= {"opens": self.sale.time_a, "closes": self.sale.time_b}
        if stage == "disputed":
            times["verdict"] = self.sale.time_a
        return times

    def calls(self) -> dict[str, tuple[tuple[object, ...], str, int]]:
        """Arguments, sender and value of each function, as right as they can be here."""
        sale, task = self.sale, self.sale.task
        domain, late = sale.chain.domain, len(sale.models) - 1
        entry = task.commit_bond + task.entry_fee
        report = sale.measured((0, 900_000), (1, 800_000))
        cosignatures = parts.cosign(report.digest(domain), sale.signing)
        verdict = sale.measured((1, 700_000), panel=True)
        challenger = sale.challenger or account("challenger")
        first = sale.models[0]
        anyone = account("anyone")
        return {
            "create_task": ((task, ""), task.provider, task.budget + task.benchmark_fee),
            "commit_model": ((sale.id, first.commitment(domain, sale.id)), anyone, entry),
            "reveal_model": (sale.models[late].reveal(sale.id, late), account("late"), 0),
            "close_reveals": ((sale.id,), anyone, 0),
            "void": ((task,), anyone, 0),
            "post_report": (parts.post(task, sale.roster, report, cosignatures), anyone, 0),
            "dispute_report": ((task,), anyone, task.bond(SEAT_BOND)),
            "resolve_dispute": (
                self.stands.resolve(sale.roster, challenger, verdict, sale.panel),
                anyone,
                0,
            ),
            "expire_dispute": (self.stands.expire(challenger), anyone, 0),
            "claim_award": (self.stands.claim(0, sale.models[0]), first.developer, 0),
            "settle": (self.stands.settle(), anyone, 0),
            "claim_share": (first.share(task, 0), anyone, 0),
        }


def opened(sale: Sale) -> Sale:
    return sale.create().commit(*models("first", "second", "late"))


def closed(sale: Sale) -> Sale:
    return opened(sale).reveal(0, 1).close()


def at(sale: Sale, *holds: str) -> Place:
    return Place(sale, standing(sale), set(holds))


def standing(sale: Sale) -> Posted:
    report = sale.measured((0, 900_000), (1, 800_000))
    return parts.posted(sale.chain.domain, sale.task, report, sale.signing)


def none(sale: Sale) -> Place:
    sale.models = models("first", "second", "late")
    return at(sale)


def open_(sale: Sale) -> Place:
    return at(opened(sale), "not revealed")


def open_revealed(sale: Sale) -> Place:
    return at(opened(sale).reveal(0, 1), "revealed")


def closed_(sale: Sale) -> Place:
    return at(closed(sale), "revealed")


def reported(sale: Sale, claims: int = 0) -> Place:
    stands = closed(sale).post((0, 900_000), (1, 800_000))
    return claimed(Place(sale, stands, set()), claims)


def claimed(place: Place, claims: int) -> Place:
    for award in range(claims):
        place.sale.claim(place.stands, award)
    place.holds.add("claimed" if claims else "not claimed")
    place.holds.add("all claimed" if claims == len(place.stands.payouts) else "not all claimed")
    return place


def reported_claimed(sale: Sale) -> Place:
    return reported(sale, 1)


def reported_all_claimed(sale: Sale) -> Place:
    return reported(sale, 2)


def disputed(sale: Sale) -> Place:
    place = reported(sale)
    sale.dispute(account("challenger"))
    return Place(sale, place.stands, {"not revoked"})


def disputed_revoked(sale: Sale) -> Place:
    place = disputed(sale)
    sale.chain.registry.revoke_platform(sale.signing[0].platform, sender=sale.chain.owner)
    return Place(sale, place.stands, {"revoked"})


def upheld(sale: Sale, claims: int = 0) -> Place:
    place = disputed(sale)
    stands = sale.resolve(place.stands, (0, 900_000), (1, 800_000))
    return claimed(Place(sale, stands, set()), claims)


def upheld_all_claimed(sale: Sale) -> Place:
    return upheld(sale, 2)


def overturned(sale: Sale) -> Place:
    place = disputed(sale)
    return claimed(Place(sale, sale.resolve(place.stands, (0, 700_000)), set()), 0)


def expired(sale: Sale) -> Place:
    place = disputed(sale)
    sale.expire(place.stands)
    return claimed(Place(sale, place.stands, set()), 0)


def settled(sale: Sale) -> Place:
    place = reported(sale, 2)
    sale.settle(place.stands)
    return Place(sale, place.stands, set())


def voided(sale: Sale) -> Place:
    closed(sale).void()
    return at(sale, "not shared")


def voided_shared(sale: Sale) -> Place:
    place = voided(sale)
    sale.share(0)
    return Place(sale, place.stands, {"shared"})


PLACES: list[tuple[str, Callable[[Sale], Place]]] = [
    ("none", none),
    ("open", open_),
    ("open", open_revealed),
    ("closed", closed_),
    ("reported", reported),
    ("reported", reported_claimed),
    ("reported", reported_all_claimed),
    ("disputed", disputed),
    ("disputed", disputed_revoked),
    ("final", upheld),
    ("final", upheld_all_claimed),
    ("final", overturned),
    ("final", expired),
    ("settled", settled),
    ("voided", voided),
    ("voided", voided_shared),
]


# ── What the document says happens ──


def moves(place: Place, stage: str, function: str, now: int) -> list[Transition]:
    """The transitions that apply."""
    applying = []
    for row in TRANSITIONS:
        low, high = row.bounds()
        if (row.stage, row.function) != (stage, function):
            continue
        if row.condition and row.condition not in place.holds:
            continue
        if (low is None or now >= place.times[low]) and (high is None or now < place.times[high]):
            applying.append(row)
    return applying


def reason(place: Place, stage: str, function: str, now: int) -> str:
    """Return the reason of the function when no transition applies."""
    refusal = REFUSALS[function]
    if function == "create_task" and now >= place.times["commit"]:
        return refusal.after
    rows = [row for row in TRANSITIONS if (row.stage, row.function) == (stage, function)]
    if not rows:
        return refusal.other_stage
    for row in [row for row in rows if row.condition in place.holds] or rows:
        low, high = row.bounds()
        if low is not None and now < place.times[low]:
            return refusal.before
        if high is not None and now >= place.times[high]:
            return refusal.after
    return refusal.otherwise


def events(market: object) -> list[str]:
    names = [type(log).__name__ for log in market.get_logs(include_child_logs=False)]
    return sorted(name for name in names if name not in PAYMENTS)


def snapshot(sale: Sale) -> tuple[object, ...]:
    market = sale.market
    return market.progress(sale.id), market.head(sale.id), ether(market.address)


def probes(place: Place, now: int) -> list[int]:
    around = {time + late for time in place.times.values() for late in (-1, 0, 1)}
    return sorted(time for time in around | {now} if time >= now)


@pytest.mark.parametrize(
    ("stage", "build"), PLACES, ids=lambda each: getattr(each, "__name__", each)
)
def test_market__every_function_in_every_stage__moves_as_documented(
    chain: Chain, stage: str, build: Callable[[Sale], Place]
):
    place = build(Sale(chain))
    sale, market, stranger = place.sale, chain.market, account("stranger")
    assert STAGES[sale.stage] == stage
    calls, before = place.calls(), snapshot(sale)
    for now in probes(place, chain.now):
        for function, (args, sender, value) in calls.items():
            applying = moves(place, stage, function, now)
            assert len(applying) <= 1, f"{applying} all apply"
            with boa.env.anchor():
                chain.at(now)
                call = getattr(market, function)
                if not applying:
                    with refuses(reason(place, stage, function, now)):
                        call(*args, sender=sender, value=value)
                    assert snapshot(sale) == before
                    continue
                [row] = applying
                if row.caller:
                    with refuses(REFUSALS[function].other_caller):
                        call(*args, sender=stranger, value=value)
                call(*args, sender=sender, value=value)
                assert events(market) == sorted(row.events.split(", "))
                assert STAGES[sale.stage] == row.to


def test_document__transitions__each_taken_by_a_place():
    """No row that nothing walks: each stage and condition of the table is a place above."""
    conditions = {row.condition for row in TRANSITIONS if row.condition}
    assert {stage for stage, _ in PLACES} == set(STAGES)
    assert conditions == {
        "revealed",
        "not revealed",
        "all claimed",
        "not all claimed",
        "not claimed",
        "revoked",
        "not revoked",
        "not shared",
    }


def test_document__functions__are_all_that_can_change_a_task():
    """Every function of the interface that is no view stands in both tables, but `withdraw`."""
    text = INTERFACE.read_text()
    declared = set(re.findall(r"^@external\n(?:@payable\n)?def (\w+)\(", text, re.MULTILINE))
    assert declared - {"withdraw"} == {row.function for row in TRANSITIONS} == set(REFUSALS)


def test_document__diagram__shows_the_tables_transitions():
    diagram = DOCUMENT.read_text().split("```mermaid\n")[1].split("```")[0]
    arrows = re.findall(r"^ +(\S+) --> (\S+) : (.+)$", diagram, re.MULTILINE)
    drawn = {
        (start.replace("[*]", "none"), function, end)
        for start, end, label in arrows
        for function in label.split(", ")
    }
    assert drawn == {(row.stage, row.function, row.to) for row in TRANSITIONS}
