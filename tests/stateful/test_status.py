"""`offchain.observer.status.acts` names what docs/STATE_MACHINE.md allows, at every time."""

from collections.abc import Callable

import pytest

from offchain.chain.history import History
from offchain.chain.progress import Stage, TaskProgress
from offchain.observer.status import acts
from tests.deployment import Sale
from tests.inprocess import Chain
from tests.stateful.test_state_machine import PLACES, Place, moves, probes

FUNCTIONS = {
    *("commit_model", "reveal_model", "close_reveals", "void", "post_report", "dispute_report"),
    *("resolve_dispute", "expire_dispute", "claim_award", "settle", "claim_share"),
}
"""All but `create_task`, which needs no task."""


def allowed(place: Place, stage: str, now: int) -> dict[str, int | None]:
    """The functions that somebody can call, and the time from which on that is over."""
    found: dict[str, int | None] = {}
    for function in FUNCTIONS:
        for row in moves(place, stage, function, now):
            _, high = row.bounds()
            found[function] = high and place.times[high]
    return found


@pytest.mark.parametrize(
    ("stage", "build"), PLACES, ids=lambda each: getattr(each, "__name__", each)
)
def test_acts__every_stage_and_time__are_the_transitions_of_the_document(
    chain: Chain, stage: str, build: Callable[[Sale], Place]
):
    place = build(Sale(chain))
    # The document speaks of one award and one share: what is left of the others can be called.
    if "not all claimed" in place.holds:
        place.holds.add("not claimed")
    place.holds = place.holds - {"shared"} | ({"not shared"} if stage == "voided" else set())
    kept = place.sale.progress
    progress = TaskProgress(Stage(kept.stage), *kept[1:])
    assert progress.stage.name.lower() == stage
    for now in probes(place, chain.now):
        can = acts(History(place.sale.task), progress, now)
        assert {each.call: each.until for each in can} == allowed(place, stage, now)


def test_acts__task_is_full__nobody_can_enter(chain: Chain):
    sale = Sale(chain).create()
    kept = sale.progress
    progress = TaskProgress(Stage(kept.stage), *kept[1:])
    before = sale.task.commit_deadline - 1
    assert [each.call for each in acts(History(sale.task), progress, before)] == ["commit_model"]
    full = TaskProgress(progress.stage, *kept[1:3], 3, 3, 3, *kept[6:])
    assert acts(History(sale.task), full, before) == []


def test_acts__everything_revealed__nothing_to_reveal(chain: Chain):
    sale = Sale(chain).create()
    kept = sale.progress
    revealed = TaskProgress(Stage.OPEN, *kept[1:3], 9, 3, 3, *kept[6:])
    assert acts(History(sale.task), revealed, sale.task.commit_deadline) == []
