"""The lines of `status`; `tests/e2e/test_observer.py` has the command on a chain."""

import pytest

from offchain.chain.progress import Stage
from offchain.cli.status import can_now


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage.OPEN, "nobody can do anything: the next time above is waited for"),
        (Stage.FINAL, "nobody can do anything: the next time above is waited for"),
        (Stage.SETTLED, "nothing is left to do with it but to withdraw what was credited"),
        (Stage.VOIDED, "nothing is left to do with it but to withdraw what was credited"),
    ],
)
def test_can_now__nothing_to_do__says_if_something_comes(stage, said):
    assert list(can_now(bytes(32), stage, [], 0)) == [f"now      {said}"]
