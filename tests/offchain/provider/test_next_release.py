"""The next release: what it leaves out, and where it goes, whatever some operators claim."""

# Holds S-94.

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.registry import Registered
from offchain.operator.client import error_of
from offchain.protocol.errors import RunStopped
from offchain.protocol.messages import Problem, ProblemKind, problem_of
from offchain.protocol.release import Release
from offchain.protocol.reports import StopNotice
from offchain.protocol.task import RosterEntry
from offchain.provider.key_release import (
    agreed,
    next_enclaves,
    read_notices,
    signer_of,
    stopped_by_operator,
)
from offchain.storage.publications import ResultsFolder
from tests.offchain.market import Offer, enclaves, key_of, make_market, model
from tests.vectors.generate import address, word

T = TypeVar("T")
MARKET = make_market([Offer(model([i])) for i in range(4)])
TRANSCRIPT = MARKET.transcript


def notice(seat: int, *stopped: int) -> StopNotice:
    return StopNotice.sign(TRANSCRIPT, stopped, key_of(MARKET.enclaves[seat]))


# ── Notices ──


def test_signer__of_a_notice__is_the_enclave() -> None:
    made = notice(1, 0, 2)
    assert signer_of(made, TRANSCRIPT) == MARKET.enclaves[1].identity.signing_key
    assert made.stopped == (0, 2)


def test_signer__notice_that_was_altered_or_is_of_another_seed__is_another() -> None:
    made, own = notice(1, 0, 2), MARKET.enclaves[1].identity.signing_key
    other = make_market([Offer(model([i])) for i in range(4)], prevrandao=word("other")).transcript
    assert other.task_id == TRANSCRIPT.task_id
    for altered, transcript in ((replace(made, stopped=(0, 3)), TRANSCRIPT), (made, other)):
        assert signer_of(altered, transcript) != own


@pytest.mark.parametrize("stopped", [(7,), (2, 0), (1, 1)])
def test_signer__indices_out_of_order_or_not_revealed__raises(stopped: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="inventory"):
        signer_of(replace(notice(0, 1), stopped=stopped), TRANSCRIPT)


def test_digest__of_one_stopped_model__is_no_inventory_that_a_release_is_bound_to() -> None:
    assert StopNotice.digest(TRANSCRIPT, [1]) != TRANSCRIPT.inventory_digest([1])


def test_problem_of__stop__keeps_the_notice() -> None:
    problem = problem_of(RunStopped(0, "killed", (2,), notice(0, 0, 2)))
    assert problem == Problem(ProblemKind.STOPPED, "killed", submission=0, notice=notice(0, 0, 2))
    error = error_of(problem)
    assert isinstance(error, RunStopped)
    assert (error.submission, error.others, error.notice) == (0, (2,), notice(0, 0, 2))


# ── Operators' folders ──

ACTIVE = {
    enclave.identity: Registered(address(f"operator {seat}"), word(f"platform {seat}"), b"", 1)
    for seat, enclave in enumerate(MARKET.enclaves)
}


def result(lines: Generator[str, None, T]) -> tuple[list[str], T]:
    said = []
    while True:
        try:
            said.append(next(lines))
        except StopIteration as end:
            return said, end.value


def test_read_notices__folders_of_operators__are_read_side_by_side(tmp_path) -> None:
    uris = [str(tmp_path / f"operator {n}") for n in range(4)]
    for seat in (0, 2):
        ResultsFolder(uris[seat]).put_notice(notice(seat, 1))
    (tmp_path / "operator 3").mkdir()
    name = f"0x{TRANSCRIPT.task_id.hex()}-round-0-stopped.json"
    (tmp_path / "operator 3" / name).write_bytes(b"\xff{")
    said, found = result(read_notices(TRANSCRIPT.task_id, uris, local=True))
    assert found == [notice(0, 1), notice(2, 1)]
    assert [line.partition(": ValidationError")[0][:60] for line in said] == [said[0][:60]]
    assert said[0].startswith(f"warning: no notice from {uris[3]}: ")
    assert result(read_notices(TRANSCRIPT.task_id, [], local=True)) == ([], [])


