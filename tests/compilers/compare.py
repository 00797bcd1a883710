"""`make venom`: play the in-process suites under two code generators, and compare every call.

Usage: ``python -m tests.compilers.compare [--seed N] [TEST ...]``. Both runs draw the same random
sequences. Each call must give the same result, returned data or reason, logs, and changes of
storage. Tests of amounts of gas are played under both but not compared: what they offer is what
they measured. Those that compare gas with the snapshot of our build are not played. Ends with the
figures; the exit code is 1 if a test fails or a call differs.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import groupby, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports/venom"
SUITES = "tests/property", "tests/stateful", "tests/attacks"
OF_GAS = "tests/attacks/test_gas_limits.py"
ABOUT_OUR_BUILD = "tests/attacks/test_gas_growth.py"
FIELDS = "called", "input", "result", "output", "logs", "storage"
BUILDS = "stable", "venom"

Calls = list[list[str]]


def play(build: str, seed: int, tests: list[str]) -> "subprocess.Popen[bytes]":
    """Start the suites under one build; what they say goes to ``reports/venom/BUILD.log``."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    plugins = ["-p", "no:pytest-brownie", "-p", "tests.compilers.plugin"]
    pytest = [sys.executable, "-m", "pytest", *plugins, f"--ignore={ABOUT_OUR_BUILD}"]
    options = [f"--build={build}", f"--calls={REPORTS / build}.tsv", f"--hypothesis-seed={seed}"]
    # Neither the order of a set nor a failure of the past may tell the two runs apart.
    same = {"PYTHONHASHSEED": "0", "HYPOTHESIS_STORAGE_DIRECTORY": f"{REPORTS}/of-{build}"}
    with (REPORTS / f"{build}.log").open("wb") as log:
        return subprocess.Popen(
            [*pytest, *options, *tests],
            cwd=ROOT,
            env={**os.environ, **same},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def calls_of(build: str) -> dict[str, Calls]:
    """Each test's calls in a run, in their order."""
    lines = (REPORTS / f"{build}.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    return {test: [row[1:] for row in group] for test, group in groupby(rows, lambda row: row[0])}


def first_difference(ours: Calls, theirs: Calls) -> str | None:
    """Say where two lists of calls differ first, and in what; None if nowhere."""
    for number, (mine, other) in enumerate(zip_longest(ours, theirs)):
        if mine is None or other is None:
            return f"call {number} was made in one run alone"
        differ = [name for name, a, b in zip(FIELDS, mine, other, strict=True) if a != b]
        if differ:
            return f"call {number}, {mine[0]}: {', '.join(differ)}"
    return None


def compare(stable: dict[str, Calls], venom: dict[str, Calls]) -> tuple[Counter[str], list[str]]:
    """Count what was compared; name every test whose calls differ."""
    counts, found = Counter[str](), []
    for test in sorted(stable.keys() | venom.keys()):
        if test.startswith(OF_GAS):
            counts["tests of gas"] += 1
            continue
        counts["tests"] += 1
        counts["calls"] += len(stable.get(test, []))
        counts["reverts"] += sum(call[2] == "revert" for call in stable.get(test, []))
        if difference := first_difference(stable.get(test, []), venom.get(test, [])):
            found.append(f"{test}: {difference}")
    return counts, found


def main() -> int:
    """Run and compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the random sequences")
    parser.add_argument("tests", nargs="*", default=SUITES)
    options = parser.parse_args()
    shutil.rmtree(REPORTS, ignore_errors=True)  # hypothesis plays failures of the past again
    logs = REPORTS.relative_to(ROOT)
    print(f"{', '.join(BUILDS)}: seed {options.seed}; logs in {logs}", flush=True)
    runs = [play(build, options.seed, list(options.tests)) for build in BUILDS]
    codes = [run.wait() for run in runs]
    for build, code in zip(BUILDS, codes, strict=True):
        lines = (REPORTS / f"{build}.log").read_text().splitlines()
        counted = [line.strip("= ") for line in lines if re.search(r" in \d+\.\d+s", line)]
        print(f"{build}: pytest ended with {code}: {' '.join(counted[-1:])}")
    counts, found = compare(*(calls_of(build) for build in BUILDS))
    print("\n".join(found))
    print(
        f"{counts['calls']:,} calls of {counts['tests']:,} tests compared,"
        f" {counts['reverts']:,} of them reverts"
        f" ({counts['tests of gas']:,} tests of gas played only): {len(found)} tests differ"
    )
    return int(any(codes) or bool(found) or not counts["calls"])


if __name__ == "__main__":
    sys.exit(main())
