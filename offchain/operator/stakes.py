"""An operator's stake: what it has, what its machines need, and the way to get it back."""

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.chain.refusals import Refused
from offchain.chain.registry import Registry
from offchain.chain.tokens import in_ether
from offchain.chain.trial import Call


@dataclass(frozen=True)
class Standing:
    """An operator in the registry; times are in Unix seconds, and 0 for never."""

    stake: int
    unlocks_at: int
    epoch: int
    condemned_at: int
    platforms: int

    @classmethod
    def of(cls, registry: Registry, operator: str) -> "Standing":
        """Read an operator's standing."""
        return cls(*map(int, registry.contract.functions.operator(operator).call()))


def least_stake(registry: Registry, operator: str, platform: bytes) -> int:
    """Return the stake (wei) that an operator needs to have an enclave on a platform."""
    functions = registry.contract.functions
    standing = Standing.of(registry, operator)
    holder, _, _, epoch = functions.platform(platform).call()
    holds = holder == operator and epoch == standing.epoch
    return int(functions.platform_stake().call()) * (standing.platforms + (not holds))


def stake_call(registry: Registry, operator: str, target: int) -> Call | None:
    """Return the call that brings a stake up to ``target`` wei; None if it is there already.

    Raises:
        Refused: the operator has asked for its stake back.
    """
    standing = Standing.of(registry, operator)
    if standing.condemned_at:
        raise Refused(f"operator {operator} is condemned: its stake is lost, use another account")
    if standing.unlocks_at:
        raise Refused(
            f"operator {operator} has asked for its stake back: take it with `golden-grain "
            "unstake`, then stake anew"
        )
    missing = target - standing.stake
    if missing <= 0:
        return None
    what = f"stake {in_ether(missing)}, which makes {in_ether(target)}"
    return Call(what, registry.contract.functions.stake(), missing)


def unstake_call(registry: Registry, operator: str, to: str, now: int) -> Call | None:
    """Return the next call on the way to get a stake back; None while there is only waiting.

    Args:
        registry: the contract.
        operator: the account.
        to: account that gets the stake.
        now: time of the chain, in Unix seconds.

    Raises:
        Refused: there is no stake, or it is lost.
    """
    standing, functions = Standing.of(registry, operator), registry.contract.functions
    if standing.condemned_at:
        raise Refused(f"operator {operator} is condemned: its stake is lost")
    if standing.unlocks_at and now >= standing.unlocks_at:
        return Call(f"take {in_ether(standing.stake)} to {to}", functions.unstake(to))
    if standing.unlocks_at:
        return None
    if not standing.stake:
        raise Refused(f"operator {operator} has no stake")
    amount = in_ether(standing.stake)
    what = f"ask for {amount} back: all enclaves of {operator} are inactive at once"
    return Call(what, functions.request_unstake())


def active_enclaves(registry: Registry, operator: str) -> Iterator[tuple[str, bytes]]:
    """Yield signing key and measurement of an operator's enclaves that may sign now."""
    topics = [None, None, "0x" + 24 * "0" + operator[2:].lower()]
    event = registry.contract.events.EnclaveRegistered()
    topics[0] = event.topic
    latest = int(registry.node.web3.eth.block_number)
    seen = set()
    for log in registry.node.logs(registry.contract.address, topics, latest):
        values = event.process_log(log)["args"]
        key, named = values["signing_key"], bytes(values["measurement"])
        record = key, bytes(values["sealing_key"]), bytes(values["platform"]), named
        if (key, named) not in seen and registry.contract.functions.is_active(*record).call():
            seen.add((key, named))
            yield key, named