def test_read_notices__uri_that_leads_into_this_machine__is_refused(tmp_path) -> None:
    ResultsFolder(str(tmp_path)).put_notice(notice(0, 1))
    said, found = result(read_notices(TRANSCRIPT.task_id, [str(tmp_path)], local=False))
    assert found == []
    assert len(said) == 1


def test_stopped_by_operator__copies_of_one_notice__count_once_for_its_signer() -> None:
    notices = notice(0, 1), notice(0, 1), notice(2, 1, 3)
    said, stopped = result(stopped_by_operator(TRANSCRIPT, ACTIVE, notices))
    assert said == []
    assert stopped == {address("operator 0"): {1}, address("operator 2"): {1, 3}}
    assert agreed(stopped.values(), 1) == {1}


def test_stopped_by_operator__two_enclaves_of_one_operator__are_one() -> None:
    one = Registered(address("operator 0"), word("platform 1"), b"", 1)
    active = ACTIVE | {MARKET.enclaves[1].identity: one}
    lines = stopped_by_operator(TRANSCRIPT, active, (notice(0, 1), notice(1, 1)))
    _, stopped = result(lines)
    assert stopped == {address("operator 0"): {1}}
    assert agreed(stopped.values(), 1) == set()


def test_stopped_by_operator__two_enclaves_stopped_by_different_models__are_both() -> None:
    one = Registered(address("operator 0"), word("platform 1"), b"", 1)
    active = ACTIVE | {MARKET.enclaves[1].identity: one}
    lines = stopped_by_operator(TRANSCRIPT, active, (notice(0, 1), notice(1, 2)))
    assert result(lines) == ([], {address("operator 0"): {1, 2}})


def test_stopped_by_operator__what_nobody_of_the_roster_signed__warns_and_counts_nothing() -> None:
    stranger = StopNotice.sign(TRANSCRIPT, [1], key_of(enclaves(boot=1)[0]))
    forged = replace(notice(0, 1), stopped=(1, 2))
    unknown = replace(notice(0, 1), stopped=(9,))
    gone = MARKET.enclaves[3].identity
    active = {entry: known for entry, known in ACTIVE.items() if entry != gone}
    notices = stranger, notice(3, 1), forged, unknown, notice(1, 0)
    said, stopped = result(stopped_by_operator(TRANSCRIPT, active, notices))
    assert stopped == {address("operator 1"): {0}}
    assert sum("expected an active enclave" in line for line in said) == 3
    assert sum("submission 9 of the inventory is not revealed" in line for line in said) == 1


@pytest.mark.parametrize(("quorum", "out"), [(1, {5, 6}), (2, {5}), (3, set())])
def test_agreed__as_many_operators_as_the_quorum__are_one_too_few(quorum: int, out: set) -> None:
    assert agreed([{5, 6}, {5, 6}, {5}], quorum) == out


# ── Enclaves ──


