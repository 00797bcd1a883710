"""`task_state`: the progress word lies as specified, and each accessor touches its fields only."""

# Holds S-3.

import re

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inprocess import ROOT, deployer, refuses
from tests.reasons import WRONG_STAGE
from tests.sale import GWEI, Progress

SPEC = (ROOT / "docs" / "SPEC.md").read_text()
[ROW] = re.findall(r"^\| progress \| ([^|]+) \|", SPEC, re.MULTILINE)
WIDTHS = [int(field.rsplit(" ", 1)[1]) for field in ROW.split(" · ")]
IN_GWEI = {"commit_bond", "entry_fee"}

BENCH = """
from contracts.modules.market import task_state
from interfaces import IModelMarket

initializes: task_state

@external
@pure
def pack(_progress: IModelMarket.Progress) -> uint256:
    return task_state._pack(_progress)

@external
@pure
def unpack(_word: uint256) -> IModelMarket.Progress:
    return task_state._unpack(_word)

@external
@pure
def times(_word: uint256) -> uint256[5]:
    return [
        task_state._commit_deadline(_word),
        task_state._reveal_deadline(_word),
        task_state._claims_open(_word),
        task_state._verdict_deadline(_word),
        task_state._reported_at(_word),
    ]

@external
@pure
def claim_times(_word: uint256) -> (uint256, uint256):
    return task_state._claim_times(_word)

@external
@pure
def counts(_word: uint256) -> uint256[4]:
    return [
        task_state._max_submissions(_word),
        task_state._commits(_word),
        task_state._reveals(_word),
        task_state._claimed(_word),
    ]

@external
@pure
def amounts(_word: uint256) -> uint256[2]:
    return [task_state._commit_bond(_word), task_state._entry_fee(_word)]

@external
@pure
def is_all_claimed(_word: uint256) -> bool:
    return task_state._is_all_claimed(_word)

@external
@pure
def is_open_or_closed(_word: uint256) -> bool:
    return task_state._is_open_or_closed(_word)

@external
@pure
def with_stage(_word: uint256, _stage: uint256) -> uint256:
    return task_state._with_stage(_word, _stage)

@external
@pure
def with_report(
    _word: uint256, _stage: uint256, _opening: uint256, _closing: uint256, _awards: uint256
) -> uint256:
    return task_state._with_report(_word, _stage, _opening, _closing, _awards)

@external
@pure
def with_dispute(_word: uint256, _decided_before: uint256, _report_time: uint256) -> uint256:
    return task_state._with_dispute(_word, _decided_before, _report_time)

@external
@pure
def steps() -> (uint256, uint256, uint256):
    return task_state.ONE_COMMIT, task_state.ONE_REVEAL, task_state.FIRST_CLAIM
"""
REPORTED, DISPUTED, FINAL = 3, 4, 5
TIMES = st.integers(0, 2**40 - 1)


@pytest.fixture(scope="module")
def harness():
    deployer("contracts/ModelMarket.vy")  # sets the search paths
    return boa.loads(BENCH)


@st.composite
def progresses(draw) -> Progress:
    """Any progress whose fields fit."""
    values = [draw(st.one_of(st.just(2**bits - 1), st.integers(0, 2**bits - 1))) for bits in WIDTHS]
    named = dict(zip(Progress._fields, values, strict=True))
    return Progress(**{name: v * GWEI if name in IN_GWEI else v for name, v in named.items()})


def as_specified(progress: Progress) -> int:
    word = 0
    for (name, value), bits in zip(progress._asdict().items(), WIDTHS, strict=True):
        word = word << bits | (value // GWEI if name in IN_GWEI else value)
    return word


def test_layout__fields__fill_one_word():
    assert sum(WIDTHS) == 256
    assert len(WIDTHS) == len(Progress._fields)


@given(progress=progresses())
def test_pack__any_progress__as_specified_and_back(harness, progress):
    word = harness.pack(progress)
    assert word == as_specified(progress)
    assert tuple(harness.unpack(word)) == progress
    a, b = progress.time_a, progress.time_b
    assert harness.times(word) == [a, b, a, a, b]
    names = ("max_submissions", "commits", "reveals", "claimed")
    assert harness.counts(word) == [getattr(progress, name) for name in names]
    assert harness.amounts(word) == [progress.commit_bond, progress.entry_fee]
    assert harness.is_open_or_closed(word) == (progress.stage in (1, 2))
    if progress.stage in (REPORTED, FINAL):
        assert harness.claim_times(word) == (a, b)
    else:
        with refuses(WRONG_STAGE):
            harness.claim_times(word)


@given(progress=progresses(), stage=st.integers(0, 8))
def test_stage__each__decides_what_the_word_is_read_as(harness, progress, stage):
    word = harness.pack(progress._replace(stage=stage))
    assert harness.is_open_or_closed(word) == (stage in (1, 2))
    if stage in (REPORTED, FINAL):
        assert harness.claim_times(word) == (progress.time_a, progress.time_b)
    else:
        with refuses(WRONG_STAGE):
            harness.claim_times(word)


@given(word=st.integers(0, 2**256 - 1))
def test_unpack__any_word__packs_to_itself(harness, word):
    assert harness.pack(harness.unpack(word)) == word


@given(progress=progresses(), award=st.integers(0, 7))
def test_steps__added_to_a_word__change_their_field_only(harness, progress, award):
    commit, reveal, claim = harness.steps()
    start = progress._replace(
        commits=progress.commits // 2, reveals=progress.reveals // 2, claimed=0
    )
    word = harness.pack(start)
    more = start._replace(commits=start.commits + 1)
    assert tuple(harness.unpack(word + commit)) == more
    more = start._replace(reveals=start.reveals + 1)
    assert tuple(harness.unpack(word + reveal)) == more
    more = start._replace(claimed=1 << award)
    assert tuple(harness.unpack(word | claim << award)) == more


@given(progress=progresses(), awards=st.integers(0, 8), claimed=st.integers(0, 2**8 - 1))
def test_is_all_claimed__any_claims__true_when_each_award_has_one(
    harness, progress, awards, claimed
):
    word = harness.pack(progress._replace(awards=awards, claimed=claimed))
    assert harness.is_all_claimed(word) == (claimed == 2**awards - 1)
    complete = harness.pack(progress._replace(awards=awards, claimed=2**awards - 1))
    assert harness.is_all_claimed(complete)


@given(progress=progresses(), stage=st.integers(0, 255))
def test_with_stage__any_word__changes_the_stage_only(harness, progress, stage):
    changed = harness.with_stage(harness.pack(progress), stage)
    assert tuple(harness.unpack(changed)) == progress._replace(stage=stage)


@given(
    progress=progresses(),
    stage=st.sampled_from([REPORTED, FINAL]),
    a=TIMES,
    b=TIMES,
    awards=st.integers(0, 8),
)
def test_with_report__any_word__changes_stage_times_and_awards_only(
    harness, progress, stage, a, b, awards
):
    changed = harness.with_report(harness.pack(progress), stage, a, b, awards)
    expected = progress._replace(stage=stage, time_a=a, time_b=b, awards=awards)
    assert tuple(harness.unpack(changed)) == expected
    assert harness.claim_times(changed) == (a, b)


@given(progress=progresses(), a=TIMES, b=TIMES)
def test_with_dispute__any_word__changes_stage_and_times_only(harness, progress, a, b):
    changed = harness.with_dispute(harness.pack(progress), a, b)
    expected = progress._replace(stage=DISPUTED, time_a=a, time_b=b)
    assert tuple(harness.unpack(changed)) == expected
