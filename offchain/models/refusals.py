"""Why a submission has no score, and why a run was aborted: the two are never mixed.

A refusal is what a model gets wrong by itself, a function of committed bytes, and becomes the
submission's result. An abort is what the environment got wrong: it names the submission and nothing
is signed.
"""

from enum import StrEnum
from typing import Final

DETAIL_LENGTH: Final = 300


class Reason(StrEnum):
    """What a model got wrong. The values stand in results files and never change."""

    UNREADABLE = "unreadable"
    """Not a valid ONNX model."""
    TOO_LARGE = "too-large"
    """More bytes, messages or nodes than the task allows."""
    EXTERNAL_DATA = "external-data"
    """A tensor that lies outside the file."""
    OPERATOR = "operator"
    """An operator, domain, opset or construct outside the allow-list."""
    INPUT = "input"
    """Not exactly one input of the task's shape and type, with a free batch dimension."""
    OUTPUT = "output"
    """No output of the shape and type that the task asks for."""
    SHAPE = "shape"
    """A value whose shape does not follow from the input's."""
    MEMORY = "memory"
    """Needs more memory than the task allows."""
    WORK = "work"
    """Needs more operations than the task allows."""
    RUNTIME = "runtime"
    """The runtime refuses the model, or fails on valid input."""
    NOT_FINITE = "not-finite"
    """A prediction that is NaN or infinite."""
    NOT_PROBABILITIES = "not-probabilities"
    """A row of probabilities that is not a distribution over the classes."""
    UNKNOWN_LABEL = "unknown-label"
    """A predicted label that is none of the classes."""


class Refusal(Exception):  # noqa: N818 - a result, not an error of the program
    """A model's own fault.

    Args:
        reason: what becomes the submission's result.
        detail: names the bad value and what was expected; cut at `DETAIL_LENGTH` characters, since
            a model chooses the names in it.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail[:DETAIL_LENGTH])
        self.reason = reason
        self.detail = detail[:DETAIL_LENGTH]

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class RunAborted(Exception):  # noqa: N818 - says what happened
    """The environment's fault: no result, nothing may be signed.

    Args:
        submission: index of the submission whose run was aborted.
        cause: what happened.
    """

    def __init__(self, submission: int, cause: str) -> None:
        super().__init__(submission, cause)
        self.submission = submission
        self.cause = cause

    def __str__(self) -> str:
        return f"run of submission {self.submission} aborted: {self.cause}"
