"""Copies of the project, in which a source is changed and tests are run."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ".venv", "node_modules"  # linked, not copied
SECONDS = 900
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """The end of a process: its exit code, None after the time limit, and the test that failed."""

    code: int | None
    failed: str
    output: str


class Copy:
    """The project's files in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in names.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".home").mkdir(parents=True)
        for name in SHARED:
            (folder / name).symlink_to(ROOT / name)

    @contextmanager
    def changed(self, name: str, content: bytes) -> Iterator[None]:
        """Replace a file's content; undone at the end, with what was compiled of it."""
        file = self.folder / name
        before = file.read_bytes()
        cache = self.folder / ".home" / ".cache" / "titanoboa"
        kept = set(cache.glob("*"))
        file.write_bytes(content)
        try:
            yield
        finally:
            file.write_bytes(before)
            for made in set(cache.glob("*")) - kept:
                shutil.rmtree(made)

    def run(self, *command: str, seconds: int = SECONDS) -> Run:
        """Run a program of the environment in the copy, with a home folder of its own."""
        process = subprocess.Popen(
            [self.folder / ".venv" / "bin" / command[0], *command[1:]],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder / ".home"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # the process and its chain
            output, _ = process.communicate()
            return Run(None, "", output)
        failed = FAILED.search(output)
        return Run(process.returncode, failed.group(1) if failed else "", output)

    def python(self, *arguments: str) -> Run:
        return self.run("python", "-W", "ignore", "-m", *arguments)

    def pytest(self, tests: Sequence[str]) -> Run:
        """Run tests without Brownie, the first failure ends them."""
        options = "-x", "-q", "-p", "no:pytest-brownie", "-p", "no:cacheprovider"
        return self.python("pytest", *options, "--hypothesis-profile=mutants", *tests)

    def brownie(self, tests: Sequence[str]) -> Run:
        return self.run("brownie", "test", *tests, "-p", "no:boa_test", "-x", "-q")


class Journal:
    """Results, a JSON object a line, each by its key; the last one of a key counts."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.results: dict[str, dict[str, str]] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                entry = json.loads(line)
                self.results[entry["key"]] = entry
        file.parent.mkdir(exist_ok=True)

    def add(self, key: str, **entry: str) -> None:
        self.results[key] = {"key": key, "at": time.strftime("%FT%T"), **entry}
        with self.file.open("a") as file:
            file.write(json.dumps(self.results[key]) + "\n")
