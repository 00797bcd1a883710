"""What the parties of a task may try next, tried on contract and model alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boa
from hypothesis import strategies as st

from tests import sale as parts
from tests.inprocess import SEAT_BOND
from tests.sale import (
    CLOSED,
    DAY,
    DISPUTED,
    FINAL,
    GWEI,
    HOUR,
    OPEN,
    REPORTED,
    VOIDED,
    Enclave,
    Model,
    Posted,
    Report,
    Task,
)
from tests.stateful.ledger import ETHER, Refused
from tests.stateful.task_state import TaskState, acceptable
from tests.stateful.world import Twin, World

STEPS = [6 * HOUR, DAY, 7 * DAY]
WINDOWS = [DAY, 3 * DAY, 7 * DAY]
AMOUNTS = st.one_of(st.integers(1, 40), st.integers(1, 10**20))
Item = TypeVar("Item")


def pick(data: Any, of: Sequence[Item]) -> Item:
    """One of them, drawn by its place: that keeps the report of a failure short."""
    return of[data.draw(st.integers(0, len(of) - 1))]


def pick_some(data: Any, of: Sequence[Item], count: int) -> list[Item]:
    """Neighbours, the last beside the first: `count` of them, or all there are."""
    start = data.draw(st.integers(0, max(len(of) - 1, 0)))
    return [*of[start:], *of[:start]][:count]


def now_and_then(data: Any, usual: Item, unusual: Sequence[Item]) -> Item:
    """One time in ten something unusual."""
    return pick(data, unusual) if data.draw(st.integers(0, 9)) == 9 else usual


@dataclass(repr=False)
class Play:
    """One task as its parties know it."""

    task: Task
    id: bytes
    roster: list[Enclave]
    models: list[Model] = field(default_factory=list)
    revealed: list[int] = field(default_factory=list)
    first: Posted | None = None  # the first report
    stands: Posted | None = None  # the one that stands
    challenger: str = ""


# ── A task ──


@st.composite
def terms(draw: Callable[..., Any], world: World) -> dict[str, Any]:
    """What makes a valid task of the world's accounts and enclaves, but for its times."""
    count = draw(st.integers(1, 8))
    scores = draw(st.sets(st.integers(1, 10**6), min_size=count, max_size=count))
    prices = sorted(draw(st.lists(AMOUNTS, min_size=count, max_size=count)))
    quorum = draw(st.integers(1, 3))
    least = -(-SEAT_BOND * parts.panel_size(quorum) // quorum)
    return {
        "provider": draw(st.sampled_from(world.providers)),
        "token": draw(st.sampled_from(world.tokens)),
        "budget": prices[-1] * draw(st.integers(1, 3)) + draw(st.integers(0, 9)),
        "benchmark_fee": draw(st.one_of(st.just(0), AMOUNTS)),
        "max_awards": draw(st.sampled_from([1, 2, 3, 8])),
        "quorum": quorum,
        "min_stake": draw(st.sampled_from([least, 2 * least])),
        "max_submissions": draw(st.integers(1, 5)),
        "commit_bond": draw(st.sampled_from([0, GWEI, 7 * GWEI, 10**17])),
        "entry_fee": draw(st.sampled_from([0, GWEI, 10**16])),
        "curve": parts.curve(*zip(sorted(scores), prices, strict=True)),
        "tolerance": draw(st.sampled_from([1_000, 50_000])),
        "dispute_window": draw(st.sampled_from(WINDOWS)),
        "verdict_window": draw(st.sampled_from(WINDOWS)),
        "claim_window": draw(st.sampled_from(WINDOWS)),
    }


def create(data: Any, twin: Twin, nonce: int) -> Play | None:
    """A new task, unless its token or a wrong call prevents it."""
    chain = twin.world.chain
    roster = parts.ordered(pick_some(data, chain.enclaves, data.draw(st.integers(10, 11))))
    commit = chain.now + data.draw(st.sampled_from([1, HOUR, 12 * HOUR]))
    reveal = commit + data.draw(st.sampled_from(STEPS))
    task = parts.task(
        entries=parts.roster(roster),
        measurement=chain.measurement,
        now=chain.now,
        nonce=nonce,
        commit_deadline=commit,
        reveal_deadline=reveal,
        report_deadline=reveal + data.draw(st.sampled_from(STEPS)),
        **data.draw(terms(twin.world)),
    )
    sender = now_and_then(data, task.provider, twin.world.people)
    value = now_and_then(data, escrow(task), [escrow(task) + 1])
    made = twin.act("create_task", task, sender=sender, value=value)
    return None if isinstance(made, Refused) else Play(task, made, roster)


def escrow(task: Task) -> int:
    """Ether to send with the task."""
    return task.budget + task.benchmark_fee if task.token == ETHER else 0


# ── Steps ──


def commit(data: Any, twin: Twin, play: Play) -> None:
    task, world = play.task, twin.world
    name = f"{play.id.hex()} {len(play.models)}"
    floor = pick(data, [0, 0, 0, 20, 10**19])
    model = parts.model(pick(data, world.developers), name, floor)
    model = now_and_then(data, model, [*play.models, model])
    fair = model.commitment(world.chain.domain, play.id)
    leaf = model.leaf(play.id, len(play.models))
    commitment = now_and_then(data, fair, [leaf, bytes(32)])
    price = task.commit_bond + task.entry_fee
    value = now_and_then(data, price, [price + 1, max(price - 1, 0)])
    made = twin.act("commit_model", play.id, commitment, sender=model.developer, value=value)
    if not isinstance(made, Refused):
        play.models.append(model)


def reveal(data: Any, twin: Twin, play: Play) -> None:
    hidden = [n for n in range(len(play.models)) if n not in play.revealed]
    index = pick(data, hidden or [0])
    if not play.models:
        return
    index = now_and_then(data, index, range(6))
    model = play.models[index % len(play.models)]
    sender = now_and_then(data, model.developer, twin.world.people)
    made = twin.act("reveal_model", *model.reveal(play.id, index), sender=sender)
    if not isinstance(made, Refused):
        play.revealed.append(index)


def close(data: Any, twin: Twin, play: Play) -> None:
    patch = boa.env.evm.patch
    sender = pick(data, twin.world.people)
    randomness = {"prevrandao": patch.prevrandao, "parent": patch.prev_hashes[0]}
    twin.act("close_reveals", play.id, sender=sender, **randomness)


def void(data: Any, twin: Twin, play: Play) -> None:
    twin.act("void", play.task, sender=pick(data, twin.world.people))


def draw_report(data: Any, twin: Twin, play: Play, panel: bool) -> Report:
    """A report that the market accepts, or nearly."""
    knots = [knot >> 128 for knot in play.task.curve if knot]
    scores = st.one_of(st.sampled_from([*knots, 10**6]), st.integers(knots[0], 10**6))
    wild = [0, 1, 10**6, 10**6 + 1]
    chosen = pick_some(data, play.revealed, data.draw(st.integers(0, play.task.max_awards)))
    pairs = [(index, now_and_then(data, data.draw(scores), wild)) for index in chosen]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    while not acceptable(play.task, parts.awards(*pairs), len(play.models)) and pairs:
        if data.draw(st.integers(0, 9)) == 9:
            break
        pairs.pop()
    seed = state(twin, play).head if play.first is None else play.first.report.seed
    seed = now_and_then(data, seed, [bytes(32)])
    return parts.report(play.id, seed, *pairs, panel=panel)


def draw_signers(data: Any, twin: Twin, play: Play, count: int, but: set[str]) -> list[Enclave]:
    """Enclaves that may sign, as far as there are enough; sometimes others."""
    may = [each for each in play.roster if each.operator not in but]
    able = [each for each in may if twin.may_sign(each, play.task)]
    pool = now_and_then(data, able if len(able) >= count else may, [play.roster])
    return parts.ordered(pick_some(data, pool, now_and_then(data, count, range(4))))


def post(data: Any, twin: Twin, play: Play) -> None:
    domain = twin.world.chain.domain
    report = draw_report(data, twin, play, panel=False)
    signing = draw_signers(data, twin, play, play.task.quorum, set())
    made = twin.act(
        "post_report",
        play.task,
        parts.roster(play.roster),
        report,
        parts.cosign(report.digest(domain), signing),
        sender=pick(data, twin.world.people),
    )
    if not isinstance(made, Refused):
        play.first = play.stands = parts.posted(domain, play.task, report, signing)


def dispute(data: Any, twin: Twin, play: Play) -> None:
    bond = play.task.bond(SEAT_BOND)
    value = now_and_then(data, bond, [bond - 1, bond + 1])
    sender = pick(data, twin.world.people)
    made = twin.act("dispute_report", play.task, sender=sender, value=value)
    if not isinstance(made, Refused):
        play.challenger = sender


def resolve(data: Any, twin: Twin, play: Play) -> None:
    if play.first is None:
        return
    same = play.first.report._replace(round=1)
    verdict = same if data.draw(st.booleans()) else draw_report(data, twin, play, panel=True)
    signed = {signer.operator for signer in play.first.signers}
    panel = draw_signers(data, twin, play, parts.panel_size(play.task.quorum), signed)
    challenger = now_and_then(data, play.challenger or DEFAULT, twin.world.people)
    args = play.first.resolve(parts.roster(play.roster), challenger, verdict, panel)
    sender = pick(data, twin.world.people)
    made = twin.act("resolve_dispute", *args, sender=sender)
    if made is False:
        play.stands = parts.posted(twin.world.chain.domain, play.task, verdict, [])


DEFAULT = parts.address(parts.signing_key("nobody"))


def expire(data: Any, twin: Twin, play: Play) -> None:
    if play.first is None:
        return
    challenger = now_and_then(data, play.challenger or DEFAULT, twin.world.people)
    sender = pick(data, twin.world.people)
    twin.act("expire_dispute", *play.first.expire(challenger), sender=sender)


def claim(data: Any, twin: Twin, play: Play) -> None:
    if play.stands is None:
        return
    stands = now_and_then(data, play.stands, [play.first])
    open_awards = [n for n in range(len(stands.payouts)) if n not in state(twin, play).claimed]
    award = now_and_then(data, pick(data, open_awards or [0]), range(8))
    awarded = (stands.payouts[award] >> 128) % 2**32 if award < len(stands.payouts) else 0
    model = now_and_then(data, play.models[awarded], play.models)
    sender = now_and_then(data, model.developer, twin.world.people)
    twin.act("claim_award", *stands.claim(award, model), sender=sender)


def settle(data: Any, twin: Twin, play: Play) -> None:
    if play.stands is None:
        return
    stands = now_and_then(data, play.stands, [play.first])
    sender = pick(data, [play.task.provider, *twin.world.people])
    twin.act("settle", *stands.settle(), sender=sender)


def share(data: Any, twin: Twin, play: Play) -> None:
    if not play.models:
        return
    index = data.draw(st.integers(0, len(play.models) - 1))
    args = play.models[index].share(play.task, index)
    twin.act("claim_share", *args, sender=pick(data, twin.world.people))


Step = Callable[[Any, Twin, Play], None]
ALL: list[Step] = [
    commit, reveal, close, void, post, dispute, resolve, expire, claim, settle, share,
]  # fmt: skip


# ── What comes next ──


def state(twin: Twin, play: Play) -> TaskState:
    return twin.market.tasks[play.id]


def suggested(twin: Twin, play: Play) -> Step | None:
    """What its stage and time allow, while there is anything to do."""
    at, now, task = state(twin, play), twin.world.chain.now, play.task
    if at.stage == OPEN and now < task.commit_deadline:
        return commit if len(at.words) < task.max_submissions else None
    if at.stage == OPEN and now < task.reveal_deadline:
        return reveal if len(play.revealed) < len(play.models) else None
    if at.stage == OPEN:
        return close if at.reveals else void
    if at.stage == CLOSED:
        return post if now < task.report_deadline else void
    if at.stage == REPORTED and now < at.time_a:
        return dispute
    if at.stage in (REPORTED, FINAL):
        return claim if now < at.time_b and len(at.claimed) < len(at.payouts) else settle
    if at.stage == DISPUTED:
        return resolve if now < at.time_a else expire
    return share if at.stage == VOIDED else None


def next_time(twin: Twin, play: Play) -> int | None:
    """When something else becomes possible."""
    at, now = state(twin, play), twin.world.chain.now
    times = []
    if at.stage in (OPEN, CLOSED):
        times = [at.time_a, at.time_b, play.task.report_deadline]
    if at.stage in (REPORTED, FINAL):
        times = [at.time_a, at.time_b]
    if at.stage == DISPUTED:
        times = [at.time_a]
    return min((time for time in times if time > now), default=None)
