"""Proposal of a roster: active enclaves of different operators, with spares."""

from collections.abc import Iterator
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
        expiry: of its registration, in Unix seconds.
        stake: of its operator, in wei.
    """

    entry: RosterEntry
    operator: str
    expiry: int
    stake: int


def candidates(registry: Registry, measurement: bytes, min_stake: int) -> Iterator[RosterCandidate]:
    """Yield active enclaves of a measurement whose operators stake at least ``min_stake`` wei."""
    for entry, known in registry.all_active(measurement).items():
        stake = int(registry.contract.functions.operator(known.operator).call()[0])
        if stake >= min_stake:
            yield RosterCandidate(entry, known.operator, known.expiry, stake)


def propose(found: list[RosterCandidate], quorum: int, spares: int) -> Roster:
    """Choose 3·quorum + 1 enclaves and the spares, from as many operators as possible.

    Each next entry belongs to an operator with the fewest entries so far, and is the enclave among
    theirs that expires last. Spares are needed because an enclave that reboots has new keys and
    drops out: without spares, one reboot can leave too few enclaves for a panel.

    Args:
        found: the enclaves to choose from.
        quorum: of the task.
        spares: number of enclaves beyond those needed; a roster has at most 16 entries.

    Raises:
        ValueError: there are too few enclaves, or too few operators for a report and its panel.
    """
    size = 3 * quorum + 1 + spares
    operators = {each.operator for each in found}
    if len(operators) < 3 * quorum + 1 or not size <= min(MAX_ENTRIES, len(found)):
        raise ValueError(
            f"{len(found)} active enclaves of {len(operators)} operators, expected {size} (at most "
            f"{MAX_ENTRIES}) of at least {3 * quorum + 1} operators"
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
