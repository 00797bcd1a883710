"""What one machine has for a task.

A provider may ask for more, and an enclave that dies of it loses its keys, and so its seats in all
running rosters.
"""

from dataclasses import dataclass

from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Manifest
from offchain.protocol.sample import artifact_bytes


@dataclass(frozen=True)
class Capacity:
    """Args:
    model_memory: bytes that one model may be given.
    test_set: bytes of a test set; about three times as many are in memory while it is sampled.
    """

    model_memory: int
    test_set: int

    @classmethod
    def of(cls, memory: int, workers: int) -> "Capacity":
        """Half of a machine's memory (bytes) for models, a twelfth for a test set."""
        return cls(memory // 2 // workers, memory // 12)

    def check(self, manifest: Manifest) -> None:
        """Refuses a task that this machine is too small for, before anything of it is read.

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
                    RequestFault.TOO_LARGE, f"{name} {value}, this machine has {most} for it"
                )
