"""Try mutants on copies of the project, keep what came out, and print the score.

A mutant is killed by a failing test. It does not count when it changes nothing that runs, or when
docs/MUTANTS.md says why it is equivalent; those that the page lists are not tried. A journal keeps
results: a second run goes on where the first one ended, and tries again what survived.
"""

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from tests.mutation.copies import ROOT, Copy, Journal, Run, spread

KILLED, SURVIVED, EQUIVALENT, UNDECIDED = "killed", "survived", "equivalent", "undecided"
SAME, INVALID = "same", "invalid"
SETTLED = {KILLED, EQUIVALENT, SAME, INVALID}


class Mutant(Protocol):
    """A change of one module."""

    @property
    def module(self) -> str: ...  # its path in the project
    @property
    def line(self) -> int: ...
    @property
    def text(self) -> str: ...  # the line as it is
    @property
    def change(self) -> str: ...


@dataclass(frozen=True)
class Campaign:
    """The mutants of a part of the project, and how one is tried."""

    title: str  # its section in docs/MUTANTS.md
    journal: Path
    modules: list[str]
    short: Callable[[str], str]  # a module's name in reports
    drawn: Callable[[str, int | None, int], list[Mutant]]  # a module's mutants, or a sample by seed
    key: Callable[[Mutant], str]
    # The outcome, by a seed of random tests, and the test that killed it.
    attempt: Callable[[Copy, Mutant, int], tuple[str, str]]

    def outcome(self, mutant: Mutant, journal: Journal, listed: set[tuple[str, str, str]]) -> str:
        if (self.short(mutant.module), mutant.text, mutant.change) in listed:
            return EQUIVALENT
        return journal.results.get(self.key(mutant), {}).get("outcome", UNDECIDED)

    def report(
        self, found: list[Mutant], journal: Journal, listed: set[tuple[str, str, str]]
    ) -> str:
        """A line for each module, and one for all."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for mutant in found:
            for name in (self.short(mutant.module), "all"):
                counts[name][self.outcome(mutant, journal, listed)] += 1
        everything = counts.pop("all", Counter())
        counts = {**dict(sorted(counts.items())), "all": everything}
        columns = KILLED, SURVIVED, EQUIVALENT, SAME, INVALID, UNDECIDED
        lines = [f"{'module':28}" + "".join(f"{column:>11}" for column in columns) + "     score"]
        for name, count in counts.items():
            total = count[KILLED] + count[SURVIVED]
            score = f"{100 * count[KILLED] / total:8.1f} %" if total else f"{'-':>10}"
            lines.append(f"{name:28}" + "".join(f"{count[each]:11}" for each in columns) + score)
        return "\n".join(lines)

    def play(self, found: list[Mutant], journal: Journal, jobs: int, seed: int) -> None:
        """Try mutants, several at a time, and write each result down."""
        folder = ROOT / ".home" / self.journal.stem
        copies = [Copy(folder / f"copy{number}") for number in range(jobs)]
        done = 0

        def one(copy: Copy, mutant: Mutant) -> None:
            nonlocal done
            start = time.monotonic()
            outcome, by = self.attempt(copy, mutant, seed)
            entry = {"module": mutant.module, "line": str(mutant.line), "change": mutant.change}
            journal.add(self.key(mutant), outcome=outcome, by=by, text=mutant.text, **entry)
            done += 1
            place = f"{self.short(mutant.module)}:{mutant.line}"
            took = f"{time.monotonic() - start:.0f} s"
            print(
                f"{done}/{len(found)} {outcome:9} {place}: {mutant.change}  {by} {took}", flush=True
            )

        spread(found, one, copies)


def listed_equivalents(title: str) -> set[tuple[str, str, str]]:
    """Module, line and change of each mutant that a section of docs/MUTANTS.md explains."""
    page = (ROOT / "docs" / "MUTANTS.md").read_text()
    (section,) = (each for each in page.split("\n## ") if each.startswith(f"{title}\n"))
    found = set()
    for row in section.splitlines():
        if row.startswith("| `"):
            cells = re.split(r"(?<!\\)\|", row.strip("|"))
            module, text, change, _ = (cell.strip(" `").replace(r"\|", "|") for cell in cells)
            found.add((module, text, change))
    return found


def verdict(run: Run) -> tuple[str, str]:
    """The outcome of a run that found the mutant's code, and the test that failed."""
    if run.code is None:
        return UNDECIDED, "no end in time"
    if run.code == 0:
        return SURVIVED, ""
    if run.failed:
        return KILLED, run.failed.partition(" ")[0]
    return UNDECIDED, f"exit code {run.code}: {run.output[-300:]}"


def chosen(campaign: Campaign, given: argparse.Namespace) -> Iterator[Mutant]:
    for module in campaign.modules:
        if not given.module or campaign.short(module) in given.module:
            yield from campaign.drawn(module, given.sample, given.seed)


def drawn(found: list[Mutant], total: int | None, seed: int) -> list[Mutant]:
    """Draw some of the mutants, each as likely as any other, or all in another order.

    A sample is a part of each larger one of its seed, and stays as it is where nothing is edited.
    """
    alike: Counter[str] = Counter()
    lots = []
    for number, mutant in enumerate(found):
        name = f"{seed} {mutant.module} {mutant.text} {mutant.change}"
        alike[name] += 1
        lots.append((sha256(f"{name} {alike[name]}".encode()).digest(), number))
    return [found[number] for _, number in sorted(lots)[:total]]


def main(campaign: Campaign, arguments: list[str]) -> int:
    """Try the mutants that the arguments choose; return 1 if any survived or is undecided."""
    parser = argparse.ArgumentParser(description=f"Mutants: {campaign.title}")
    parser.add_argument("--sample", type=int, help="mutants of each module; without it all")
    parser.add_argument("--total", type=int, help="mutants of all modules together")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--module", action="append", help="one of them; without it all")
    given = parser.parse_args(arguments)
    names = sorted(map(campaign.short, campaign.modules))
    unknown = set(given.module or ()) - set(names)
    if unknown:
        parser.error(f"no module {sorted(unknown)}: expected {names}")
    found = drawn(list(chosen(campaign, given)), given.total, given.seed)
    journal = Journal(campaign.journal)
    listed = listed_equivalents(campaign.title)
    pending = [each for each in found if campaign.outcome(each, journal, listed) not in SETTLED]
    print(f"{len(found)} mutants, {len(found) - len(pending)} of them known", flush=True)
    if pending:
        campaign.play(pending, journal, given.jobs, given.seed)
    unsettled = [each for each in pending if campaign.outcome(each, journal, listed) not in SETTLED]
    for mutant in unsettled:
        outcome = campaign.outcome(mutant, journal, listed)
        print(f"{outcome}: {mutant.module}:{mutant.line}: {mutant.change}\n    {mutant.text}")
    print(campaign.report(found, journal, listed))
    return bool(unsettled)
