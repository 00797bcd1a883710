"""TDX under dstack: its guest agent on a unix socket, through ``dstack-sdk``.

Only tested against a look-alike.
"""

from dataclasses import dataclass

import httpx
from dstack_sdk import DstackClient
from pydantic import ValidationError

from offchain.attestation.backends.base import (
    BadQuoteError,
    DeviceFailedError,
    DeviceMissingError,
    accept,
    check_report_data,
)
from offchain.attestation.quote import TeeType


@dataclass(frozen=True)
class Dstack:
    """A quote for the trust domain that this container runs in."""

    endpoint: str | None = None
    """Socket or URL; ``None`` leaves the choice to the SDK: DSTACK_SIMULATOR_ENDPOINT, else
    /var/run/dstack.sock."""
    timeout: float = 30
    """Seconds."""

    def quote(self, report_data: bytes) -> bytes:
        """See ``Backend.quote``."""
        check_report_data(report_data)
        try:
            client = DstackClient(self.endpoint, timeout=self.timeout)
            data = client.get_quote(report_data).decode_quote()
        except (FileNotFoundError, httpx.ConnectError) as error:
            raise DeviceMissingError(f"dstack's guest agent: {error}") from error
        except httpx.HTTPError as error:
            raise DeviceFailedError(f"dstack's guest agent: {error!r}") from error
        except (ValidationError, ValueError) as error:
            raise BadQuoteError(f"dstack's guest agent answers {error}") from error
        return accept(data, report_data, TeeType.TDX)
