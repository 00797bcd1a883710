"""Change the contracts in one place at a time, and count how often the tests notice.

    make mutants MUTANTS="--sample 5 --seed 1 --module market/escrow"

A mutant is killed by a failing test. It does not count when it compiles to the same bytecode, or
not at all, or when docs/MUTANTS.md says why it is equivalent. reports/mutants.jsonl keeps results:
a second run goes on where the first one ended, and tries again what survived.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter, defaultdict
from functools import cache
from hashlib import sha256

from tests.compiled import imported_sources, source_digest
from tests.mutation.copies import INVALID, ROOT, SAME, Copy, Journal, Run, spread
from tests.mutation.nearest import DEPLOYED, contracts_with, nearest_tests, short
from tests.mutation.operators import Mutant, mutants

KILLED, SURVIVED, EQUIVALENT, UNDECIDED = "killed", "survived", "equivalent", "undecided"
SETTLED = {KILLED, "same", "invalid"}
WORK = ROOT / ".home" / "mutants"


def project_modules() -> list[str]:
    """Every source that is part of a deployed contract."""
    found = set().union(*(imported_sources(ROOT, f"contracts/{name}.vy") for name in DEPLOYED))
    return sorted(file.relative_to(ROOT).as_posix() for file in found if file.suffix == ".vy")


def listed_equivalents() -> set[tuple[str, str, str]]:
    """Module, line and change of each mutant that docs/MUTANTS.md explains."""
    rows = (ROOT / "docs" / "MUTANTS.md").read_text().splitlines()
    found = set()
    for row in rows:
        if row.startswith("| `"):
            cells = re.split(r"(?<!\\)\|", row.strip("|"))
            module, text, change, _ = (cell.strip(" `").replace(r"\|", "|") for cell in cells)
            found.add((module, text, change))
    return found


def is_listed(mutant: Mutant, listed: set[tuple[str, str, str]]) -> bool:
    return (short(mutant.module), mutant.text, mutant.change) in listed


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


def verdict(run: Run) -> tuple[str, str]:
    if run.code is None:
        return UNDECIDED, "no end in time"
    if run.code == 0:
        return SURVIVED, ""
    if run.failed:
        return KILLED, run.failed.partition(" ")[0]
    return UNDECIDED, f"exit code {run.code}: {run.output[-300:]}"


def attempt(copy: Copy, mutant: Mutant, seed: int) -> tuple[str, str]:
    """Return a mutant's outcome, and the test that killed it."""
    inside, units = nearest_tests(mutant.module)
    contracts = contracts_with(ROOT, mutant.module)
    change = mutant.module, mutant.apply((ROOT / mutant.module).read_bytes())
    run = copy.attempt(change, contracts, inside, seed)
    if run.code in (INVALID, SAME):
        return ("invalid" if run.code == INVALID else "same"), ""
    outcome = verdict(run)
    if outcome[0] == SURVIVED and units:
        outcome = verdict(copy.brownie(change, units))
    return outcome


def report(found: list[Mutant], journal: Journal, listed: set[tuple[str, str, str]]) -> str:
    """A line for each module, and one for all."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in found:
        entry = journal.results.get(key_of(mutant))
        outcome = entry["outcome"] if entry else UNDECIDED
        if outcome == SURVIVED and is_listed(mutant, listed):
            outcome = EQUIVALENT
        for name in (short(mutant.module), "all"):
            counts[name][outcome] += 1
    counts["all"] = counts.pop("all", Counter())
    columns = KILLED, SURVIVED, EQUIVALENT, "same", "invalid", UNDECIDED
    lines = [f"{'module':24}" + "".join(f"{column:>11}" for column in columns) + "     score"]
    for name, count in counts.items():
        total = count[KILLED] + count[SURVIVED]
        score = f"{100 * count[KILLED] / total:8.1f} %" if total else f"{'-':>10}"
        lines.append(f"{name:24}" + "".join(f"{count[each]:11}" for each in columns) + score)
    return "\n".join(lines)


def play(found: list[Mutant], journal: Journal, jobs: int, seed: int) -> None:
    """Try mutants, several at a time, and write each result down."""
    copies = [Copy(WORK / f"copy{number}") for number in range(jobs)]
    done = 0

    def one(copy: Copy, mutant: Mutant) -> None:
        nonlocal done
        start = time.monotonic()
        outcome, by = attempt(copy, mutant, seed)
        entry = {"module": mutant.module, "line": str(mutant.line), "change": mutant.change}
        journal.add(key_of(mutant), outcome=outcome, by=by, text=mutant.text, **entry)
        done += 1
        place = f"{short(mutant.module)}:{mutant.line} {mutant.operator}"
        took = f"{time.monotonic() - start:.0f} s"
        print(f"{done}/{len(found)} {outcome:9} {place}: {mutant.change}  {by} {took}", flush=True)

    spread(found, one, copies)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, help="mutants of each module; without it all")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--module", action="append", help="such as market/escrow; without it all")
    given = parser.parse_args(arguments)
    modules = project_modules()
    unknown = set(given.module or ()) - {short(module) for module in modules}
    if unknown:
        parser.error(f"no module {sorted(unknown)}: expected {sorted(map(short, modules))}")
    found = [
        mutant
        for module in modules
        if not given.module or short(module) in given.module
        for mutant in drawn(module, given.sample, given.seed)
    ]
    journal = Journal(ROOT / "reports" / "mutants.jsonl")
    listed = listed_equivalents()
    results = journal.results
    pending = [
        mutant
        for mutant in found
        if results.get(key_of(mutant), {}).get("outcome") not in SETTLED
        and not (key_of(mutant) in results and is_listed(mutant, listed))
    ]
    print(f"{len(found)} mutants, {len(found) - len(pending)} of them known", flush=True)
    if pending:
        play(pending, journal, given.jobs, given.seed)
    for mutant in found:
        outcome = results.get(key_of(mutant), {}).get("outcome")
        if outcome == SURVIVED and not is_listed(mutant, listed):
            print(f"survived: {mutant.module}:{mutant.line}: {mutant.change}\n    {mutant.text}")
    print(report(found, journal, listed))
    return any(
        results[key_of(mutant)]["outcome"] == SURVIVED and not is_listed(mutant, listed)
        for mutant in found
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
