"""Random next steps of the parties of a task, tried on contract and model alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import boa
from hypothesis import strategies as st

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.deployment import SEAT_BOND
from tests.inprocess import NO_REASON
from tests.sale import (
    CLOSED,
    DISPUTED,
    FINAL,
    OPEN,
    REPORTED,
    VOIDED,
    Cosignature,
    Enclave,
    Model,
    Posted,
    Report,
    RosterEntry,
    Task,
)
from tests.stateful.draws import now_and_then, pick, pick_some, sometimes
from tests.stateful.hostile import FAILING, ODD_MODES
from tests.stateful.ledger import ETHER, SAYS_NO, Refused
from tests.stateful.losses import RESTLESS, lose
from tests.stateful.random_tasks import draw_task
from tests.stateful.registry_model import UNSIGNED
from tests.stateful.task_state import TaskState, acceptable
from tests.stateful.world import WEALTH, ContractAndModel
from tests.token_modes import TokenMode


@dataclass(repr=False)
class RandomSale:
    """One task as its parties know it."""

    task: Task
    id: bytes
    roster: list[Enclave]
    entries: list[RosterEntry]
    models: list[Model] = field(default_factory=list)
    revealed: list[int] = field(default_factory=list)
    first: Posted | None = None  # the first report
    stands: Posted | None = None  # the one that stands
    challenger: str = ""


FAULTS = {reasons.BAD_TOKEN, SAYS_NO, NO_REASON}
"""Reasons for which a task is refused that speak of its token alone."""

# ── Steps ──


def create(data: Any, both: ContractAndModel, nonce: int) -> RandomSale | None:
    """A new task, unless its token or a wrong call prevents it."""
    world = both.world
    roster = parts.ordered(pick_some(data, world.roster, data.draw(st.integers(10, 11))))
    roster = pick(data, [roster, parts.ordered([*roster, world.twin])])
    roster = now_and_then(data, roster, [roster, roster[:3]])
    entries = parts.roster(roster)
    entries = now_and_then(data, entries, [entries, entries[::-1]])
    task = draw_task(data, both, nonce, entries)
    known = [state.task for state in both.market.tasks.values() if state.task]
    task = now_and_then(data, task, known or [task])
    sender = now_and_then(data, task.provider, world.people)
    value = now_and_then(data, task.escrow(), [task.escrow() + 1])
    value = min(value, WEALTH // 2)
    uri = pick(data, ["", "u", 256 * "u"])
    is_hostile = task.token == str(world.configurable.address)
    mode = sometimes(data, None, [*ODD_MODES, *FAILING]) if is_hostile else None
    if mode is not None:
        both.hostile.set_mode(mode)
    made = both.act("market", "create_task", task, uri, sender=sender, value=value)
    if mode is not None:
        both.hostile.set_mode(TokenMode.STANDARD)
    if not isinstance(made, Refused):
        return RandomSale(task, made, roster, entries)
    if mode is not None and made.reasons <= FAULTS:
        world.tally.add("create_task", "token", str(mode))
    return None


def commit(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    task, world = sale.task, both.world
    name = f"{sale.id.hex()} {len(sale.models)}"
    floor = now_and_then(data, 0, [20, 10**19])
    model = parts.model(pick(data, world.developers), name, floor)
    model = now_and_then(data, model, [*sale.models, model])
    fair = model.commitment(world.chain.domain, sale.id)
    leaf = model.leaf(sale.id, len(sale.models))
    commitment = now_and_then(data, fair, [leaf, bytes(32)])
    price = task.commit_bond + task.entry_fee
    value = now_and_then(data, price, [price + 1, max(price - 1, 0)])
    made = both.act(
        "market", "commit_model", sale.id, commitment, sender=model.developer, value=value
    )
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
    made = both.act("market", "reveal_model", *model.reveal(sale.id, index), sender=sender)
    if not isinstance(made, Refused):
        sale.revealed.append(index)


def close(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    patch = boa.env.evm.patch
    sender = pick(data, both.world.people)
    randomness = {"prevrandao": patch.prevrandao, "parent": patch.prev_hashes[0]}
    both.act("market", "close_reveals", sale.id, sender=sender, **randomness)


def void(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    sender = pick(data, [sale.task.provider, pick(data, both.world.people)])
    both.act("market", "void", sale.task, sender=sender)


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
    made = parts.report(sale.id, seed, *pairs, panel=panel)
    return made._replace(choices=sometimes(data, made.choices, [1, 2**256 - 1]))


def draw_signers(
    data: Any, both: ContractAndModel, sale: RandomSale, count: int, but: set[str]
) -> list[Enclave]:
    """Enclaves that may sign, as far as there are enough; sometimes others."""
    world = both.world
    may = [each for each in sale.roster if each.operator not in but]
    losing = [each for each in may if each in world.roster[:RESTLESS]]
    unlucky = sometimes if but else now_and_then  # more often in a panel, of which there are few
    lost = pick(data, unlucky(data, [None], [losing or [None]]))
    if lost:
        lose(data, both, lost)
    able = [each for each in may if both.may_sign(each, sale.task)]
    pool = pick_some(data, able if len(able) >= count else may, len(world.roster))
    # One that may not sign, two of one operator, one that is not asked.
    others = [each for each in sale.roster if each not in able]
    strangers = [each for each in (*world.roster, world.twin) if each not in may]
    unusual = [[pick(data, others or may)], world.twins, [pick(data, strangers or may)]]
    if all(each in able for each in world.twins):  # which is seldom so, where a panel is drawn
        unusual += 3 * [world.twins]
    first = [lost] if lost else sometimes(data, [], unusual)
    signing = [*first, *{each.operator: each for each in pool if each not in first}.values()]
    counts = *range(4), count + 1, count + 2
    return parts.ordered(signing[: now_and_then(data, count, counts)])


def wrong(cosignatures: Sequence[Cosignature]) -> list[list[Cosignature]]:
    """The last of them invalid; and for a machine that nobody has."""
    return [
        [*cosignatures[:-1], *(each._replace(**change) for each in cosignatures[-1:])]
        for change in ({"r": UNSIGNED}, {"platform": UNSIGNED})
    ]


def post(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    domain = both.world.chain.domain
    report = draw_report(data, both, sale, panel=False)
    report = report._replace(awards=now_and_then(data, report.awards, [(0, 1)]))
    signing = draw_signers(data, both, sale, sale.task.quorum, set())
    cosignatures = parts.cosign(report.digest(domain), signing)
    made = both.act(
        "market",
        "post_report",
        sale.task,
        now_and_then(data, sale.entries, [sale.entries[1:]]),
        report,
        now_and_then(data, cosignatures, wrong(cosignatures)),
        sender=pick(data, both.world.people),
    )
    if not isinstance(made, Refused):
        sale.first = sale.stands = parts.posted(domain, sale.task, report, signing)


def dispute(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    bond = sale.task.bond(SEAT_BOND)
    value = now_and_then(data, bond, [bond - 1, bond + 1])
    sender = pick(data, both.world.people)
    made = both.act("market", "dispute_report", sale.task, sender=sender, value=value)
    if not isinstance(made, Refused):
        sale.challenger = sender


def resolve(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.first is None:
        return
    disputed = sale.first.report
    same = disputed._replace(round=1, choices=data.draw(st.integers(0, 9)))
    verdict = same if data.draw(st.booleans()) else draw_report(data, both, sale, panel=True)
    others = [{"task_id": bytes(32)}, {"round": 0}, {"seed": bytes(32)}, {"inventory": bytes(32)}]
    verdict = verdict._replace(**sometimes(data, {}, others))
    signed = {signer.operator for signer in sale.first.signers}
    panel = draw_signers(data, both, sale, parts.panel_size(sale.task.quorum), signed)
    challenger = now_and_then(data, sale.challenger or DEFAULT, both.world.people)
    entries = now_and_then(data, sale.entries, [sale.entries[1:]])
    args = list(sale.first.resolve(entries, challenger, verdict, panel))
    args[-1] = now_and_then(data, args[-1], wrong(args[-1]))
    args[2] = now_and_then(data, disputed, [disputed._replace(awards=(0, 1))])
    sender = pick(data, both.world.people)
    made = both.act("market", "resolve_dispute", *args, sender=sender)
    if made is False:
        sale.stands = parts.posted(both.world.chain.domain, sale.task, verdict, [])


DEFAULT = parts.address(parts.signing_key("nobody"))


def expire(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.first is None:
        return
    challenger = now_and_then(data, sale.challenger or DEFAULT, both.world.people)
    sender = pick(data, both.world.people)
    both.act("market", "expire_dispute", *sale.first.expire(challenger), sender=sender)


def claim(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.stands is None:
        return
    stands = now_and_then(data, sale.stands, [sale.first])
    claimed = state(both, sale).claimed
    open_awards = [n for n in range(len(stands.payouts)) if n not in claimed]
    award = sometimes(data, pick(data, open_awards or [0]), [*claimed, *range(8)])
    awarded = (stands.payouts[award] >> 128) % 2**32 if award < len(stands.payouts) else 0
    model = now_and_then(data, sale.models[awarded], sale.models)
    sender = now_and_then(data, model.developer, both.world.people)
    args = list(stands.claim(award, model))
    args[2] = now_and_then(data, sale.task.token, both.world.tokens)
    both.act("market", "claim_award", *args, sender=sender)


def settle(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if sale.stands is None:
        return
    stands = now_and_then(data, sale.stands, [sale.first])
    sender = pick(data, [sale.task.provider, pick(data, both.world.people)])
    both.act("market", "settle", *stands.settle(), sender=sender)


def share(data: Any, both: ContractAndModel, sale: RandomSale) -> None:
    if not sale.models:
        return
    index = data.draw(st.integers(0, len(sale.models) - 1))
    args = sale.models[index].share(sale.task, index)
    both.act("market", "claim_share", *args, sender=pick(data, both.world.people))


def withdraw(data: Any, both: ContractAndModel) -> None:
    """Somebody who is owed, mostly, to an account that takes it, mostly."""
    owed = [each for each, amount in both.market.credits.items() if amount]
    token, owner = pick(data, owed or [(ETHER, both.world.strangers[1])])
    others = [pick(data, both.world.people), str(both.world.market.address), ZERO_ADDRESS]
    to = sometimes(data, owner, others)
    caller = now_and_then(data, owner, both.world.people)
    is_hostile = token == str(both.world.configurable.address)
    if is_hostile and sometimes(data, False, [True]):
        both.hostile.set_mode(pick(data, FAILING))
    both.act("market", "withdraw", token, to, sender=caller)


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
        return commit if len(at.words) < task.max_submissions else None
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
