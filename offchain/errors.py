"""Why an enclave refuses what its host hands over: one exception, one word for each reason.

A refusal ends the request, and nothing is signed. What a submission gets wrong by itself is not
refused but becomes its result (`offchain.results.Fault`, `offchain.models.refusals.Reason`).
"""

from enum import StrEnum


class Why(StrEnum):
    """What was wrong with the host's bytes, or with its request."""

    MALFORMED = "malformed"
    """Not the JSON that is expected, or a value that no honest party sends."""
    ANOTHER_TASK = "another task"
    ANOTHER_ROUND = "another round"
    ANOTHER_ROSTER = "another roster"
    ANOTHER_MANIFEST = "another manifest"
    TOO_LARGE = "too large"
    """A task that allows more than this machine has."""
    ANOTHER_SEED = "another seed"
    ANOTHER_INVENTORY = "another inventory"
    ANOTHER_ENCLAVE = "another enclave"
    """The roster, or the envelope, does not name this enclave's keys."""
    TEST_SET_ENVELOPE = "test-set envelope"
    """It does not open under this enclave's key for what its header says."""
    TEST_SET_KEY = "test-set key"
    """It is not the one that the manifest commits to."""
    TEST_SET = "test set"
    """Its bytes are not those that the manifest names, or not in its form."""
    NOT_MEASURED = "not measured"
    """A report of a task and round that this enclave has not measured."""
    MEASURED_OTHERWISE = "measured otherwise"
    """This enclave has measured the task and round already, on another transcript or inventory."""
    SIGNED_OTHERWISE = "signed otherwise"
    """This enclave has signed another report of the task and round."""
    SCORES = "scores"
    """A proposed score beyond the tolerance of this enclave's own, or another reason for none."""
    SELECTION = "selection"
    """Proposed choices that this enclave's measurement does not bear out."""
    RESULTS = "results"
    """Not a result for every revealed submission, by rising index."""
    POSTED = "posted report"
    """Not a report that a quorum of the roster signed, or one that this enclave signed itself."""
    POSTED_STANDS = "posted report stands"
    """Other awards, where a panel's enclave finds that its measurement bears the posted out."""


class Refused(ValueError):  # noqa: N818 - says what happened
    """The enclave does not do what its host asks.

    Args:
        why: the reason, also for machines.
        detail: the bad value and what was expected; nothing secret.
    """

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.why}: {self.detail}"


def expect(why: Why, name: str, value: bytes, expected: bytes) -> None:
    """Refuses a digest that is not the one expected.

    Raises:
        Refused: names both.
    """
    if value != expected:
        raise Refused(why, f"{name} 0x{value.hex()}, expected 0x{expected.hex()}")
