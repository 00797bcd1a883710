"""Protection against denial of service by tasks that need more memory than the machine has.

An enclave that runs out of memory loses its keys, and with them its seats in all running rosters.
"""

from dataclasses import dataclass
from math import prod
from typing import Final

from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Manifest
from offchain.protocol.sample import artifact_bytes, packed_bytes

_COLUMN_BYTES: Final = 80
"""Memory per row and column of a model's output while it is read and scored, for one worker."""

_ROW_BYTES: Final = 64
"""Memory per row for targets, labels and ranks of a metric, for one worker."""

_ORDER_BYTES: Final = 40
"""Memory per row of the sample for the orders of both passes, once for all workers."""

_DRAW_BYTES: Final = 40
"""Memory per row of the test set while the sample is drawn."""


def measuring_bytes(manifest: Manifest, workers: int) -> int:
    """Return an upper bound of the service's own memory for a task, without the models' processes.

    A task first has its sample drawn and is then measured. The bound is the larger of both, and
    grows with the test set, the sample, the classes, the size of a model and the workers.
    `tests/fire/test_peak.py` holds it against real processes.
    """
    spec, rows = manifest.model, manifest.test_set.samples
    # Ciphertext, plaintext, sample, and a flag for each value: is it finite?
    drawing = 4 * artifact_bytes(manifest) + _DRAW_BYTES * rows
    sample = manifest.sample_size
    row = _COLUMN_BYTES * prod(spec.columns) + _ROW_BYTES
    run = 2 * manifest.limits.model_bytes + sample * row
    measuring = (
        2 * packed_bytes(sample, spec, manifest.test_set.weighted)  # once in shared memory
        + _ORDER_BYTES * sample
        + workers * run
    )
    return max(drawing, measuring)


@dataclass(frozen=True)
class Capacity:
    """A machine's memory for one task.

    Args:
        model_memory: bytes for the process of one model.
        test_set: bytes of a test set.
        measuring: bytes for all that the service itself keeps, as by `measuring_bytes`.
        workers: number of submissions measured at a time.
    """

    model_memory: int
    test_set: int
    measuring: int
    workers: int

    @classmethod
    def of(cls, memory: int, workers: int) -> "Capacity":
        """Allot half of a machine's memory (bytes) to all models, two fifths to the service itself.

        The rest is for the interpreters. A test set may have a twelfth.
        """
        return cls(memory // 2 // workers, memory // 12, memory * 2 // 5, workers)

    def check(self, manifest: Manifest) -> None:
        """Refuse a task that this machine is too small for, before any artifact is read.

        Raises:
            InvalidRequest: `TOO_LARGE`.
        """
        limits = manifest.limits
        for name, value, most in (
            ("memory_bytes", limits.memory_bytes, self.model_memory),
            ("model_bytes", limits.model_bytes, self.model_memory),
            ("test set of bytes", artifact_bytes(manifest), self.test_set),
            ("bytes to measure", measuring_bytes(manifest, self.workers), self.measuring),
        ):
            if value > most:
                raise InvalidRequest(
                    RequestFault.TOO_LARGE,
                    f"{name} {value}, expected at most the {most} that this machine has for it",
                )
