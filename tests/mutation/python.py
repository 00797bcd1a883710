"""Change the Python that decides money and trust, and count how often the tests notice.

    make mutants-python MUTANTS="--sample 5 --seed 1 --module enclave/panel"

Runs in .venv-mutants, where Cosmic Ray is; the tests run in .venv. Tests that do not end in time
count as noticing, as is usual: an endless loop holds up whoever runs them.
"""

import sys
from functools import partial
from hashlib import sha256

from tests.mutation import campaign
from tests.mutation.campaign import KILLED, UNDECIDED, Campaign, verdict
from tests.mutation.copies import ROOT, Copy
from tests.mutation.nearest_python import modules, nearest_tests, short
from tests.mutation.python_operators import Mutant, drawn

OPTIONS = "-p", "no:boa_test"  # loading titanoboa takes longer than most tests
FIRST_SECONDS = 300  # for the nearest file


def key_of(mutant: Mutant) -> str:
    """A mutant's name, which changes with its module."""
    return sha256(f"{mutant.module} {mutant.content}".encode()).hexdigest()[:24]


def attempt(copy: Copy, mutant: Mutant, seed: int) -> tuple[str, str]:
    """Return a mutant's outcome, and the test that killed it."""
    change = mutant.module, mutant.content.encode()
    first, *others = nearest_tests(ROOT, mutant.module)
    run = copy.pytest(change, [*OPTIONS, first], seed, FIRST_SECONDS)
    if run.code == 0 and others:
        run = copy.pytest(change, [*OPTIONS, *others], seed)
    if run.code is None:
        return KILLED, "no end in time"
    outcome = verdict(run)
    if outcome[0] == UNDECIDED and "Interrupted" in run.output:
        return KILLED, "the tests cannot be loaded"
    return outcome


PYTHON = Campaign(
    title="Python",
    journal=ROOT / "reports" / "mutants-python.jsonl",
    modules=modules(ROOT),
    short=short,
    drawn=partial(drawn, ROOT),
    key=key_of,
    attempt=attempt,
)

if __name__ == "__main__":
    sys.exit(campaign.main(PYTHON, sys.argv[1:]))
