"""What operators, and the owner of the registry, may do meanwhile."""

from typing import Any

from tests import sale as parts
from tests.sale import DAY
from tests.sale import ETHER as ONE
from tests.stateful.plays import now_and_then, pick
from tests.stateful.world import DEAD, Twin

RESTLESS = 3  # so many of the enclaves, or operators, suffer what lasts


def stake(data: Any, twin: Twin) -> None:
    operator = pick(data, twin.world.operators)
    twin.act_on_registry("stake", sender=operator, value=pick(data, [0, 1, ONE]))


def unstake(data: Any, twin: Twin) -> None:
    operator = pick(data, twin.world.operators[:RESTLESS])
    if twin.registry.reference.operators[operator].unlocks_at:
        to = now_and_then(data, operator, [twin.world.refuser])
        twin.act_on_registry("unstake", to, sender=operator)
    else:
        twin.act_on_registry("request_unstake", sender=operator)


def renew(data: Any, twin: Twin) -> None:
    """Whoever expired attests itself anew, and one that need not."""
    enclaves, now = twin.world.chain.enclaves, twin.world.chain.now
    expired = [each for each in enclaves if now >= twin.expiry(each)]
    for enclave in [*expired, pick(data, enclaves)]:
        twin.renew(enclave, pick(data, [30 * DAY, 40 * DAY, DAY]))


def equivocate(data: Any, twin: Twin) -> None:
    """An enclave signs two reports of one task, and somebody shows them."""
    enclave = pick(data, twin.world.chain.enclaves[-RESTLESS:])
    tasks = [state.task for state in twin.market.tasks.values() if state.task]
    lists = [(), ((0, 900_000),), ((0, 902_000),), ((0, 902_001),), ((0, 10**6),)]
    for task in tasks[-1:]:
        of = task.id(twin.market.domain)
        reports = [parts.report(of, bytes(32), *pick(data, lists)) for _ in range(2)]
        twin.prove_equivocation(task, reports, enclave, pick(data, twin.world.people))


def burn(data: Any, twin: Twin) -> None:
    operators = twin.registry.reference.operators
    condemned = [each for each, state in operators.items() if state.condemned_at]
    operator = now_and_then(data, pick(data, condemned or twin.world.operators), [DEAD])
    twin.act_on_registry("burn_stake", operator, sender=pick(data, twin.world.people))


def withdraw(data: Any, twin: Twin) -> None:
    owed = [each for each, amount in twin.registry.reference.credits.items() if amount]
    owner = pick(data, owed or twin.world.strangers)
    twin.act_on_registry("withdraw", owner, sender=owner)


def revoke(data: Any, twin: Twin) -> None:
    enclave = pick(data, twin.world.chain.enclaves[:RESTLESS])
    what = pick(data, ["enclave", "platform"])
    twin.revoke(now_and_then(data, what, ["measurement"]), enclave)
