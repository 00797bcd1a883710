"""Change the contracts in one place at a time, and count how often the tests notice.

    make mutants MUTANTS="--sample 5 --seed 1 --module market/escrow"

A mutant does not count when it compiles to the same bytecode, or not at all.
"""

import random
import sys
from functools import cache
from hashlib import sha256

from tests.compiled import imported_sources, source_digest
from tests.mutation import campaign
from tests.mutation.campaign import SURVIVED, Campaign, verdict
from tests.mutation.copies import INVALID, ROOT, SAME, Copy
from tests.mutation.nearest import DEPLOYED, contracts_with, nearest_tests, short
from tests.mutation.operators import Mutant, mutants


def project_modules() -> list[str]:
    """Every source that is part of a deployed contract."""
    found = set().union(*(imported_sources(ROOT, f"contracts/{name}.vy") for name in DEPLOYED))
    return sorted(file.relative_to(ROOT).as_posix() for file in found if file.suffix == ".vy")


def drawn(module: str, sample: int | None, seed: int) -> list[Mutant]:
    """A module's mutants, or some of them: those of one seed are those of a larger sample too."""
    found = mutants(module, (ROOT / module).read_bytes())
    random.Random(f"{seed} {module}").shuffle(found)  # noqa: S311 - no secret
    return found[:sample]


@cache
def state_of(module: str) -> str:
    return source_digest(ROOT, imported_sources(ROOT, module))


def key_of(mutant: Mutant) -> str:
    """A mutant's name, which changes with the module and what it imports."""
    name = f"{state_of(mutant.module)} {mutant.start} {mutant.end} {mutant.new}"
    return sha256(name.encode()).hexdigest()[:24]


def attempt(copy: Copy, mutant: Mutant, seed: int) -> tuple[str, str]:
    """Return a mutant's outcome, and the test that killed it."""
    quick, units, slow = nearest_tests(mutant.module)
    contracts = contracts_with(ROOT, mutant.module)
    change = mutant.module, mutant.apply((ROOT / mutant.module).read_bytes())
    run = copy.attempt(change, contracts, quick, seed)
    if run.code in (INVALID, SAME):
        return ("invalid" if run.code == INVALID else "same"), ""
    outcome = verdict(run)
    if outcome[0] == SURVIVED and units:
        outcome = verdict(copy.brownie(change, units))
    if outcome[0] == SURVIVED and slow:
        outcome = verdict(copy.attempt(change, contracts, slow, seed))
    return outcome


CONTRACTS = Campaign(
    title="Contracts",
    journal=ROOT / "reports" / "mutants.jsonl",
    modules=project_modules(),
    short=short,
    drawn=drawn,
    key=key_of,
    attempt=attempt,
)

if __name__ == "__main__":
    sys.exit(campaign.main(CONTRACTS, sys.argv[1:]))
