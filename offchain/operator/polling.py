"""Questions to strangers, asked in the background: whoever answers slowly delays nobody.

A question is open until it is answered, and is not asked again meanwhile. All questions of one step
are waited for until the same moment. An answer that comes later is there in a later step. What is
asked must end by itself: readers of files have limits of bytes and time.
"""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from offchain.operator.requests import in_background

Name = tuple[Any, ...]
"""A task id, and what is asked of whom."""

K = TypeVar("K", bound=Name)
T = TypeVar("T")

Answer = Future[Any]


@dataclass
class Polls:
    """The questions of one operator.

    Args:
        linger: seconds that a step waits for all of its questions together.
    """

    linger: float = 1.0
    _open: dict[Name, Answer] = field(default_factory=dict)
    _until: float = 0.0

    def next_step(self) -> None:
        """Begin a step, which may wait again."""
        self._until = time.monotonic() + self.linger

    def ask(self, questions: Mapping[K, Callable[[], T]]) -> dict[K, Future[T]]:
        """Ask what is not asked yet; return the answers that have come, each once.

        Args:
            questions: by name; the same name is the same question.
        """
        for name, question in questions.items():
            if name not in self._open:
                self._open[name] = Future()
                in_background(question, self._open[name])
        asked = [self._open[name] for name in questions]
        wait(asked, max(0.0, self._until - time.monotonic()))
        return {name: self._open.pop(name) for name in questions if self._open[name].done()}

    def keep(self, tasks: Collection[bytes]) -> None:
        """Forget the questions of all but these tasks, whose id each name begins with."""
        self._open = {name: each for name, each in self._open.items() if name[0] in tasks}
