"""`make coverage`: the statements and branches of the contracts that the in-process suites execute.

Usage: ``python -m tests.coverage [--seed N] [TEST ...]``. Two processes play the suites. Names each
statement and each outcome that no test reached; ends with a line for each source and one for all.
The exit code is that of the tests. ``--again`` reports what the last run recorded.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter

from tests.coverage.code import codes, sources
from tests.coverage.places import RUNS, Executed, Gap, Module
from tests.inprocess import ROOT
from tests.mutation.nearest import short

SUITES = "tests/property", "tests/stateful", "tests/attacks"
STEPS = ROOT / "reports/coverage"


def play(seed: int, tests: list[str]) -> int:
    """Run the suites in two processes, each of which records its steps; return the exit code."""
    shutil.rmtree(STEPS, ignore_errors=True)
    STEPS.mkdir(parents=True)
    plugins = ["-p", "no:pytest-brownie", "-p", "tests.coverage.plugin"]
    split = ["-n", "2", "--dist", "loadfile"]
    options = [f"--steps={STEPS}", f"--hypothesis-seed={seed}", "-q"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *split, *options, *tests], cwd=ROOT
    ).returncode


def executed() -> Executed:
    """Put the steps of all processes together."""
    found, recorded = Executed(), [json.loads(file.read_text()) for file in STEPS.glob("*.json")]
    for name, code in codes().items():
        found.add(code, {(at, then) for steps in recorded for at, then in steps[name]})
    return found


def share(missing: int, of: int) -> str:
    return f"{of - missing:7,} of {of:5,} {100 * (of - missing) / of if of else 100:6.1f} %"


def report(modules: list[Module]) -> tuple[list[Gap], str]:
    """Return all gaps, and a table with a line for each source and one for all."""
    lines, gaps, total = [], [], Counter[str]()
    for module in modules:
        found, statements, branches = module.gaps()
        never_ran = sum(gap.never == RUNS for gap in found)
        counts = Counter(
            statements=statements,
            never_ran=never_ran,
            branches=branches,
            never_taken=len(found) - never_ran,
        )
        gaps += found
        total += counts
        lines.append((short(module.name), counts))
    table = [f"{'source':26}{'statements':>24}  {'branches':>24}"]
    for name, count in [*lines, ("all", total)]:
        ran = share(count["never_ran"], count["statements"])
        taken = share(count["never_taken"], count["branches"])
        table.append(f"{name:26}{ran}  {taken}")
    return gaps, "\n".join(table)


def main() -> int:
    """Run, merge and report; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the random tests (0)")
    parser.add_argument("--again", action="store_true", help="report the last run again")
    parser.add_argument("tests", nargs="*", default=SUITES)
    given = parser.parse_args()
    failed = 0 if given.again else play(given.seed, list(given.tests))
    ran = executed()
    gaps, table = report([Module(name, ROOT / name, ran) for name in sources()])
    for gap in gaps:
        print(f"{gap.module}:{gap.line}: never {gap.never}: {gap.text}")
    print(table)
    return failed


if __name__ == "__main__":
    sys.exit(main())
