"""Rosters to propose: active enclaves of different operators, with spares."""

from collections.abc import Iterator
from dataclasses import dataclass

from eth_utils.address import to_canonical_address

from offchain.chain.registry import Registry
from offchain.protocol.task import Roster, RosterEntry

MOST = 16


@dataclass(frozen=True)
class RosterCandidate:
    """An enclave that may sign now."""

    entry: RosterEntry
    operator: str
    expiry: int
    stake: int


def candidates(registry: Registry, measurement: bytes, min_stake: int) -> Iterator[RosterCandidate]:
    """Active enclaves of a measurement whose operators have at least ``min_stake`` wei staked."""
    for entry, known in registry.all_active(measurement).items():
        stake = int(registry.contract.functions.operator(known.operator).call()[0])
        if stake >= min_stake:
            yield RosterCandidate(entry, known.operator, known.expiry, stake)


def propose(found: list[RosterCandidate], quorum: int, spares: int) -> Roster:
    """3·quorum + 1 enclaves and the spares, those that expire last of as many operators as can be.

    An enclave that reboots has new keys and drops out, so that a roster without spares ends with
    the first reboot that its panel cannot do without.

    Args:
        found: who is there.
        quorum: of the task.
        spares: how many more than needed; 16 entries are the most.

    Raises:
        ValueError: there are too few enclaves, or too few operators for a report and its panel.
    """
    size = 3 * quorum + 1 + spares
    operators = {each.operator for each in found}
    if len(operators) < 3 * quorum + 1 or not size <= min(MOST, len(found)):
        raise ValueError(
            f"{len(found)} active enclaves of {len(operators)} operators, expected {size} (at most "
            f"{MOST}) of at least {3 * quorum + 1}"
        )
    chosen: list[RosterCandidate] = []
    left = sorted(found, key=lambda each: (-each.expiry, each.entry.signing_key))
    while len(chosen) < size:
        seats = {each.operator: 0 for each in left}
        for each in chosen:
            if each.operator in seats:
                seats[each.operator] += 1
        best = min(left, key=lambda each: seats[each.operator])
        chosen.append(best)
        left.remove(best)
    entries = (each.entry for each in chosen)
    return tuple(sorted(entries, key=lambda entry: to_canonical_address(entry.signing_key)))
