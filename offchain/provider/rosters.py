"""Proposal of a roster: active enclaves, one of each operator and platform, with spares."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from eth_utils.address import to_canonical_address

from offchain.chain.registry import Registry
from offchain.protocol.task import Roster, RosterEntry

MAX_ENTRIES = 16
"""Most entries of a roster."""


@dataclass(frozen=True)
class RosterCandidate:
    """An enclave that may sign now.

    Args:
        entry: its public keys.
        operator: address of its operator.
        platform: id of its machine.
        expiry: of its registration, in Unix seconds.
        stake: of its operator, in wei.
    """

    entry: RosterEntry
    operator: str
    platform: bytes
    expiry: int
    stake: int


def candidates(
    registry: Registry, measurement: bytes, min_stake: int, until: int = 0, apart: str | None = None
) -> Iterator[RosterCandidate]:
    """Yield the active enclaves of a measurement that a task can rely on.

    Args:
        registry: on the provider's own node.
        measurement: bytes32.
        min_stake: stake that their operators must have, in wei.
        until: time after which their registration must expire, in Unix seconds: that of the last
            verdict.
        apart: address of an operator that is left out, the provider itself.
    """
    for entry, known in registry.all_active(measurement).items():
        stake = int(registry.contract.functions.operator(known.operator).call()[0])
        if stake >= min_stake and known.expiry > until and known.operator != apart:
            yield RosterCandidate(entry, known.operator, known.platform, known.expiry, stake)


def named(found: list[RosterCandidate], signing_keys: Collection[str], quorum: int) -> Roster:
    """Return the roster of enclaves that the provider names.

    Args:
        found: the enclaves to choose from.
        signing_keys: of those chosen.
        quorum: of the task.

    Raises:
        ValueError: one is not among those found, two have one operator or machine, or they are too
            few or too many.
    """
    by_key = {each.entry.signing_key: each for each in found}
    unknown = [key for key in signing_keys if key not in by_key]
    if unknown:
        raise ValueError(
            f"enclaves {', '.join(unknown)} are not registered for this program with enough stake "
            "until the last verdict, or are your own: name others"
        )
    chosen = [by_key[key] for key in dict.fromkeys(signing_keys)]
    return propose(chosen, quorum, max(len(chosen) - 3 * quorum - 1, 0))


def propose(found: list[RosterCandidate], quorum: int, spares: int) -> Roster:
    """Choose 3·quorum + 1 enclaves and the spares, each of another operator on another platform.

    A second enclave of an operator or a platform gives no second vote, and every entry can open
    every model. Those that expire last are chosen. Spares are needed because an enclave that
    reboots has new keys and drops out: without spares, one reboot can leave too few enclaves for a
    panel.

    Args:
        found: the enclaves to choose from.
        quorum: of the task.
        spares: number of enclaves beyond those needed; a roster has at most 16 entries.

    Raises:
        ValueError: there are too few operators for a report, its panel and the spares.
    """
    size = 3 * quorum + 1 + spares
    chosen: list[RosterCandidate] = []
    for each in sorted(found, key=lambda each: (-each.expiry, each.entry.signing_key)):
        operators, platforms = {one.operator for one in chosen}, {one.platform for one in chosen}
        if each.operator not in operators and each.platform not in platforms:
            chosen.append(each)
    if not size <= min(MAX_ENTRIES, len(chosen)):
        raise ValueError(
            f"{len(found)} active enclaves of {len(chosen)} operators on machines of their own, "
            f"expected {size} (at most {MAX_ENTRIES}): wait for others, or name fewer spares"
        )
    entries = (each.entry for each in chosen[:size])
    return tuple(sorted(entries, key=lambda entry: to_canonical_address(entry.signing_key)))
