"""Drawing one of several things, or something unusual."""

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")


def pick(data: Any, of: Sequence[Item]) -> Item:
    """One of them, drawn by its place: that keeps the report of a failure short."""
    return of[data.draw(st.integers(0, len(of) - 1))]


def pick_some(data: Any, of: Sequence[Item], count: int) -> list[Item]:
    """Neighbours, the last beside the first: `count` of them, or all there are."""
    start = data.draw(st.integers(0, max(len(of) - 1, 0)))
    return [*of[start:], *of[:start]][:count]


def sometimes(data: Any, usual: Item, unusual: Sequence[Item]) -> Item:
    """One time in four something unusual."""
    return pick(data, unusual) if data.draw(st.integers(0, 3)) == 3 else usual


def now_and_then(data: Any, usual: Item, unusual: Sequence[Item]) -> Item:
    """One time in ten something unusual."""
    return pick(data, unusual) if data.draw(st.integers(0, 9)) == 9 else usual
