"""`make coverage`: do the tests execute every statement and branch of the contracts?

Usage: ``python -m tests.coverage [--seed N] [TEST ...]``. One process plays the in-process suites,
after it another one the unit tests on anvil. Fails if a test fails, if a place that no test reaches
is not listed in docs/AUDIT.md, or if a place that is listed there is reached. Ends with a line for
each source and one for all. ``--again`` judges what the last run recorded.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.coverage.code import codes, sources
from tests.coverage.places import RUNS, Executed, Gap, Module
from tests.inprocess import ROOT
from tests.mutation.nearest import short

UNITS = "tests/unit"
SUITES = "tests/property", "tests/stateful", "tests/attacks", UNITS
STEPS = ROOT / "reports/coverage"
LIST = ROOT / "docs/AUDIT.md"
ROW = re.compile(
    r"^\| `([\w/]+)` \| never (\w+(?: \w+)?) \| ``? ?(.+?) ?``? \| \w.* \|$", re.MULTILINE
)

Place = tuple[str, str, str]
"""A source, what never happens, and the code to which it does not happen."""


def play(seed: int, tests: list[str]) -> bool:
    """Run tests in a process, and unit tests in one after it; return True if all passed."""
    shutil.rmtree(STEPS, ignore_errors=True)
    STEPS.mkdir(parents=True)
    inside = [sys.executable, "-m", "pytest"], ["-p", "no:pytest-brownie"]
    brownie = str(Path(sys.executable).with_name("brownie"))
    on_chain = [brownie, "test"], ["-p", "no:boa_test", "-p", "tests.coverage.chain"]
    options = ["-p", "tests.coverage.plugin", f"--steps={STEPS}", f"--hypothesis-seed={seed}", "-q"]
    passed = True
    for (command, plugins), units in ((inside, False), (on_chain, True)):
        if chosen := [test for test in tests if test.startswith(UNITS) is units]:
            run = subprocess.run([*command, *chosen, *plugins, *options], cwd=ROOT)
            passed &= run.returncode == 0
    return passed


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


def place_of(gap: Gap) -> Place:
    return short(gap.module), gap.never, gap.text


def listed(page: str) -> Counter[Place]:
    """Read the places that the page for auditors says no test can reach."""
    rows = ROW.findall(page)
    return Counter((module, never, code.replace(r"\|", "|")) for module, never, code in rows)


def complaints(gaps: list[Gap], page: Counter[Place]) -> list[str]:
    """Name every gap that the page does not list, and every place on it that is no gap."""
    found = Counter(map(place_of, gaps))
    missing, reached = found - page, page - found
    return [
        *(
            f"{gap.module}:{gap.line}: never {gap.never}: {gap.text}"
            for gap in gaps
            if place_of(gap) in missing
        ),
        *(
            f"{LIST.name} lists {module}: never {never}: {code}, but some test does it"
            for module, never, code in reached
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run, merge and judge; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the random tests (0)")
    parser.add_argument("--again", action="store_true", help="judge the last run again")
    parser.add_argument("tests", nargs="*", default=SUITES)
    given = parser.parse_args(arguments)
    passed = given.again or play(given.seed, list(given.tests))
    ran = executed()
    gaps, table = report([Module(name, ROOT / name, ran) for name in sources()])
    exceptions = listed(LIST.read_text())
    wrong = complaints(gaps, exceptions)
    print(*wrong, f"Listed in {LIST.name}: {exceptions.total()} places", table, sep="\n")
    return 0 if passed and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
