"""Which of the models that sell are bought together: a team, chosen one by one by what each adds.

Greedy forward selection (Caruana et al., "Ensemble selection from libraries of models", ICML 2004)
without replacement, on the soft vote: the mean of the members' class probabilities, or of their
predictions in regression. docs/SPEC.md, "Selection", fixes ties and arithmetic.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.errors import Refused, Why

Outputs = NDArray[np.floating[Any]]
"""A model's probabilities of shape (samples, classes), or its predictions of shape (samples,)."""

Measure = Callable[[NDArray[np.float64]], int]
"""The score (parts per million) of such an array."""


@dataclass(frozen=True)
class Team:
    """What choosing needs to know.

    Args:
        outputs: of every model that may be chosen, in the order of rank: ties go to the first.
        measure: gives the score of a mean of outputs.
        most: how many are chosen at most, at least 1.
        minimum_gain: what a model must add to be chosen (parts per million), at least 1.
    """

    outputs: Mapping[int, Outputs]
    measure: Measure
    most: int
    minimum_gain: int

    def gains(self, chosen: Sequence[int]) -> dict[int, int]:
        """What each of the others would add to the soft vote of those chosen, in the order of rank.

        Nobody scores zero. Votes are summed in float64, in the order of the choices.
        """
        votes: NDArray[np.float64] = np.zeros((), np.float64)
        for index in chosen:
            votes = votes + self.outputs[index]
        base = self.measure(votes / len(chosen)) if chosen else 0
        return {
            index: self.measure((votes + outputs) / (len(chosen) + 1)) - base
            for index, outputs in self.outputs.items()
            if index not in chosen
        }

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
            Refused: says which choice, and what would have been better.
        """
        if len(set(chosen)) != len(chosen) or len(chosen) > self.most:
            raise Refused(
                Why.SELECTION,
                f"choices {list(chosen)}, expected at most {self.most} different ones",
            )
        for step, index in enumerate(chosen):
            gains = self.gains(chosen[:step])
            if index not in gains:
                raise Refused(Why.SELECTION, f"choice of submission {index}, which does not sell")
            least = max(self.minimum_gain, *gains.values()) - leeway
            if gains[index] < least:
                raise Refused(
                    Why.SELECTION,
                    f"submission {index} adds {gains[index]} as choice {step}, expected {least}",
                )
        if len(chosen) == self.most:
            return
        for index, gain in self.gains(chosen).items():
            if gain >= self.minimum_gain + leeway:
                raise Refused(
                    Why.SELECTION,
                    f"submission {index} adds {gain} but is not chosen, expected less than "
                    f"{self.minimum_gain + leeway}",
                )
