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

    def score(self, team: Collection[int]) -> int:
        """Return the score (parts per million) of a team in any order; 0 if it is empty.

        Votes are summed in float64 by rising index, so that the order of choice does not matter.
        """
        members = tuple(sorted(team))
        if members and members not in self._scores:
            votes: NDArray[np.float64] = np.zeros((), np.float64)
            for index in members:
                votes = votes + self.outputs[index]
            self._scores[members] = self.measure(votes / len(members))
        return self._scores[members] if members else 0


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
        base = self.votes.score(chosen)
        return {
            index: self.votes.score((*chosen, index)) - base
            for index in self.candidates
            if index not in chosen
        }

    def choose(self) -> tuple[int, ...]:
        """Return the team, in the order in which its members are chosen."""
        chosen: list[int] = []
        while len(chosen) < self.most and (gains := self.gains(chosen)):
            best = max(gains, key=gains.__getitem__)
            if gains[best] < self.minimum_gain:
                break
            chosen.append(best)
        return tuple(chosen)

    def check(self, chosen: Sequence[int], leeway: int) -> None:
        """Refuse choices that this measurement does not support.

        Every choice, and the choice to stop, must be within ``leeway`` (parts per million) of the
        best one at its step. Messages name no gain, since the host must not learn any.

        Raises:
            InvalidRequest: `SELECTION`; names the choice.
        """
        if len(set(chosen)) != len(chosen) or len(chosen) > self.most:
            raise InvalidRequest(
                RequestFault.SELECTION,
                f"choices {list(chosen)}, expected at most {self.most} different ones",
            )
        for step, index in enumerate(chosen):
            if index not in self.candidates:
                raise InvalidRequest(
                    RequestFault.SELECTION, f"choice of submission {index}, expected one that sells"
                )
            gains = self.gains(chosen[:step])
            least = max(max(gains.values()), self.minimum_gain) - leeway
            if gains[index] < least:
                raise InvalidRequest(
                    RequestFault.SELECTION,
                    f"choice of submission {index}, expected one of a larger gain",
                )
        if len(chosen) == self.most:
            return
        for index, gain in self.gains(chosen).items():
            if gain >= self.minimum_gain + leeway:
                raise InvalidRequest(
                    RequestFault.SELECTION,
                    f"submission {index} is not chosen, expected it in the team",
                )
