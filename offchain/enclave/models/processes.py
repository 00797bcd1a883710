"""Child processes as their parent sees them: forked by the zygote, or each an interpreter anew.

The zygote needs ``memfd_create``, which Gramine lacks; there a fork would be a new enclave anyway.
"""

import errno
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, cast

import numpy as np

import offchain
from offchain.protocol.errors import GoldenGrainError

Array = np.ndarray[Any, Any]
Program = tuple[str, ...]

CHILD: Final = ("-m", "offchain.enclave.models.child")
ZYGOTE: Final = ("-m", "offchain.enclave.models.zygote")

_SOURCE_ROOT: Final = Path(offchain.__file__).resolve().parents[1]
ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # a heap of few pages: each first touch is a fault
    "PYTHONMALLOC": "malloc",  # so that the heap's reserve serves Python's objects too
}
_ANSWER_SECONDS: Final = 120.0
"""Time after which a zygote that does not answer is taken for dead."""

_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

log = logging.getLogger(__name__)


class ZygoteEnded(GoldenGrainError):
    """The zygote ended: its children ended with it, for no fault of theirs."""


@dataclass
class Process:
    """A child process.

    Args:
        parent: id of the process with which the kernel ends it.
        sink: to its input.
        source: from its output.
        errors: from its standard error.
        signal: kills it.
        wait: waits for its end; returns its exit code, or the negative number of a signal.

    `wait` raises `ZygoteEnded` if that is the cause.
    """

    parent: int
    sink: IO[bytes]
    source: IO[bytes]
    errors: IO[bytes]
    signal: Callable[[], None]
    wait: Callable[[], int]
    _lock: Lock = field(default_factory=Lock)
    _closed: bool = False

    def kill(self) -> None:
        """Kill it, unless it was closed. A timer may call this at any time."""
        with self._lock:
            if not self._closed:
                self.signal()

    def close(self) -> None:
        """Kill it, wait for its end, and close its pipes."""
        self.kill()
        with suppress(ZygoteEnded):
            self.wait()
        with self._lock:
            self._closed = True
        for each in (self.sink, self.source, self.errors):
            with suppress(BrokenPipeError):
                each.close()


def spawn(program: Program) -> Process:
    """Start an interpreter with the arguments ``program``.

    Raises:
        OSError: there is no more process.
    """
    child = _popen(program, subprocess.PIPE)
    sink, source, errors = (
        cast(IO[bytes], each) for each in (child.stdin, child.stdout, child.stderr)
    )
    return Process(os.getpid(), sink, source, errors, child.kill, child.wait)


def _popen(program: Program, pipe: int, *descriptors: int) -> "subprocess.Popen[bytes]":
    """Start an interpreter whose environment has only paths and thread counts."""
    paths = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", *program, *map(str, descriptors)],
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.PIPE,
        cwd="/",
        env=paths | ENVIRONMENT | {"PYTHONPATH": str(_SOURCE_ROOT)},
        start_new_session=True,
        pass_fds=descriptors,
    )


class Zygote:
    """This process's side of a zygote, which is started with the first child."""

    def __init__(self, program: Program = ZYGOTE) -> None:
        self._program = program
        self._lock = Lock()
        self._running: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def fork(self, inputs: int) -> Process:
        """Have a child forked that has the shared memory ``inputs``.

        Raises:
            OSError: there is no more process or descriptor.
            ZygoteEnded: it ended, or does not answer; the next call starts another.
        """
        (source, to_child), (from_child, sink) = os.pipe(), os.pipe()
        (errors, to_errors), (status, to_status) = os.pipe(), os.pipe()
        os.set_blocking(to_errors, False)
        theirs = (source, sink, to_errors, inputs, to_status)
        ours = (to_child, from_child, errors, status)
        try:
            parent, process = self._ask(theirs)
        except BaseException:
            for each in ours:
                os.close(each)
            raise
        finally:
            for each in (source, sink, to_errors, to_status):
                os.close(each)
        ended = _Ended(process, status)
        streams = os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb"), os.fdopen(errors, "rb")
        return Process(parent, *streams, ended.kill, ended.wait)

    def _ask(self, descriptors: tuple[int, ...]) -> tuple[int, int]:
        """Return the zygote's id and a descriptor of the child."""
        with self._lock:
            if self._running and self._running[0].poll() is not None:
                self._failure()  # whose children were told
            zygote, control = self._running or self._start()
            try:
                socket.send_fds(control, [b"+"], list(descriptors))
                _, (process,), _, _ = socket.recv_fds(control, 1, 1)
            except (OSError, ValueError) as error:
                raise self._failure() from error
            return zygote.pid, process

    def _start(self) -> "tuple[subprocess.Popen[bytes], socket.socket]":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            zygote = _popen(self._program, subprocess.DEVNULL, theirs.fileno())
        ours.settimeout(_ANSWER_SECONDS)
        self._running = zygote, ours
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        if not ready:
            raise self._failure()
        return self._running

    def _failure(self) -> ZygoteEnded:
        if self._running is None:
            return ZygoteEnded("it was closed")
        zygote, control = self._running
        self._running = None
        control.close()
        zygote.kill()
        _, errors = zygote.communicate()
        return ZygoteEnded(
            f"exit code {zygote.returncode} {errors.decode(errors='replace')[-300:]}"
        )


@dataclass
class _Ended:
    """The end of a child of the zygote, by a descriptor of the child and a pipe with its status."""

    process: int
    status: int
    code: int | None = None

    def kill(self) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.process, signal.SIGKILL)

    def wait(self) -> int:
        if self.code is None:
            content = os.read(self.status, 4)
            os.close(self.status)
            os.close(self.process)
            self.code = os.waitstatus_to_exitcode(int.from_bytes(content, "little"))
            if len(content) != 4:
                raise ZygoteEnded("before the child")
        return self.code


class SharedInputs:
    """Inputs of samples in sealed shared memory, written once for each array while it lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._descriptors: dict[int, int] = {}

    def descriptor(self, inputs: Array, dtype: "np.dtype[Any]") -> int | None:
        """Return the descriptor of the memory with ``inputs``; None if the runtime lacks it.

        Raises:
            OSError: there is no more memory.
        """
        if not _has_shared_memory():
            return None
        with self._lock:
            key = id(inputs)
            if key not in self._descriptors:
                self._descriptors[key] = _sealed(np.ascontiguousarray(inputs, dtype))
                weakref.finalize(inputs, self._forget, key)
            return self._descriptors[key]

    def _forget(self, key: int) -> None:
        os.close(self._descriptors.pop(key))


@cache
def _has_shared_memory() -> bool:
    try:
        os.close(os.memfd_create("probe"))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        log.warning("memfd_create is missing: each model gets the samples by a pipe")
        return False
    return True


def _sealed(inputs: Array) -> int:
    descriptor = os.memfd_create("inputs", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(inputs.reshape(-1).view(np.uint8).data)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
