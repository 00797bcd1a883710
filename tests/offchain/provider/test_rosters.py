"""Proposal of a roster from what may sign: one enclave of each operator and each machine."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from offchain.chain.registry import Registered
from offchain.protocol.task import RosterEntry
from offchain.provider.rosters import RosterCandidate, candidates, named, propose
from tests.sale import enclave, word


def candidate(name: str, operator: str | None = None, **changes: object) -> RosterCandidate:
    made = enclave(name, "0x" + "00" * 20)
    entry = RosterEntry(made.signing_key, made.sealing_key)
    found = RosterCandidate(entry, operator or f"operator of {name}", made.platform, 1_000, 1)
    return replace(found, **changes)


def names(count: int) -> list[RosterCandidate]:
    return [candidate(f"enclave {n}") for n in range(count)]


@pytest.mark.parametrize(("quorum", "spares"), [(1, 0), (1, 2), (2, 3), (3, 6)])
def test_propose__enough_operators__one_entry_of_each_by_rising_key(quorum, spares):
    found = names(3 * quorum + 1 + spares)
    roster = propose(found, quorum, spares)
    assert set(roster) == {each.entry for each in found}
    keys = [int(entry.signing_key, 16) for entry in roster]
    assert keys == sorted(keys)


def test_propose__twins_on_one_machine__one_of_them():
    """Signatures of two enclaves of one machine would count once, or not at all."""
    old = candidate("old", operator="X", platform=word("machine"), expiry=1_000)
    new = candidate("new", operator="X", platform=word("machine"), expiry=2_000)
    for found in ([*names(3), old, new], [new, *names(3), old]):
        roster = propose(found, quorum=1, spares=0)
        assert new.entry in roster
        assert old.entry not in roster
        with pytest.raises(ValueError, match=r"5 active enclaves of 4 operators .* expected 5 "):
            propose(found, quorum=1, spares=1)


@pytest.mark.parametrize("shared", ["operator", "platform"])
def test_propose__one_operator_or_one_machine_twice__one_entry(shared):
    pair = [candidate(name, operator=name, expiry=9_000) for name in ("one", "two")]
    pair[1] = replace(pair[1], **{shared: getattr(pair[0], shared)})
    roster = propose([*names(3), *pair], quorum=1, spares=0)
    assert len(set(roster) & {each.entry for each in pair}) == 1


def test_propose__more_than_needed__those_that_expire_last():
    found = [candidate(f"enclave {n}", expiry=n, stake=10 - n) for n in range(10)]
    roster = propose(found, quorum=1, spares=2)
    assert set(roster) == {each.entry for each in found[4:]}


def test_propose__above_16_entries__is_refused():
    with pytest.raises(ValueError, match=r"expected 17 \(at most 16\)"):
        propose(names(20), quorum=3, spares=7)
    assert len(propose(names(20), quorum=3, spares=6)) == 16


# ── Candidates ──


class Registry:
    """A registry with these enclaves, all active."""

    def __init__(self, *found: RosterCandidate) -> None:
        self.found = found
        self.contract = SimpleNamespace(functions=self)

    def all_active(self, _: bytes) -> dict[RosterEntry, Registered]:
        return {
            each.entry: Registered(each.operator, each.platform, b"", each.expiry)
            for each in self.found
        }

    def operator(self, account: str) -> SimpleNamespace:
        stake = next(each.stake for each in self.found if each.operator == account)
        return SimpleNamespace(call=lambda: [stake])


def test_candidates__stake_expiry_and_provider__are_held_to_their_bounds():
    good = candidate("good", expiry=101, stake=5)
    others = [
        candidate("poor", expiry=101, stake=4),
        candidate("ends with the verdict", expiry=100, stake=5),
        candidate("the provider's", operator="provider", expiry=101, stake=5),
    ]
    registry = Registry(good, *others)
    assert list(candidates(registry, b"", 5, 100, "provider")) == [good]
    assert len(list(candidates(registry, b"", 4, 99))) == 4


def test_named__enclaves_of_the_provider__are_the_roster():
    found = names(6)
    keys = [each.entry.signing_key for each in found[:5]]
    assert set(named(found, keys, quorum=1)) == {each.entry for each in found[:5]}


def test_named__unknown_enclave__is_refused():
    found = names(4)
    keys = [each.entry.signing_key for each in [*found[:3], *names(5)[4:]]]
    with pytest.raises(ValueError, match=f"enclaves {keys[3]} are not registered"):
        named(found, keys, quorum=1)


@pytest.mark.parametrize("count", [0, 3])
def test_named__too_few__are_refused(count):
    found = names(4)
    keys = [each.entry.signing_key for each in found[:count]]
    with pytest.raises(ValueError, match=f"{count} active enclaves .* expected 4"):
        named(found, keys, quorum=1)


def test_named__two_of_one_operator__are_refused():
    found = [*names(3), candidate("a", operator="X"), candidate("b", operator="X")]
    keys = [each.entry.signing_key for each in found]
    with pytest.raises(ValueError, match=r"5 active enclaves of 4 operators .* expected 5"):
        named(found, keys, quorum=1)