@dataclass
class Play:
    """A provider that follows the rule, and operators who say what they like.

    Args:
        quorum: of the task.
        liars: operators that never help, and claim whatever they like, or stay silent.
        stops: submissions that are stopped on each operator's enclave.
    """

    quorum: int
    liars: dict[int, set[int]]
    stops: list[set[int]]
    inventory: tuple[int, ...] = (0, 1, 2)
    releases: dict[RosterEntry, Release | None] = field(default_factory=dict)
    notices: dict[str, set[int]] = field(default_factory=dict)
    signed: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entries = [RosterEntry(address(f"key {i}"), word(f"k{i}")) for i in self.seats]
        self.active = {
            entry: Registered(str(seat), word(f"p{seat}"), b"", 1)
            for seat, entry in enumerate(self.entries)
        }
        self.releases = dict.fromkeys(self.entries)

    @property
    def seats(self) -> range:
        return range(len(self.stops))

    def act(self, seat: int) -> None:
        """Measure what is released; sign at once if nothing stops, as a first signer does."""
        release = self.releases[self.entries[seat]]
        if release is None:
            return
        stopped = set(release.inventory) & self.stops[seat]
        if seat in self.liars:
            self.notices[str(seat)] = self.liars[seat]
        elif stopped:
            self.notices.setdefault(str(seat), set()).update(stopped)
        elif seat not in self.signed:
            self.signed[seat] = release.inventory

    def step(self) -> bool:
        """Release once; return True when a quorum signed one inventory."""
        out = agreed(self.notices.values(), self.quorum)
        self.inventory = tuple(index for index in self.inventory if index not in out)
        wanted = self.quorum + len(self.liars)
        chosen, _ = next_enclaves(self.active, self.releases, self.inventory, self.notices, wanted)
        for entry in chosen:
            digest = word("task")
            made = Release(digest, digest, self.inventory, entry.sealing_key, b"")
            self.releases[entry] = made
        for seat in self.seats:
            self.act(seat)
        found = list(self.signed.values())
        return any(found.count(each) >= self.quorum for each in found)


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """Up to a quorum of liars among 3 q + 1 operators; one model that stops on some machines."""
    quorum = draw(st.integers(1, 3))
    seats = 3 * quorum + 1
    some = st.sets(st.integers(0, 2))
    liars = draw(st.dictionaries(st.integers(0, seats - 1), some, max_size=quorum))
    stops = [{1} if draw(st.booleans()) else set() for _ in range(seats)]
    return Play(quorum, liars, stops)


@given(plays())
def test_next_enclaves__a_spare_for_each_liar__reach_a_report_and_shut_nobody_out(
    play: Play,
) -> None:
    assert any(play.step() for _ in range(20))
    honest = [seat for seat in play.seats if seat not in play.liars]
    assert {0, 2} <= set(play.inventory)  # no honest machine was stopped by these
    if 1 not in play.inventory:
        assert any(1 in play.stops[seat] for seat in honest)


def test_next_enclaves__nothing_stopped__are_a_quorum_once() -> None:
    play = Play(2, {}, [set()] * 7)
    assert play.step()
    assert sum(release is not None for release in play.releases.values()) == 2


def test_next_enclaves__one_operator_that_was_starved__adds_one_and_leaves_nothing_out() -> None:
    play = Play(1, {}, [{1}, *[set()] * 3])
    assert not play.step()
    assert play.step()
    assert play.inventory == (0, 1, 2)
    assert [release is not None for release in play.releases.values()] == [True, True, False, False]


def test_next_enclaves__model_that_stops_everywhere__goes_back_to_those_with_scores() -> None:
    play = Play(2, {}, [{1}] * 7)
    while not play.step():
        pass
    assert play.inventory == (0, 2)
    measured = [seat for seat, entry in enumerate(play.entries) if play.releases[entry] is not None]
    assert measured == [0, 1, 2, 3]  # the first two, then two more, of which three agree
    assert sorted(play.signed) == [0, 1]


def test_next_enclaves__too_few_left__says_how_many_are_missing() -> None:
    play = Play(2, {}, [{1}, set()])
    play.step()
    chosen, missing = next_enclaves(play.active, play.releases, play.inventory, play.notices, 2)
    assert (chosen, missing) == ([], 1)


def test_next_enclaves__second_enclave_of_a_served_operator__is_passed_over() -> None:
    """Both together have one vote."""
    play = Play(2, {}, [set()] * 4)
    first, second, third, _ = play.entries
    play.active[second] = play.active[first]
    digest = word("task")
    play.releases[first] = Release(digest, digest, play.inventory, first.sealing_key, b"")
    found = next_enclaves(play.active, play.releases, play.inventory, {}, 2)
    assert found == ([third], 0)


def test_next_enclaves__one_that_was_stopped_by_what_is_left_out__counts_again() -> None:
    play = Play(1, {}, [set()] * 2, inventory=(0, 2))
    first, *_ = play.entries
    digest = word("task")
    play.releases[first] = Release(digest, digest, play.inventory, first.sealing_key, b"")
    stopped = {play.active[first].operator: {1}}
    assert next_enclaves(play.active, play.releases, play.inventory, stopped, 1) == ([], 0)
