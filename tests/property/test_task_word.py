"""The word that holds a task's progress: laid out as specified, and nothing lost in it."""

import re

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inprocess import ROOT, deployer
from tests.sale import GWEI, Progress

SPEC = (ROOT / "docs" / "SPEC.md").read_text()
[ROW] = re.findall(r"^\| progress \| ([^|]+) \|", SPEC, re.MULTILINE)
WIDTHS = [int(field.rsplit(" ", 1)[1]) for field in ROW.split(" · ")]
IN_GWEI = {"commit_bond", "entry_fee"}

BENCH = """
from contracts.modules import task_word
from interfaces import IModelMarket

@external
@pure
def pack(_progress: IModelMarket.Progress) -> uint256:
    return task_word._pack(_progress)

@external
@pure
def unpack(_word: uint256) -> IModelMarket.Progress:
    return task_word._unpack(_word)

@external
@pure
def stage_and_times(_word: uint256) -> (uint256, uint256, uint256):
    return task_word._stage_and_times(_word)

@external
@pure
def steps() -> (uint256, uint256, uint256):
    return task_word.ONE_COMMIT, task_word.ONE_REVEAL, task_word.FIRST_CLAIM
"""


@pytest.fixture(scope="module")
def bench():
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
def test_pack__any_progress__as_specified_and_back(bench, progress):
    word = bench.pack(progress)
    assert word == as_specified(progress)
    assert tuple(bench.unpack(word)) == progress
    assert bench.stage_and_times(word) == progress[:3]


@given(word=st.integers(0, 2**256 - 1))
def test_unpack__any_word__packs_to_itself(bench, word):
    assert bench.pack(bench.unpack(word)) == word


@given(progress=progresses(), award=st.integers(0, 7))
def test_steps__added_to_a_word__change_their_field_only(bench, progress, award):
    commit, reveal, claim = bench.steps()
    start = progress._replace(
        commits=progress.commits // 2, reveals=progress.reveals // 2, claimed=0
    )
    word = bench.pack(start)
    more = start._replace(commits=start.commits + 1)
    assert tuple(bench.unpack(word + commit)) == more
    more = start._replace(reveals=start.reveals + 1)
    assert tuple(bench.unpack(word + reveal)) == more
    more = start._replace(claimed=1 << award)
    assert tuple(bench.unpack(word | claim << award)) == more
