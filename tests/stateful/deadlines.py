"""Every time that decides something, and what to try around it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.sale import CLOSED, DISPUTED, FINAL, OPEN, REPORTED
from tests.stateful import operators, random_documents, random_sales
from tests.stateful.draws import pick
from tests.stateful.policy_model import Document
from tests.stateful.random_sales import RandomSale, Step
from tests.stateful.registry_reference import MAX_LIFETIME, Bound, Enrolment
from tests.stateful.world import ContractAndModel

Try = Callable[[Any, ContractAndModel], None]
OFFSETS = (-1, 0, 1)


@dataclass(frozen=True)
class Deadline:
    """A first second from which on something is possible, or no longer possible."""

    name: str
    time: int
    tries: tuple[Try, ...]


SALE: dict[str, tuple[Step, ...]] = {
    "commit deadline": (random_sales.commit, random_sales.reveal),
    "reveal deadline": (random_sales.reveal, random_sales.close, random_sales.void),
    "report deadline": (random_sales.post, random_sales.void),
    "claims open": (random_sales.settle, random_sales.claim, random_sales.dispute),
    "claims close": (random_sales.claim, random_sales.settle),
    "verdict deadline": (random_sales.resolve, random_sales.expire),
}
REGISTRY = "enclave expires", "stake unlocks", "platform is free", "verifier is ready"
POLICY = "document is issued", "document is stale", "revocation list is stale"
NAMES = (*SALE, *REGISTRY, *POLICY)


def of_sale(both: ContractAndModel, sale: RandomSale) -> list[Deadline]:
    at, task = random_sales.state(both, sale), sale.task
    times = {}
    if at.stage == OPEN:
        times = {"commit deadline": at.time_a, "reveal deadline": at.time_b}
    if at.stage in (OPEN, CLOSED):
        times["report deadline"] = task.report_deadline
    if at.stage in (REPORTED, FINAL):
        times = {"claims open": at.time_a, "claims close": at.time_b}
    if at.stage == DISPUTED:
        times = {"verdict deadline": at.time_a}
    return [
        Deadline(name, time, tuple(partial(on_sale, step, sale) for step in SALE[name]))
        for name, time in times.items()
    ]


def on_sale(step: Step, sale: RandomSale, data: Any, both: ContractAndModel) -> None:
    step(data, both, sale)


def of_registry(both: ContractAndModel) -> list[Deadline]:
    reference, world = both.registry.reference, both.world
    found = []
    for (_, key), enclave in reference.enclaves.items():
        if key in world.keys:
            tries = operators.check_quorum, operators.check_quorum
            found.append(Deadline("enclave expires", enclave.expiry, tries))
    for operator, record in reference.operators.items():
        if record.unlocks_at:
            tries_to_leave = partial(take_out, operator), operators.equivocate
            found.append(Deadline("stake unlocks", record.unlocks_at, tries_to_leave))
    for platform, hold in reference.platforms.items():
        if platform in world.platforms:
            tries_to_take = (partial(take_machine, platform),)
            found.append(Deadline("platform is free", hold.until, tries_to_take))
    for verifier, known in reference.verifiers.items():
        if known.ready_at and not known.added_at:
            found.append(Deadline("verifier is ready", known.ready_at, (partial(add, verifier),)))
    return found


def take_out(operator: str, data: Any, both: ContractAndModel) -> None:
    """The stake, by its owner and by those who burn it."""
    to = pick(data, [operator, both.world.refuser, ZERO_ADDRESS])
    both.hostile.set_refusal(to == both.world.refuser)
    both.act("registry", "unstake", to, sender=operator)
    both.act("registry", "burn_stake", operator, sender=operator)


def take_machine(platform: bytes, data: Any, both: ContractAndModel) -> None:
    """Somebody else registers there."""
    world, holder = both.world, both.registry.reference.platforms[platform].operator
    operator = next(each for each in world.tenants if each != holder)
    both.act("registry", "stake", sender=operator, value=10**18)
    of = operators.measurement_of(data, both)
    bound = Bound(operator, platform, world.sealing_keys[0])
    key, until = pick(data, world.keys), both.now + MAX_LIFETIME
    both.register(Enrolment(key, bound, of, world.attested[of][0], until))


def add(verifier: str, data: Any, both: ContractAndModel) -> None:
    both.act("registry", "add_verifier", verifier, sender=pick(data, both.world.people))


def of_policy(both: ContractAndModel) -> list[Deadline]:
    found, grace = [], both.policy.grace
    for document in both.documents.values():
        tries = partial(bring_again, document), random_documents.check_machine
        stale = document.floor.next_update + grace + 1
        found.append(Deadline("document is issued", document.floor.issued, tries))
        found.append(Deadline("document is stale", stale, tries))
    if both.policy.crl_next_update:
        stale = both.policy.crl_next_update + grace + 1
        bring = random_documents.bring_document
        found.append(Deadline("revocation list is stale", stale, (bring,)))
    return found


def bring_again(document: Document, data: Any, both: ContractAndModel) -> None:
    both.bring("policy", document, both.world.strangers[1])


def deadlines(
    both: ContractAndModel, sales: list[RandomSale], *, of_sales_alone: bool = False
) -> list[Deadline]:
    """All that are still to come, the soonest first."""
    found = [each for sale in sales for each in of_sale(both, sale)]
    if not of_sales_alone:
        found += of_registry(both) + of_policy(both)
    return sorted((each for each in found if each.time > both.now), key=lambda each: each.time)
