"""Random next steps of the parties of a task, tried on contract and model alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boa
from hypothesis import strategies as st

from tests import sale as parts
from tests.deployment import SEAT_BOND
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
from tests.stateful.ledger import Refused
from tests.stateful.task_state import TaskState, acceptable
from tests.stateful.world import ContractAndModel, World

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
class RandomSale:
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
    """Draw a valid task of the world's accounts and enclaves, without its times."""
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


def create(data: Any, both: ContractAndModel, nonce: int) -> RandomSale | None:
    """A new task, unless its token or a wrong call prevents it."""
    chain = both.world.chain
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
        **data.draw(terms(both.world)),
    )
    sender = now_and_then(data, task.provider, both.world.people)
    value = now_and_then(data, task.escrow(), [task.escrow() + 1])
    uri = pick(data, ["", "u", 256 * "u"])
    made = both.act("create_task", task, uri, sender=sender, value=value)
    return None if isinstance(made, Refused) else RandomSale(task, made, roster)


# ── Steps ──


def commit(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    task, world = sale.task, both.world
    name = f"{sale.id.hex()} {len(sale.models)}"
    floor = pick(data, [0, 0, 0, 20, 10**19])
    model = parts.model(pick(data, world.developers), name, floor)
    model = now_and_then(data, model, [*sale.models, model])
    fair = model.commitment(world.chain.domain, sale.id)
    leaf = model.leaf(sale.id, len(sale.models))
    commitment = now_and_then(data, fair, [leaf, bytes(32)])
    price = task.commit_bond + task.entry_fee
    value = now_and_then(data, price, [price + 1, max(price - 1, 0)])
    made = both.act("commit_model", sale.id, commitment, sender=model.developer, value=value)
    if not isinstance(made, Refused):
        sale.models.append(model)


def reveal(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    hidden = [n for n in range(len(sale.models)) if n not in sale.revealed]
    index = pick(data, hidden or [0])
    if not sale.models:
        return
    index = now_and_then(data, index, range(6))
    model = sale.models[index % len(sale.models)]
    sender = now_and_then(data, model.developer, both.world.people)
    made = both.act("reveal_model", *model.reveal(sale.id, index), sender=sender)
    if not isinstance(made, Refused):
        sale.revealed.append(index)


def close(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    patch = boa.env.evm.patch
    sender = pick(data, both.world.people)
    randomness = {"prevrandao": patch.prevrandao, "parent": patch.prev_hashes[0]}
    both.act("close_reveals", sale.id, sender=sender, **randomness)


def void(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    both.act("void", sale.task, sender=pick(data, both.world.people))


def draw_report(data: Any, both: ContractAndModel, sale: RandomSale, panel: bool) -> Report:
    """A report that the market accepts, or nearly."""
    knots = [knot.score for knot in sale.task.knots()]
    scores = st.one_of(st.sampled_from([*knots, 10**6]), st.integers(knots[0], 10**6))
    wild = [0, 1, 10**6, 10**6 + 1]
    chosen = pick_some(data, sale.revealed, data.draw(st.integers(0, sale.task.max_awards)))
    pairs = [(index, now_and_then(data, data.draw(scores), wild)) for index in chosen]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    while not acceptable(sale.task, parts.awards(*pairs), len(sale.models)) and pairs:
        if data.draw(st.integers(0, 9)) == 9:
            break
        pairs.pop()
    seed = state(both, sale).head if sale.first is None else sale.first.report.seed
    seed = now_and_then(data, seed, [bytes(32)])
    return parts.report(sale.id, seed, *pairs, panel=panel)


def draw_signers(
    data: Any, both: ContractAndModel, sale: RandomSale, count: int, but: set[str]
) -> list[Enclave]:
    """Enclaves that may sign, as far as there are enough; sometimes others."""
    may = [each for each in sale.roster if each.operator not in but]
    able = [each for each in may if both.may_sign(each, sale.task)]
    pool = now_and_then(data, able if len(able) >= count else may, [sale.roster])
    return parts.ordered(pick_some(data, pool, now_and_then(data, count, range(4))))


def post(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    domain = both.world.chain.domain
    report = draw_report(data, both, sale, panel=False)
    signing = draw_signers(data, both, sale, sale.task.quorum, set())
    made = both.act(
        "post_report",
        sale.task,
        parts.roster(sale.roster),
        report,
        parts.cosign(report.digest(domain), signing),
        sender=pick(data, both.world.people),
    )
    if not isinstance(made, Refused):
        sale.first = sale.stands = parts.posted(domain, sale.task, report, signing)


def dispute(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    bond = sale.task.bond(SEAT_BOND)
    value = now_and_then(data, bond, [bond - 1, bond + 1])
    sender = pick(data, both.world.people)
    made = both.act("dispute_report", sale.task, sender=sender, value=value)
    if not isinstance(made, Refused):
        sale.challenger = sender


def resolve(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.first is None:
        return
    same = sale.first.report._replace(round=1)
    verdict = same if data.draw(st.booleans()) else draw_report(data, both, sale, panel=True)
    signed = {signer.operator for signer in sale.first.signers}
    panel = draw_signers(data, both, sale, parts.panel_size(sale.task.quorum), signed)
    challenger = now_and_then(data, sale.challenger or DEFAULT, both.world.people)
    args = sale.first.resolve(parts.roster(sale.roster), challenger, verdict, panel)
    sender = pick(data, both.world.people)
    made = both.act("resolve_dispute", *args, sender=sender)
    if made is False:
        sale.stands = parts.posted(both.world.chain.domain, sale.task, verdict, [])


DEFAULT = parts.address(parts.signing_key("nobody"))


def expire(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.first is None:
        return
    challenger = now_and_then(data, sale.challenger or DEFAULT, both.world.people)
    sender = pick(data, both.world.people)
    both.act("expire_dispute", *sale.first.expire(challenger), sender=sender)


def claim(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.stands is None:
        return
    stands = now_and_then(data, sale.stands, [sale.first])
    open_awards = [n for n in range(len(stands.payouts)) if n not in state(both, sale).claimed]
    award = now_and_then(data, pick(data, open_awards or [0]), range(8))
    awarded = (stands.payouts[award] >> 128) % 2**32 if award < len(stands.payouts) else 0
    model = now_and_then(data, sale.models[awarded], sale.models)
    sender = now_and_then(data, model.developer, both.world.people)
    both.act("claim_award", *stands.claim(award, model), sender=sender)


def settle(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.stands is None:
        return
    stands = now_and_then(data, sale.stands, [sale.first])
    sender = pick(data, [sale.task.provider, *both.world.people])
    both.act("settle", *stands.settle(), sender=sender)


def share(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if not sale.models:
        return
    index = data.draw(st.integers(0, len(sale.models) - 1))
    args = sale.models[index].share(sale.task, index)
    both.act("claim_share", *args, sender=pick(data, both.world.people))


Step = Callable[[Any, ContractAndModel, RandomSale], None]
ALL: list[Step] = [
    commit, reveal, close, void, post, dispute, resolve, expire, claim, settle, share,
]  # fmt: skip


# ── What comes next ──


def state(both: ContractAndModel, sale: RandomSale) -> TaskState:
    return both.market.tasks[sale.id]


def suggested(both: ContractAndModel, sale: RandomSale) -> Step | None:
    """Return the step that stage and time allow, while there is anything to do."""
    at, now, task = state(both, sale), both.world.chain.now, sale.task
    if at.stage == OPEN and now < task.commit_deadline:
        return commit  # when all places are taken, too: one more is refused
    if at.stage == OPEN and now < task.reveal_deadline:
        return reveal if len(sale.revealed) < len(sale.models) else None
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


def next_time(both: ContractAndModel, sale: RandomSale) -> int | None:
    """When something else becomes possible."""
    at, now = state(both, sale), both.world.chain.now
    times = []
    if at.stage in (OPEN, CLOSED):
        times = [at.time_a, at.time_b, sale.task.report_deadline]
    if at.stage in (REPORTED, FINAL):
        times = [at.time_a, at.time_b]
    if at.stage == DISPUTED:
        times = [at.time_a]
    return min((time for time in times if time > now), default=None)
