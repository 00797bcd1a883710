"""Sandbox of the calling process, irrevocable: memory, CPU, no files, no network, no new processes.

Landlock (Linux 5.13) denies every file, and seccomp every system call that computing does not need.
Both are applied where the kernel has them. Probes then find what is really denied. The process must
import all its modules before it confines itself. The zygote may also fork and pass descriptors; its
children confine themselves again, down to the list without these.
"""

import ctypes
import errno
import logging
import mmap
import os
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import landlock

from offchain.protocol.errors import GoldenGrainError

try:
    import pyseccomp
except RuntimeError:  # libseccomp.so.2 is not installed
    pyseccomp = None

ADDRESS_MARGIN_BYTES: Final = 512 * 2**20
"""Address space beyond the bound of the static checks, for the allocator, threads and code."""

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4

_CALLS: Final = """
    brk clock_gettime clock_nanosleep close dup dup2 epoll_wait exit exit_group fstat futex getcpu
    getpid getrandom getrusage gettid gettimeofday lseek madvise mremap munmap nanosleep
    newfstatat poll pread64 read readv restart_syscall rseq rt_sigaction rt_sigprocmask
    rt_sigreturn sched_getaffinity sched_yield sigaltstack sysinfo times uname write writev
""".split()  # noqa: SIM905 - read as a list of words
"""System calls that computing and open pipes need."""

_ZYGOTE_CALLS: Final = """
    fcntl getppid landlock_create_ruleset landlock_restrict_self pidfd_open prctl recvmsg seccomp
    sendmsg wait4
""".split()  # noqa: SIM905 - read as a list of words
"""Those that a zygote needs beside them: to serve its parent, and to let its children confine
themselves."""

_FORK_FLAGS: Final = signal.SIGCHLD | 0x200000 | 0x1000000  # CLONE_CHILD_CLEARTID, CHILD_SETTID
"""Flags of ``clone`` by which glibc forks; with any other it would make a thread or a namespace."""


class SandboxError(GoldenGrainError):
    """The process could not be confined."""


@dataclass(frozen=True)
class Confinement:
    """The sandbox of a process as it reports it; the parent decides if it is sufficient.

    Args:
        landlock_abi: version of Landlock that was applied, 0 if the kernel has none.
        seccomp: True if the filter was applied.
        files_denied: True if a probe could not open a directory.
        network_denied: True if a probe could not make a socket.
        missing: system calls that the runtime lacks, as Gramine does; what they limit is not
            limited.
    """

    landlock_abi: int
    seccomp: bool
    files_denied: bool
    network_denied: bool
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True if both files and network are denied."""
        return self.files_denied and self.network_denied


def die_with_parent(parent: int) -> bool:
    """Have the kernel kill this process when process ``parent`` ends; False if it lacks prctl.

    Raises:
        SandboxError: it has already ended.
    """
    supported = _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SandboxError(f"parent is {os.getppid()}, expected {parent}")
    return supported


def deny_core_dumps() -> bool:
    """Have the kernel write no core file of this process: it would contain keys or samples.

    The limit alone does not stop a kernel that pipes core files to a program (core(5)). Return
    False if the kernel lacks prctl.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) == 0:
        return True
    if ctypes.get_errno() != errno.ENOSYS:
        raise SandboxError(f"prctl {option}: {os.strerror(ctypes.get_errno())}")
    return False


def mapped_bytes() -> int:
    """Return the size of this process's address space."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def limit_resources(address_space: int, cpu_seconds: int) -> bool:
    """Limit address space and CPU time; deny the growth of files.

    Args:
        address_space: in bytes, to which `ADDRESS_MARGIN_BYTES` are added.
        cpu_seconds: further CPU time.

    Returns:
        False if the kernel lacks getrusage: CPU time spent before then counts.

    Raises:
        ValueError: a lower limit is already set.
    """
    try:
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
    except OSError:
        spent = None
    most = address_space + ADDRESS_MARGIN_BYTES
    seconds = (spent or 0) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return spent is not None


def shorten(seconds: float) -> None:
    """Lower the limit of CPU time by a number of seconds, when less work is planned."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft - int(seconds), hard - int(seconds)))


def expect_one_thread() -> None:
    """Check that this process has one thread: Landlock and a fork would not reach any other.

    Raises:
        SandboxError: it has more.
    """
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names alone
    if threads != 1:
        raise SandboxError(f"{threads} threads, expected 1")


def confine(*, zygote: bool = False) -> Confinement:
    """Deny files, network and new processes as far as the kernel can, and probe the effect.

    Args:
        zygote: True to allow forks, which have one thread, and what `_ZYGOTE_CALLS` lists.
    """
    abi = _apply_landlock()
    seccomp = _apply_seccomp(zygote)
    return Confinement(abi, seccomp, _denied(_open_directory), _denied(_open_socket))


def _apply_landlock() -> int:
    try:
        abi: int = landlock.landlock_abi_version()
        ruleset = landlock.Ruleset()
        ruleset.apply()
        os.close(ruleset._fd)  # the library leaves it open
    except landlock.LandlockError:
        return 0
    return abi


def _apply_seccomp(zygote: bool) -> bool:
    if pyseccomp is None:
        return False
    calls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in _CALLS:
        calls.add_rule(pyseccomp.ALLOW, name)
    for name in ("mmap", "mprotect"):
        not_executable = pyseccomp.Arg(2, pyseccomp.MASKED_EQ, mmap.PROT_EXEC, 0)
        calls.add_rule(pyseccomp.ALLOW, name, not_executable)
    if zygote:
        for name in _ZYGOTE_CALLS:
            calls.add_rule(pyseccomp.ALLOW, name)
        calls.add_rule(pyseccomp.ALLOW, "clone", pyseccomp.Arg(0, pyseccomp.EQ, _FORK_FLAGS))
        calls.add_rule(pyseccomp.ALLOW, "tgkill")  # of its children: their own filter bounds it
    else:
        itself = pyseccomp.Arg(0, pyseccomp.EQ, os.getpid())  # for abort()
        calls.add_rule(pyseccomp.ALLOW, "tgkill", itself)
    itself = pyseccomp.Arg(0, pyseccomp.EQ, 0)
    calls.add_rule(pyseccomp.ALLOW, "prlimit64", itself)  # `shorten`; no limit can be raised
    try:
        calls.load()
    except OSError:
        return False
    return True


def _denied(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False


def _open_directory() -> None:
    os.close(os.open("/", os.O_RDONLY))


def _open_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
