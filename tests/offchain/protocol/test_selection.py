"""Choice of a team: equality with brute force, ties, and a co-signer's leeway."""

# Holds S-95.

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.selection import Outputs, ScoreFunction, Team, Votes

LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 1])


def accuracy(probabilities: NDArray[np.float64]) -> int:
    return round(1_000_000 * (probabilities.argmax(axis=1) == LABELS).mean())


def votes(right: str) -> Outputs:
    """Return probabilities of 0.9 for the right class where ``right`` has a 1, else of 0.4."""
    sure = np.where(np.array(list(right)) == "1", 0.9, 0.4)
    outputs = np.empty((len(LABELS), 2), np.float32)
    outputs[np.arange(len(LABELS)), LABELS] = sure
    outputs[np.arange(len(LABELS)), 1 - LABELS] = 1 - sure
    return outputs


def team_of(outputs: dict[int, Outputs], measure: ScoreFunction, most: int, minimum: int) -> Team:
    """Make a team whose candidates rank in the order of ``outputs``."""
    return Team(list(outputs), Votes(outputs, measure), most, minimum)


def brute_force(team: Team) -> tuple[int, ...]:
    """Find the one sequence whose every step is the best one, among all sequences.

    An independent implementation: means over stacked outputs, by rising index.
    """
    ranked, soft = team.candidates, team.votes

    def score(members: tuple[int, ...]) -> int:
        if not members:
            return 0
        outputs = [soft.outputs[index] for index in sorted(members)]
        return soft.measure(np.mean(outputs, axis=0, dtype=np.float64))

    def step_is_best(members: tuple[int, ...]) -> bool:
        *before, last = members
        key = (score(members), -ranked.index(last))
        rivals = [
            (score((*before, other)), -ranked.index(other))
            for other in ranked
            if other not in before
        ]
        return key == max(rivals) and key[0] - score(tuple(before)) >= team.minimum_gain

    sequences = [
        sequence
        for size in range(min(team.most, len(ranked)) + 1)
        for sequence in permutations(ranked, size)
        if all(step_is_best(sequence[: i + 1]) for i in range(size))
    ]
    return max(sequences, key=len)


@given(
    st.lists(st.text("01", min_size=10, max_size=10), min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from([1, 50_000, 100_001]),
)
def test_choose__classes__is_what_brute_force_finds(
    models: list[str], most: int, minimum: int
) -> None:
    outputs = {index: votes(right) for index, right in enumerate(models)}
    team = team_of(outputs, accuracy, most, minimum)
    assert team.choose() == brute_force(team)


@given(
    st.lists(st.lists(st.integers(-8, 8), min_size=4, max_size=4), min_size=1, max_size=4),
    st.integers(1, 4),
)
def test_choose__regression__is_what_brute_force_finds(models: list[list[int]], most: int) -> None:
    # Multiples of 1/8 and means of up to four of them are exact in binary, except thirds.
    targets = np.array([1.0, -2.0, 3.0, 5.0])
    outputs = {
        index: (targets + np.array(errors) / 8).astype(np.float32)
        for index, errors in enumerate(models)
    }

    def skill(values: NDArray[np.float64]) -> int:
        return round(1_000_000 / (1 + float(np.abs(values - targets).sum())))

    team = team_of(outputs, skill, most, 1)
    assert team.choose() == brute_force(team)


@pytest.mark.parametrize(
    ("team", "total"),
    [
        ((0, 1), 2**24 + 1),
        ((1, 0), 2**24 + 1),
        ((2, 1, 3), 0),
        ((2, 3, 1), 0),
        ((10, 2, 3), 1),
    ],
)
def test_score__outputs_of_float32__are_added_in_float64_by_rising_index(
    team: tuple[int, ...], total: int
) -> None:
    outputs = {
        index: np.array([value], np.float32)
        for index, value in {10: 1.0, 3: -(2.0**60), 2: 2.0**60, 1: 1.0, 0: 2.0**24}.items()
    }
    # 1 is lost beside 2**60 if it is added first; the other way round it would remain.
    assert Votes(outputs, lambda mean: int(mean[0] * len(team))).score(team) == total


def test_choose__copy_of_the_best__buys_it_once() -> None:
    best, other = votes("1111111100"), votes("0000111111")
    team = team_of({4: best, 7: best, 2: other}, accuracy, 3, 1_000)
    assert team.choose() == (4, 2)


def test_choose__equal_gains__takes_the_first_in_rank() -> None:
    one, other = votes("1111111100"), votes("1111110011")
    assert team_of({9: one, 1: other}, accuracy, 1, 1).choose() == (9,)
    assert team_of({1: other, 9: one}, accuracy, 1, 1).choose() == (1,)


@pytest.mark.parametrize(("minimum", "chosen"), [(200_000, (0, 1)), (200_001, (0,))])
def test_choose__gain_at_the_minimum_and_below__is_bought_and_not(
    minimum: int, chosen: tuple[int, ...]
) -> None:
    team = team_of({0: votes("1111111100"), 1: votes("0000111111")}, accuracy, 2, minimum)
    assert team.choose() == chosen


def test_choose__nobody_sells__is_nobody() -> None:
    assert team_of({}, accuracy, 3, 1).choose() == ()


MODELS = {0: votes("1111111100"), 1: votes("1111111000"), 2: votes("0000011111")}
TEAM = team_of(MODELS, accuracy, 2, 50_000)
"""Gains are 800,000, 700,000 and 500,000 alone; after 0, 2 adds 200,000 and 1 adds nothing."""


def test_check__own_choice__passes_without_leeway() -> None:
    assert TEAM.choose() == (0, 2)
    TEAM.check((0, 2), 0)


@pytest.mark.parametrize(
    ("chosen", "leeway"),
    [
        ((1, 2), 100_000),  # 1 alone is 100,000 worse than 0
        ((0, 1), 200_000),  # 1 adds nothing, 2 would have added 200,000
        ((0,), 150_001),  # 2 would have added 150,000 more than the minimum
    ],
)
def test_check__other_choices__pass_at_the_leeway_and_are_refused_below(
    chosen: tuple[int, ...], leeway: int
) -> None:
    TEAM.check(chosen, leeway)
    with pytest.raises(InvalidRequest) as refused:
        TEAM.check(chosen, leeway - 1)
    assert refused.value.reason is RequestFault.SELECTION


def test_check__best_choice_below_the_minimum__passes_at_the_leeway_and_not_below() -> None:
    team = team_of(MODELS, accuracy, 2, 900_000)
    team.check((0,), 100_000)
    with pytest.raises(InvalidRequest, match="choice of submission 0, expected one of a larger"):
        team.check((0,), 99_999)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ((0, 0), "choices [0, 0], expected at most 2 different ones"),
        ((0, 2, 1), "choices [0, 2, 1], expected at most 2 different ones"),
        ((0, 5), "choice of submission 5, expected one that sells"),
    ],
)
def test_check__impossible_choices__are_refused(chosen: tuple[int, ...], reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        TEAM.check(chosen, 1_000_000)
    assert refused.value.detail == reason


def test_check__nobody_chosen_where_the_minimum_is_out_of_reach__passes() -> None:
    team_of(MODELS, accuracy, 2, 900_000).check((), 0)
