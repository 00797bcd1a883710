"""Processes that a command starts and leaves to itself, and stops by their ids.

Each leads a session of its own, so that Ctrl-C on the terminal reaches the command alone, and what
a process starts in turn ends with it. The ids are in a file, with the time at which each process
was started: an id that the kernel has given to another process since is left alone.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from offchain.storage.files import write_bytes

PROCESSES = "processes.json"
PATIENCE = 20.0
"""Seconds that a process has to end once it is told to, before it is killed."""


@dataclass(frozen=True)
class Started:
    """A process: its name for people, its id, and its start in ticks since the machine's."""

    name: str
    pid: int
    start: int

    def is_running(self) -> bool:
        """Return True while this very process runs."""
        return _start_of(self.pid) == self.start


@dataclass
class Processes:
    """The processes of a folder, which holds their ids in the file `PROCESSES`, and their logs."""

    folder: Path
    started: list[Started] = field(default_factory=list)

    @property
    def _file(self) -> Path:
        return self.folder / PROCESSES

    @classmethod
    def of(cls, folder: Path) -> "Processes":
        """Return those that were started in a folder and still run."""
        made = cls(folder)
        known = json.loads(made._file.read_bytes()) if made._file.exists() else []
        found = [Started(**each) for each in known]
        return cls(folder, [each for each in found if each.is_running()])

    def log(self, name: str) -> Path:
        """Return the file that has what a process said."""
        return self.folder / f"{name.replace(' ', '-')}.log"

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Started:
        """Start a process, its output in its log.

        Raises:
            OSError: the program is not there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        made = Started(name, process.pid, _start_of(process.pid) or 0)
        self.started.append(made)
        self._write()
        return made

    def ended(self) -> list[Started]:
        """Return those that have ended by themselves."""
        return [each for each in self.started if not each.is_running()]

    def stop(self) -> None:
        """End all, the last one first; return once none is left."""
        for each in reversed(self.started):
            _signal(each, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while each.is_running() and time.monotonic() < deadline:
                time.sleep(0.05)
            _signal(each, signal.SIGKILL)
            while each.is_running():
                time.sleep(0.05)
        if self.started:
            self.started.clear()
            self._write()

    def _write(self) -> None:
        write_bytes(self._file, json.dumps([asdict(each) for each in self.started]).encode())


def _signal(process: Started, number: int) -> None:
    """Send a signal to a process and to all that it has started."""
    if process.is_running() or number == signal.SIGKILL:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _start_of(pid: int) -> int | None:
    """Return when a process was started; None if there is none, or it has ended."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # one of our own that has ended would stay in the table
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
