"""Probe of a confined process: it tries forbidden actions and prints the outcomes as JSON."""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from offchain.enclave.models import sandbox

MEMORY = 256 * 2**20


def _read() -> None:
    Path("/etc/hostname").read_bytes()


def _read_memory_of_parent() -> None:
    Path(f"/proc/{os.getppid()}/mem").read_bytes()


def _write() -> None:
    Path(sys.argv[2]).write_bytes(b"x")


def _list() -> None:
    os.listdir("/")  # noqa: PTH208 - one system call


def _connect() -> None:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)


def _datagram() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))


def _unix_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _execute() -> None:
    subprocess.run(["/bin/true"], check=True)


def _thread() -> None:
    threading.Thread(target=print).start()


def _kill_parent() -> None:
    os.kill(os.getppid(), signal.SIGCONT)


def _trace_parent() -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) != 0:
        raise PermissionError(ctypes.get_errno(), "ptrace")


def _executable_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def _raise_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)


def _too_much_memory() -> None:
    bytearray(MEMORY + sandbox.ADDRESS_MARGIN_BYTES)


def _enough_memory() -> None:
    bytearray(MEMORY)


ATTEMPTS: tuple[Callable[[], None], ...] = (
    _read,
    _read_memory_of_parent,
    _write,
    _list,
    _connect,
    _datagram,
    _unix_socket,
    _fork,
    _execute,
    _thread,
    _kill_parent,
    _trace_parent,
    _executable_memory,
    _raise_limit,
    _too_much_memory,
    _enough_memory,
)


def attempt(action: Callable[[], None]) -> str:
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "done"


def main() -> None:
    sandbox.limit_resources(sandbox.mapped_bytes() + MEMORY, 30)
    confinement = sandbox.confine(zygote="zygote" in sys.argv)
    outcome = {action.__name__: attempt(action) for action in ATTEMPTS}
    print(json.dumps({"complete": confinement.complete, "outcome": outcome}))


if __name__ == "__main__":
    main()
