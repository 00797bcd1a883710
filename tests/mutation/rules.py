"""Break the code of every numbered rule, and demand that the named test notices.

    make invariants RULES="S-1 I-5"

Rules are the sentences S-1 … of docs/SPEC.md and the rows I-1 … of docs/INVARIANTS.md. The breaks
stand in tests/mutation/breaks: each replaces a text that occurs once in a file. reports/rules.jsonl
keeps what was noticed: a second run tries only what is new.
"""

import re
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.copies import ROOT, Copy, Journal, Run, spread
from tests.mutation.nearest import contracts_with

JOBS = 2  # breaks at a time
BREAKS = Path(__file__).parent / "breaks"
NUMBER = re.compile(r"\b([SI]-[1-9]\d*)\b")
BROWNIE = "tests/unit/", "tests/scripts/", "tests/e2e/"


@dataclass(frozen=True)
class Break:
    """A change of a file that makes rules untrue, and the test that fails for it."""

    rules: tuple[str, ...]
    file: str
    old: str
    new: str
    test: str

    def apply(self) -> bytes:
        """The file's content with the change; ValueError unless the old text occurs once."""
        content = (ROOT / self.file).read_text()
        times = content.count(self.old)
        if times != 1:
            raise ValueError(
                f"{self.rules}: {self.old!r} occurs {times} times in {self.file}, expected once: "
                "follow the file in tests/mutation/breaks"
            )
        return content.replace(self.old, self.new).encode()

    @property
    def key(self) -> str:
        """The name of a result: another one when code or test have changed."""
        files = (ROOT / name for name in (self.file, self.test.partition("::")[0]))
        state = [self.old, self.new, self.test, *(file.read_text() for file in files)]
        return sha256("\0".join(state).encode()).hexdigest()[:24]


def breaks() -> Iterator[Break]:
    """All breaks, in the order of their files."""
    for file in sorted(BREAKS.glob("*.toml")):
        for entry in tomllib.loads(file.read_text())["break"]:
            texts = entry["file"], entry["from"], entry["to"], entry["test"]
            yield Break(tuple(entry["rules"]), *texts)


@cache
def numbers(page: str) -> tuple[str, ...]:
    """The numbers that docs/SPEC.md or docs/INVARIANTS.md gives, in its order."""
    text = (ROOT / "docs" / page).read_text()
    return tuple(re.findall(r"^(?:\*\*|\| )([SI]-\d+)(?:\.\*\*| )", text, re.MULTILINE))


def attempt(copy: Copy, found: Break) -> Run:
    """Run the named test against the broken code."""
    change = found.file, found.apply()
    if found.test.startswith(BROWNIE):
        return copy.brownie(change, [found.test])
    if contracts := contracts_with(ROOT, found.file):
        return copy.attempt(change, contracts, [found.test])
    return copy.pytest(change, [found.test])


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - {rule for found in breaks() for rule in found.rules}
    if unknown:
        sys.exit(f"no break for {sorted(unknown)}: expected numbers such as I-5 that have one")
    journal = Journal(ROOT / "reports" / "rules.jsonl")
    wanted = [each for each in breaks() if not chosen or set(chosen) & set(each.rules)]
    pending = [each for each in wanted if each.key not in journal.results or chosen]
    missed = []
    done = 0

    def one(copy: Copy, found: Break) -> None:
        nonlocal done
        start, run = time.monotonic(), attempt(copy, found)
        noticed = run.code == 1 and bool(run.failed)
        if noticed:
            journal.add(found.key, rules=" ".join(found.rules), by=run.failed)
        else:
            missed.append(found)
        done += 1
        verdict = f"noticed by {run.failed}" if noticed else f"NOT NOTICED (exit code {run.code})"
        took = f"{time.monotonic() - start:.0f} s"
        print(f"{done}/{len(pending)} {' '.join(found.rules)}: {verdict}, {took}", flush=True)
        if run.code not in (0, 1):
            print(run.output[-2000:])

    with TemporaryDirectory() as folder:
        spread(pending, one, [Copy(Path(folder) / f"copy{number}") for number in range(JOBS)])
    for found in missed:
        print(
            f"{' '.join(found.rules)}: {found.test} does not notice {found.new!r} in {found.file}"
        )
    rules = {rule for found in wanted for rule in found.rules}
    held = rules - {rule for found in missed for rule in found.rules}
    print(f"{len(held)} of {len(rules)} rules: the test that is named notices when they are broken")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
