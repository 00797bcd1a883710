"""Protection against denial of service by tasks that need more memory than the machine has.

An enclave that runs out of memory loses its keys, and with them its seats in all running rosters.
"""

from dataclasses import dataclass

from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Manifest
from offchain.protocol.sample import artifact_bytes


@dataclass(frozen=True)
class Capacity:
    """A machine's memory for one task.

    Args:
        model_memory: bytes for one model.
        test_set: bytes of a test set; sampling it takes about three times as many in memory.
    """

    model_memory: int
    test_set: int

    @classmethod
    def of(cls, memory: int, workers: int) -> "Capacity":
        """Allot half of a machine's memory (bytes) to all models, a twelfth to a test set."""
        return cls(memory // 2 // workers, memory // 12)

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
        ):
            if value > most:
                raise InvalidRequest(
                    RequestFault.TOO_LARGE,
                    f"{name} {value}, expected at most the {most} that this machine has for it",
                )
