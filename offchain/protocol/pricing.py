"""The price of a score and the awards that a budget pays (docs/SPEC.md, "Price" and "Awards").

Prices are units of the task's token, scores parts per million.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from pydantic.dataclasses import dataclass

from offchain.protocol.encoding import STRICT, Index, Score, Uint108, Uint256


@dataclass(frozen=True, config=STRICT)
class Knot:
    """A point of the price curve."""

    score: Score
    price: Uint108

    def word(self) -> int:
        """Return the knot as the contract packs it."""
        return self.score << 108 | self.price


@dataclass(frozen=True, config=STRICT)
class Award:
    """A purchase of a submission at the price of its score."""

    index: Index
    score: Score

    def word(self) -> int:
        """Return the award as the contract packs it."""
        return self.score << 32 | self.index


@dataclass(frozen=True, config=STRICT)
class Candidate:
    """A submission with a score, and the minimum price at which its developer sells."""

    index: Index
    score: Score
    min_price: Uint256

    def award(self) -> Award:
        """Return the award that would buy it."""
        return Award(self.index, self.score)


def words(packed: Sequence[Knot | Award], bits: int) -> list[int]:
    """Return at most eight entries of so many bits as the contract packs them, the first lowest."""
    if len(packed) > 8:
        raise ValueError(f"{len(packed)} entries, expected at most 8")
    together = sum(entry.word() << bits * at for at, entry in enumerate(packed))
    return [together >> 256 * at & 2**256 - 1 for at in range(8 * bits // 256)]


def check_curve(curve: Sequence[Knot], budget: int) -> None:
    """Refuse a curve that the market would refuse.

    Raises:
        ValueError: names the wrong knot or price and what was expected.
    """
    if not 1 <= len(curve) <= 8:
        raise ValueError(f"curve of {len(curve)} knots, expected 1 to 8")
    if curve[0].score == 0:
        raise ValueError("first knot at score 0, expected at least 1")
    for low, high in pairwise(curve):
        if high.score <= low.score:
            raise ValueError(f"knot at score {high.score}, expected more than {low.score}")
        if high.price < low.price:
            raise ValueError(f"knot with price {high.price}, expected at least {low.price}")
    if not 1 <= curve[-1].price <= budget:
        raise ValueError(f"top price {curve[-1].price}, expected 1 to the budget {budget}")


def price(curve: Sequence[Knot], score: int) -> int:
    """Return the price of a score on a checked curve: linear between knots, rounded down."""
    if score < curve[0].score:
        return 0
    for low, high in pairwise(curve):
        if score < high.score:
            rise = (high.price - low.price) * (score - low.score)
            return low.price + rise // (high.score - low.score)
    return curve[-1].price


def sells(curve: Sequence[Knot], candidate: Candidate) -> bool:
    """Return True if the candidate's price is positive and its developer accepts it."""
    return price(curve, candidate.score) >= max(1, candidate.min_price)


def by_rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort candidates by score descending, ties by index ascending."""
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.index))


def walk(
    curve: Sequence[Knot], budget: int, max_awards: int, candidates: Iterable[Candidate]
) -> tuple[Award, ...]:
    """Return the awards: by rank, up to the first candidate that exceeds the budget or the count.

    Candidates that do not sell are skipped.
    """
    awards: list[Award] = []
    for candidate in by_rank(candidates):
        if not sells(curve, candidate):
            continue
        budget -= price(curve, candidate.score)
        if budget < 0 or len(awards) == max_awards:
            break
        awards.append(candidate.award())
    return tuple(awards)
