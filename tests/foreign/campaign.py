"""`make fuzz-parsers`: fuzz every parser of strangers' bytes, guided by coverage (atheris).

A corpus per parser grows in ``.home/foreign``, so that each campaign goes on where the last one
ended. Ends with a line for each parser; the exit code is 1 after a finding, which is stored, with
the command that plays it again.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.foreign.parsers import PARSERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".venv-atheris/lib/python3.11/site-packages"
WORK = ROOT / ".home/foreign"
INPUT_SECONDS, MEMORY_MIB = 20, 1024
"""The most that one input may take, and all of its process."""
_PROGRESS = re.compile(r"^#(\d+)\t.* cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a parser's share of a campaign.

    Args:
        executions: inputs that were run.
        edges: places in the code of ``offchain`` that some input of the corpus reached.
        features: the same, with how often each was reached.
        inputs: size of the corpus.
        findings: files with inputs that break the parser's rule.
        fault: the end of the output of a process that ended otherwise.
    """

    name: str
    executions: int = 0
    edges: int = 0
    features: int = 0
    inputs: int = 0
    findings: tuple[Path, ...] = ()
    fault: str = ""

    def __str__(self) -> str:
        figures = (self.executions, self.edges, self.features, self.inputs, len(self.findings))
        return f"{self.name:16}" + "".join(f"{figure:>12,}" for figure in figures)


TITLE = f"{'parser':16}" + "".join(
    f"{each:>12}" for each in ("executions", "edges", "features", "corpus", "findings")
)


def fuzz(name: str, seconds: int, work: Path = WORK) -> Outcome:
    """Fuzz one parser for some seconds, or until its first finding."""
    corpus, findings = work / name / "corpus", work / name / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for old in findings.iterdir():  # tried again with the corpus: it may be fixed
        old.rename(corpus / old.name)
    for seed in PARSERS[name].seeds():
        (corpus / sha256(seed).hexdigest()[:40]).write_bytes(seed)
    options = {
        "artifact_prefix": f"{findings}/",
        "max_total_time": seconds,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": MEMORY_MIB,
    }
    log = work / name / "log"
    with tempfile.TemporaryDirectory(dir=_memory()) as scratch, log.open("w") as sink:
        code = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.foreign.worker", name, str(corpus)]
            + [f"-{option}={value}" for option, value in options.items()],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(PACKAGES), "TMPDIR": scratch},
            stdout=sink,
            stderr=subprocess.STDOUT,
        ).returncode
    return outcome(name, code, log.read_text(errors="replace"), tuple(sorted(findings.iterdir())))


def _memory() -> str | None:
    """Return a folder in memory, as the journal syncs its file for every input."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a fresh folder in it


def outcome(name: str, code: int, log: str, findings: tuple[Path, ...]) -> Outcome:
    """Return the outcome of a process by its exit code, its output and the files it wrote."""
    known = [tuple(map(int, line)) for line in _PROGRESS.findall(log)] or [(0, 0, 0, 0)]
    fault = "" if findings or (code == 0 and known[-1][0]) else f"exit code {code}: {log[-2_000:]}"
    return Outcome(name, *known[-1], findings, fault)


def campaign(names: Sequence[str], seconds: int, jobs: int) -> int:
    """Share ``seconds`` of ``jobs`` processes between parsers; return the exit code."""
    share = max(1, seconds * jobs // sum(PARSERS[name].shares for name in names))
    with ThreadPoolExecutor(jobs) as pool:
        print(TITLE, flush=True)
        found = []
        for each in pool.map(lambda name: fuzz(name, share * PARSERS[name].shares), names):
            print(each, flush=True)
            found.append(each)
    for each in found:
        for file in each.findings:
            place = file.relative_to(ROOT)
            print(f"{each.name}: .venv/bin/python -m tests.foreign.campaign {each.name} {place}")
        if each.fault:
            print(f"{each.name} ended with {each.fault}")
    findings, faults = sum(len(each.findings) for each in found), sum(bool(e.fault) for e in found)
    print(
        f"{len(found)} parsers, {share} seconds a share: {sum(e.executions for e in found):,} "
        f"executions, {sum(e.edges for e in found):,} edges, {findings} findings"
    )
    return 1 if findings or faults else 0


def replay(name: str, file: Path) -> int:
    """Run one input without instrumentation; an error shows where it comes from."""
    accepted = PARSERS[name].read(file.read_bytes())
    print(f"{file} is {'read' if accepted else 'refused'}, as it should be")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3_600, help="in all (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=PARSERS, default=list(PARSERS), metavar="NAME")
    parser.add_argument("input", nargs="*", metavar="NAME FILE", help="run this input again")
    arguments = parser.parse_args()
    if arguments.input:
        name, file = arguments.input
        return replay(name, Path(file))
    return campaign(arguments.only, arguments.seconds, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
