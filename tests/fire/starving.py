"""Ways to starve the process of a model of memory; each is a `Case.prepare`."""

import ctypes
import resource
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from offchain.enclave.models import child, memory, sandbox, static

STEPS: dict[str, tuple[object, str]] = {
    "limits": (child, "limit_resources"),
    "reserve": (child, "reserve_memory"),
    "read": (child, "read_exactly"),
    "check": (child, "check_model"),
    "size": (static, "parsed_bytes"),
    "parse": (static, "_parse"),
    "versions": (static, "opset_versions"),
    "structure": (static, "_check_structure"),
    "validity": (static, "_check_validity"),
    "walk": (static, "Walk"),
    "output": (static, "_choose_output"),
    "load": (child, "open_session"),
    "run": (child, "run_session"),
    "decode": (child, "_decode"),
}
"""The steps of the child by name: a function of each, and where the child looks it up."""

LIBRARY = r"""
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static long before = 0, failing = 0;

void starve(long successes, long failures) { before = successes; failing = failures; }
static int starved(void) {
    if (failing == 0) return 0;
    if (before > 0) { before--; return 0; }
    failing--;
    return 1;
}

void *malloc(size_t size) { return starved() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return starved() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return starved() ? NULL : __libc_realloc(old, size); }
void *memalign(size_t bound, size_t size) { return starved() ? 0 : __libc_memalign(bound, size); }
void *aligned_alloc(size_t bound, size_t size) { return memalign(bound, size); }
int posix_memalign(void **result, size_t bound, size_t size) {
    if (starved()) return ENOMEM;
    *result = __libc_memalign(bound, size);
    return *result ? 0 : ENOMEM;
}
"""
"""A library whose allocations fail, a number of them after a number of successes."""


def compiled(folder: Path) -> str:
    """Compile `LIBRARY` and return its path."""
    source, target = folder / "starve.c", folder / "starve.so"
    source.write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", target, source], check=True)
    return str(target)


def margin(margin_bytes: int) -> None:
    """Give the child another margin of address space than it needs; it may be negative."""
    sandbox.ADDRESS_MARGIN_BYTES = child.ADDRESS_MARGIN_BYTES = margin_bytes


def address_space(step: str, room: int, *, reserved: bool) -> None:
    """Leave ``room`` bytes of further address space from a step on.

    Args:
        reserved: False to leave out the reserve of the heap, and its check.
    """
    if not reserved:
        child.reserve_memory = _without_reserve
    child.confine = lambda: sandbox.Confinement(7, True, True, True)  # or it could set no limit
    statm = Path("/proc/self/statm").open("rb", buffering=0)  # noqa: SIM115 - denied later
    _at(step, partial(_limit, statm, room))


def allocations(step: str, successes: int, failures: int) -> None:
    """Let allocations fail after a number of successes from a step on; needs `LIBRARY`."""
    starve = ctypes.CDLL(None).starve
    starve.argtypes = [ctypes.c_long, ctypes.c_long]
    _at(step, partial(starve, successes, failures))


def _at(step: str, action: Callable[[], object]) -> None:
    module, name = STEPS[step]
    function, pending = getattr(module, name), [action]

    def act_once(*arguments: Any, **options: Any) -> object:
        while pending:
            pending.pop()()
        return function(*arguments, **options)

    setattr(module, name, act_once)


def _limit(statm: IO[bytes], room: int) -> None:
    statm.seek(0)
    limit = int(statm.read().split()[0]) * resource.getpagesize() + room
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _without_reserve(_: int) -> memory.Reserve:
    memory._end_without_memory(ctypes.CDLL(None))
    return memory.Reserve(2**62)
