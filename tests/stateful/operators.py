"""Steps of operators and of the registry's owner during a sale."""

from dataclasses import replace
from typing import Any

from tests import sale as parts
from tests.sale import DAY
from tests.sale import ETHER as ONE
from tests.signing import signing_key
from tests.stateful.random_sales import now_and_then, pick
from tests.stateful.world import DEAD, ContractAndModel

RESTLESS = 3  # so many of the enclaves, or operators, suffer what lasts


def stake(data: Any, both: ContractAndModel) -> None:
    operator = pick(data, both.world.operators)
    both.act_on_registry("stake", sender=operator, value=pick(data, [0, 1, ONE]))


def unstake(data: Any, both: ContractAndModel) -> None:
    operator = pick(data, both.world.operators[:RESTLESS])
    if both.registry.reference.operators[operator].unlocks_at:
        to = now_and_then(data, operator, [both.world.refuser])
        both.act_on_registry("unstake", to, sender=operator)
    else:
        both.act_on_registry("request_unstake", sender=operator)


def renew(data: Any, both: ContractAndModel) -> None:
    """Whoever expired attests itself anew, and one that need not."""
    enclaves, now = both.world.chain.enclaves, both.world.chain.now
    expired = [each for each in enclaves if now >= both.expiry(each)]
    for enclave in [*expired, pick(data, enclaves)]:
        both.renew(enclave, pick(data, [30 * DAY, 40 * DAY, DAY]))


def restart(data: Any, both: ContractAndModel) -> None:
    """A machine boots anew, which retires its enclave; a renewal of that one retires the new."""
    enclave = pick(data, both.world.chain.enclaves[-RESTLESS:])
    key = signing_key(f"restarted {enclave.signing_key}")
    both.renew(replace(enclave, key=key), 30 * DAY)


def equivocate(data: Any, both: ContractAndModel) -> None:
    """An enclave signs two reports of one task, and somebody shows them."""
    enclave = pick(data, both.world.chain.enclaves[-RESTLESS:])
    tasks = [state.task for state in both.market.tasks.values() if state.task]
    lists = [(), ((0, 900_000),), ((0, 902_000),), ((0, 902_001),), ((0, 10**6),)]
    for task in tasks[-1:]:
        of = task.id(both.market.domain)
        reports = [parts.report(of, bytes(32), *pick(data, lists)) for _ in range(2)]
        both.prove_equivocation(task, reports, enclave, pick(data, both.world.people))


def burn(data: Any, both: ContractAndModel) -> None:
    operators = both.registry.reference.operators
    condemned = [each for each, state in operators.items() if state.condemned_at]
    operator = now_and_then(data, pick(data, condemned or both.world.operators), [DEAD])
    both.act_on_registry("burn_stake", operator, sender=pick(data, both.world.people))


def withdraw(data: Any, both: ContractAndModel) -> None:
    owed = [each for each, amount in both.registry.reference.credits.items() if amount]
    owner = pick(data, owed or both.world.strangers)
    both.act_on_registry("withdraw", owner, sender=owner)


def revoke(data: Any, both: ContractAndModel) -> None:
    enclave = pick(data, both.world.chain.enclaves[:RESTLESS])
    what = pick(data, ["enclave", "platform"])
    both.revoke(now_and_then(data, what, ["measurement"]), enclave)
