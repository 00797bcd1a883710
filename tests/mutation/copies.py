"""Copies of the project, in which a source is changed and tests are run."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
SHARED = ".venv", "node_modules"  # linked, not copied
SECONDS = 900
INVALID, SAME = 100, 101  # codes of tests/mutation/attempt.py, beside those of pytest
Item = TypeVar("Item")
Change = tuple[str, bytes]  # a file, and its content instead
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """The end of a process: its exit code, None after the time limit, and what it printed."""

    code: int | None
    output: str

    @property
    def failed(self) -> str:
        """The test that failed first."""
        found = FAILED.search(self.output)
        return found.group(1) if found else ""


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
        self._build, self._compiled = folder / "build", folder / ".home" / "build"
        self._server: subprocess.Popen[str] | None = None

    @contextmanager
    def _changed(self, name: str, content: bytes) -> Iterator[None]:
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
            if self._compiled.exists():
                shutil.rmtree(self._build)
                shutil.copytree(self._compiled, self._build)

    def _start(self, *command: str) -> subprocess.Popen[str]:
        """Start a program of the environment in the copy, with a home folder of its own."""
        return subprocess.Popen(
            [self.folder / ".venv" / "bin" / command[0], *command[1:]],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder / ".home"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _run(self, *command: str, seconds: int = SECONDS) -> Run:
        """Run a program to its end."""
        process = self._start(*command)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # the process and its chain
            output, _ = process.communicate()
            return Run(None, output)
        return Run(process.returncode, output)

    def attempt(
        self,
        change: Change,
        contracts: Sequence[str],
        tests: Sequence[str],
        seed: int | None = None,
    ) -> Run:
        """Compile contracts and run tests in-process, as tests/mutation/attempt.py says."""
        if self._server is None:
            self._server = self._start("python", "-W", "ignore", "-m", "tests.mutation.attempt")
            self._answer()
        with self._changed(*change):
            order = {"contracts": contracts, "tests": tests, "seed": seed}
            print(json.dumps(order), file=self._server.stdin, flush=True)
            return Run(**self._answer())

    def pytest(
        self,
        change: Change,
        tests: Sequence[str],
        seed: int | None = None,
        seconds: int = SECONDS,
    ) -> Run:
        """Run tests without Brownie; the first failure ends them."""
        options = "-x -q -p no:pytest-brownie -p no:cacheprovider --hypothesis-profile=mutants"
        if seed is not None:
            options += f" --hypothesis-seed={seed}"
        with self._changed(*change):
            return self._run(
                "python", "-W", "ignore", "-m", "pytest", *options.split(), *tests, seconds=seconds
            )

    def brownie(self, change: Change, tests: Sequence[str]) -> Run:
        """Run tests on Brownie, which compiles only the contracts that have the change.

        A busy machine too can fail a call to the chain: what failed has to fail again by itself.
        """
        if not self._compiled.exists():
            if (ROOT / "build").exists():
                shutil.copytree(ROOT / "build", self._build)
            run = self._run("brownie", "compile")
            if run.code != 0:
                raise RuntimeError(f"the contracts do not compile as they are:\n{run.output}")
            shutil.copytree(self._build, self._compiled)
        with self._changed(*change):
            for _ in range(3):
                run = self._test(*tests)
                if not run.failed or self._test(run.failed.partition("[")[0]).failed == run.failed:
                    return run
            return Run(None, run.output)

    def _test(self, *tests: str) -> Run:
        return self._run("brownie", "test", *tests, "-p", "no:boa_test", "-x", "-q")

    def close(self) -> None:
        """Stop what `attempt` started."""
        if self._server is not None:
            self._server.communicate()

    def _answer(self) -> Any:
        """Read a line of the server of `attempt`; RuntimeError with what it says if it ended."""
        line = self._server.stdout.readline()
        try:
            return json.loads(line)
        except json.JSONDecodeError:
            raise RuntimeError(f"{line}{self._server.communicate()[0]}") from None


def spread(items: Sequence[Item], work: Callable[[Copy, Item], None], copies: list[Copy]) -> None:
    """Do the work for each item, as many at a time as there are copies."""
    free: Queue[Copy] = Queue()
    for copy in copies:
        free.put(copy)

    def one(item: Item) -> None:
        copy = free.get()
        try:
            work(copy, item)
        finally:
            free.put(copy)

    try:
        with ThreadPoolExecutor(len(copies)) as pool:
            list(pool.map(one, items))
    finally:
        for copy in copies:
            copy.close()


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
