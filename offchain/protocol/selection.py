"""Choice of a team of models to buy, one by one by the gain of each.

The algorithm is greedy forward selection (Caruana et al., "Ensemble selection from libraries of
models", ICML 2004) without replacement. It scores the soft vote: the mean of the members' class
probabilities, or of their predictions in regression. docs/SPEC.md, "Selection", fixes ties and
arithmetic.
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
"""A function from an array of such a shape to its score (parts per million)."""


@dataclass(frozen=True)
class Votes:
    """Scores of soft votes. Each is measured once, with one model's outputs in use at a time.

    Args:
        outputs: the outputs of every model with a score, by index.
        measure: returns the score of a mean of outputs.
    """

    outputs: Mapping[int, Outputs]
    measure: ScoreFunction
    _scores: dict[tuple[int, ...], int] = field(default_factory=dict, repr=False)

    def scores(self, chosen: tuple[int, ...], others: Sequence[int]) -> dict[int, int]:
        """Return the score (ppm) of the chosen models with each of the others, in their order.

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
        """Return the score (parts per million) of the chosen models; 0 if there are none."""
        return self.scores(chosen[:-1], chosen[-1:])[chosen[-1]] if chosen else 0


@dataclass(frozen=True)
class Team:
    """The rules of choice and the measurements that it uses.

    Args:
        candidates: indices of the models that may be chosen, by rank: ties go to the first.
        votes: of the candidates.
        most: maximum size of the team, at least 1.
        minimum_gain: minimum that a model must add to be chosen (parts per million), at least 1.
    """

    candidates: Sequence[int]
    votes: Votes
    most: int
    minimum_gain: int

    def gains(self, chosen: Sequence[int]) -> dict[int, int]:
        """Return the gain (ppm) of each other candidate over the chosen models, by rank."""
        team = tuple(chosen)
        others = [index for index in self.candidates if index not in team]
        base = self.votes.score(team)
        return {index: score - base for index, score in self.votes.scores(team, others).items()}

    def choose(self, preferred: Collection[int] = (), leeway: int = 0) -> tuple[int, ...]:
        """Return the team, in the order in which its members are chosen.

        Args:
            preferred: models that win at a step if they are within ``leeway`` of the best gain, and
                of the minimum.
            leeway: parts per million; other models must exceed the minimum by it.
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
        """Refuse choices that this measurement does not support.

        Every choice, and the choice to stop, must be within ``leeway`` (parts per million) of the
        best one at its step.

        Raises:
            InvalidRequest: `SELECTION`; names the choice, its gain and the gain that was expected.
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
                    RequestFault.SELECTION,
                    f"choice of submission {index}, expected one that sells",
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
