"""The project's commands as processes, forked from one that has imported what all of them import.

An import of all takes more than a second of each process. Nothing else differs from `golden-grain`:
the process has its own arguments, environment, folder and standard streams, and ends by itself.
"""

import ctypes
import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from offchain.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
_PR_SET_CHILD_SUBREAPER = 36
_MOST_BYTES = 2**20


class Command(subprocess.Popen):
    """A command, whose arguments stand in place of those of a program."""

    def _execute_child(self, args: Sequence[Any], *rest: Any) -> None:
        """Replace fork and exec of `subprocess`."""
        folder, environment, pipes = rest[4], rest[5], (rest[9], rest[12], rest[14])
        streams = [own if own != -1 else number for number, own in enumerate(pipes)]
        self.pid = _forked([str(each) for each in args], folder or ".", environment, streams)
        self._child_created = True
        self._close_pipe_fds(*rest[9:15])


def completed(arguments: Sequence[str], seconds: float, **options: Any) -> tuple[int, str, str]:
    """Run a command to its end; return its exit code and what it said on both streams."""
    pipe = subprocess.PIPE
    with Command(arguments, stdout=pipe, stderr=pipe, text=True, **options) as process:
        try:
            out, said = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return process.returncode, out, said


def _forked(
    arguments: list[str],
    folder: str | Path,
    environment: Mapping[str, str] | None,
    streams: list[int],
) -> int:
    """Return the id of a new process, which is a child of this one."""
    asked = {
        "arguments": arguments,
        "folder": str(Path(folder).absolute()),
        "environment": dict(os.environ if environment is None else environment),
    }
    server = _server(os.getpid())
    prctl = ctypes.CDLL(None).prctl
    assert prctl(_PR_SET_CHILD_SUBREAPER, 1) == 0  # the process loses its parent and becomes ours
    try:
        socket.send_fds(server, [json.dumps(asked).encode()], streams)
        return int(server.recv(100))
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0)


@cache
def _server(of: int) -> socket.socket:
    """Return a connection to the process that forks for a process, and ends with it."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve({theirs.fileno()})"],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
        )
    return ours


def serve(connection: int) -> None:
    """Fork for each request, until the one who asks has ended."""
    for name in COMMANDS:
        importlib.import_module(f"offchain.cli.{name}")
    importlib.import_module("offchain.cli.failures")
    with socket.socket(fileno=connection) as asking:
        while True:
            request, streams, _, _ = socket.recv_fds(asking, _MOST_BYTES, 3)
            if not request:
                return
            source, sink = os.pipe()
            between = os.fork()
            if between == 0 and (process := os.fork()) == 0:
                break
            if between == 0:
                os.write(sink, str(process).encode())
                os._exit(0)
            os.waitpid(between, 0)
            asking.send(os.read(source, 100))
            for descriptor in (source, sink, *streams):
                os.close(descriptor)
    os.close(source)
    os.close(sink)
    _run(json.loads(request), streams)


def _run(asked: dict[str, Any], streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.exit(main(asked["arguments"]))
