"""What a host hands over for one measurement."""

from pydantic import ValidationError
from pydantic.dataclasses import dataclass

from offchain.codec import from_json
from offchain.errors import Refused, Why
from offchain.fields import STRICT, HexBytes, Index
from offchain.manifest import Manifest
from offchain.panel import Posted
from offchain.release import Release
from offchain.transcript import Transcript


@dataclass(frozen=True, config=STRICT)
class Bundle:
    """All that an enclave needs but the artifacts.

    Args:
        transcript: of the task.
        manifest: the task's.
        release: the provider's, to this enclave.
        keyrings: of every submission of the inventory.
        posted: for a panel (round 1), the report it judges.
    """

    transcript: Transcript
    manifest: Manifest
    release: Release
    keyrings: dict[Index, HexBytes]
    posted: Posted | None = None

    @property
    def round(self) -> int:
        """0, or 1 for a panel."""
        return 0 if self.posted is None else 1


def read_bundle(data: bytes) -> Bundle:
    """Reads a bundle from JSON that nobody vouches for.

    Raises:
        Refused: `MALFORMED`; names the field, its value and what was expected.
    """
    try:
        return from_json(Bundle, data)
    except ValidationError as error:
        raise Refused(Why.MALFORMED, str(error)) from error
