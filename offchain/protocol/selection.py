"""Which of the models that sell are bought together: a team, chosen one by one by what each adds.

Greedy forward selection (Caruana et al., "Ensemble selection from libraries of models", ICML 2004)
without replacement, on the soft vote: the mean of the members' class probabilities, or of their
predictions in regression. docs/SPEC.md, "Selection", fixes ties and arithmetic.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.protocol.errors import InvalidRequest, RequestFault

Outputs = NDArray[np.floating[Any]]
"""A model's probabilities of shape (samples, classes), or its predictions of shape (samples,)."""

ScoreFunction = Callable[[NDArray[np.float64]], int]
"""The score (parts per million) of such an array."""


@dataclass(frozen=True)
class Votes:
    """The scores of soft votes; each is measured once, with one model's outputs at a time.

    Args:
        outputs: of every model with a score.
        measure: gives the score of a mean of outputs.
    """

    outputs: Mapping[int, Outputs]
    measure: ScoreFunction
    _scores: dict[tuple[int, ...], int] = field(default_factory=dict, repr=False)

    def scores(self, chosen: tuple[int, ...], others: Sequence[int]) -> dict[int, int]:
        """The score (parts per million) of those chosen with each of the others, in their order.

        Votes are summed in float64, in the order of the choices.
        """
        unknown = [index for index in others if (*chosen, index) not in self._scores]
        if unknown:
            votes: NDArray[np.float64] = np.zeros((), np.float64)
            for index in chosen:
                votes = votes + self.outputs[index]
            for index in unknown:
                mean = (votes + self.outputs[index]) / (len(chosen) + 1)
                self._scores[*chosen, index] = self.measure(mean)
        return {index: self._scores[*chosen, index] for index in others}

    def score(self, chosen: tuple[int, ...]) -> int:
        """The score of those chosen; nobody scores zero."""
        return self.scores(chosen[:-1], chosen[-1:])[chosen[-1]] if chosen else 0


@dataclass(frozen=True)
class Team:
    """What choosing needs to know.

    Args:
        candidates: who may be chosen, in the order of rank: ties go to the first.
        votes: of theirs.
        most: how many are chosen at most, at least 1.
        minimum_gain: what a model must add to be chosen (parts per million), at least 1.
    """

    candidates: Sequence[int]
    votes: Votes
    most: int
    minimum_gain: int

    def gains(self, chosen: Sequence[int]) -> dict[int, int]:
        """What each other candidate would add to the soft vote of those chosen, by rank."""
        team = tuple(chosen)
        others = [index for index in self.candidates if index not in team]
        base = self.votes.score(team)
        return {index: score - base for index, score in self.votes.scores(team, others).items()}

    def choose(self, preferred: Collection[int] = (), leeway: int = 0) -> tuple[int, ...]:
        """The team, in the order in which its members are chosen.

        Args:
            preferred: wins wherever it comes within ``leeway`` of the best, and of the minimum.
            leeway: parts per million; the others must exceed the minimum by it.
        """
        chosen: list[int] = []
        while len(chosen) < self.most and (gains := self.gains(chosen)):
            favoured = {
                index: (gain + leeway * (index in preferred), index in preferred)
                for index, gain in gains.items()
            }
            best = max(favoured, key=favoured.__getitem__)
            least = self.minimum_gain + (-leeway if best in preferred else leeway)
            if gains[best] < least:
                break
            chosen.append(best)
        return tuple(chosen)

    def check(self, chosen: Sequence[int], leeway: int) -> None:
        """Refuses choices that this measurement does not bear out.

        Every choice, that of nobody more included, must come within ``leeway`` (parts per million)
        of the best at its step.

        Raises:
            InvalidRequest: says which choice, and what would have been better.
        """
        if len(set(chosen)) != len(chosen) or len(chosen) > self.most:
            raise InvalidRequest(
                RequestFault.SELECTION,
                f"choices {list(chosen)}, expected at most {self.most} different ones",
            )
        for step, index in enumerate(chosen):
            gains = self.gains(chosen[:step])
            if index not in gains:
                raise InvalidRequest(
                    RequestFault.SELECTION, f"choice of submission {index}, which does not sell"
                )
            least = max(self.minimum_gain, *gains.values()) - leeway
            if gains[index] < least:
                raise InvalidRequest(
                    RequestFault.SELECTION,
                    f"submission {index} adds {gains[index]} as choice {step}, expected {least}",
                )
        if len(chosen) == self.most:
            return
        for index, gain in self.gains(chosen).items():
            if gain >= self.minimum_gain + leeway:
                raise InvalidRequest(
                    RequestFault.SELECTION,
                    f"submission {index} adds {gain} but is not chosen, expected less than "
                    f"{self.minimum_gain + leeway}",
                )
