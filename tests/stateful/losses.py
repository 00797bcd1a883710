"""An enclave loses what it needs to sign."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.sale import DAY, Enclave
from tests.signing import signing_key
from tests.stateful.draws import pick
from tests.stateful.world import ContractAndModel

RESTLESS = 3  # so many of the enclaves, or operators, suffer what lasts


def restart(both: ContractAndModel, enclave: Enclave) -> None:
    """Its machine boots anew, which retires it; a renewal of it retires the new enclave."""
    key = signing_key(f"restarted {enclave.signing_key}")
    both.renew(replace(enclave, key=key), 30 * DAY)


def fine(both: ContractAndModel, operator: str) -> None:
    """The market takes all that an operator staked."""
    args = operator, 2**128, both.world.strangers[0]
    both.act("registry", "slash", *args, sender=str(both.world.market.address))


def lose(data: Any, both: ContractAndModel, enclave: Enclave) -> None:
    """One of all losses; the last two are those of every enclave."""
    of, operator = both.world.chain.measurement, enclave.operator
    act = partial(both.act, "registry", sender=both.registry.owner)
    losses: list[Callable[[], Any]] = [
        partial(act, "revoke_enclave", enclave.signing_key, of),
        partial(act, "revoke_platform", enclave.platform),
        partial(act, "request_unstake", sender=operator),
        partial(fine, both, operator),
        partial(restart, both, enclave),
        partial(act, "revoke_measurement", of),
        partial(act, "revoke_verifier", both.world.verifiers[0]),
    ]
    pick(data, losses)()
