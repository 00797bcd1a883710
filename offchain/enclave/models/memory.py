"""Memory of the child process, reserved before it reads a model: no shortage goes unnoticed.

A model's refusal becomes its signed result, so lack of memory must not look like one. Libraries
report it in many ways: protobuf as a file that cannot be parsed, others not at all. Therefore the
heap gets all of its memory at the start, where failure is an abort. Later allocations are served
from it without a system call. A failed allocation in C++ ends the process. A refusal counts only
while the heap has never outgrown its reserve.
"""

import ctypes
from dataclasses import dataclass
from typing import Final

_M_MMAP_MAX: Final = -4
_M_TRIM_THRESHOLD: Final = -1
_PIN_BYTES: Final = 64 * 1024


class _HeapSizes(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


@dataclass(frozen=True)
class Reserve:
    """A heap whose memory was reserved.

    Args:
        heap_bytes: size of the heap after the reservation.
    """

    heap_bytes: int

    def check(self) -> None:
        """Check that the heap has not grown, so that no allocation can have failed.

        Raises:
            MemoryError: it has grown.
        """
        grown = _heap_bytes() - self.heap_bytes
        if grown > 0:
            raise MemoryError(f"{grown} bytes more than the reserve of the heap")


def reserve_memory(size: int) -> Reserve:
    """Reserve ``size`` bytes for the heap of this process, and end it when C++ finds no memory.

    The memory is address space until it is written to. The kernel then provides it or kills the
    process.

    Raises:
        MemoryError: the kernel refuses the reservation.
    """
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    # No allocation gets a mapping of its own, and none is returned to the kernel.
    if not (libc.mallopt(_M_MMAP_MAX, 0) and libc.mallopt(_M_TRIM_THRESHOLD, -1)):
        raise MemoryError("mallopt failed, expected glibc")
    block = libc.malloc(size)
    if not block:
        raise MemoryError(f"no {size} bytes for the heap")
    # protobuf calls malloc_trim, which cuts the heap behind its last block: keep one behind it.
    while (pin := libc.malloc(_PIN_BYTES)) and pin < block:
        pass
    libc.free(block)
    if not pin:
        raise MemoryError(f"no {size} bytes for the heap")
    _end_without_memory(libc)
    return Reserve(_heap_bytes())


def _end_without_memory(libc: ctypes.CDLL) -> None:
    """Have ``operator new`` abort the process instead of throwing ``std::bad_alloc``."""
    set_new_handler = ctypes.CDLL("libstdc++.so.6")._ZSt15set_new_handlerPFvvE
    set_new_handler.argtypes = [ctypes.c_void_p]
    set_new_handler(ctypes.cast(libc.abort, ctypes.c_void_p))


def _heap_bytes() -> int:
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _HeapSizes
    sizes = mallinfo2()
    return int(sizes.arena + sizes.hblkhd)
