"""TDX under dstack: its guest agent on a unix socket, through ``dstack-sdk``.

This device was never tested on hardware, only with a look-alike of the agent.
"""

from dataclasses import dataclass
from typing import ClassVar

import httpx
from dstack_sdk import DstackClient
from pydantic import ValidationError

from offchain.enclave.devices.base import DeviceFailedError, DeviceMissingError, check_report_data


@dataclass(frozen=True)
class Dstack:
    """The trust domain that this container runs in."""

    name: ClassVar[str] = "dstack"

    endpoint: str | None = None
    """Socket or URL; ``None`` leaves the choice to the SDK: DSTACK_SIMULATOR_ENDPOINT, else
    /var/run/dstack.sock."""
    timeout: float = 30
    """Timeout of a request in seconds."""

    def quote(self, report_data: bytes) -> bytes:
        """Return a raw quote as `QuoteDevice.quote` does."""
        check_report_data(report_data)
        try:
            client = DstackClient(self.endpoint, timeout=self.timeout)
            quote: bytes = client.get_quote(report_data).decode_quote()
        except (FileNotFoundError, httpx.ConnectError) as error:
            raise DeviceMissingError(f"dstack's guest agent: {error}") from error
        except httpx.HTTPError as error:
            raise DeviceFailedError(f"dstack's guest agent: {error!r}") from error
        except (ValidationError, ValueError) as error:
            raise DeviceFailedError(f"wrong answer of dstack's guest agent: {error}") from error
        return quote
