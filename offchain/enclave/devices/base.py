"""Common parts of the attestation devices of TEEs: their protocol, their errors, file access."""

import os
from pathlib import Path
from typing import Protocol

from offchain.protocol.errors import DeviceError

REPORT_DATA_SIZE = 64


class QuoteDevice(Protocol):
    """The attestation interface of the TEE that this process runs in."""

    @property
    def name(self) -> str:
        """Name of the kind of device, for `Attestation.device`."""

    def quote(self, report_data: bytes) -> bytes:
        """Return the raw quote, padding included, for 64 bytes of report data.

        The enclave does not read the quote: the host parses and verifies it.

        Raises:
            ValueError: the report data is not 64 bytes.
            DeviceError: one of its kinds below.
        """


class DeviceMissingError(DeviceError):
    """The interface is missing: the wrong TEE, no TEE, or no permission to open it."""


class DeviceFailedError(DeviceError):
    """The interface exists and reports an error."""


class WrongDeviceError(DeviceError):
    """The interface makes another kind of attestation than expected."""


class QuoteRaceError(DeviceError):
    """A race: another process wrote to the interface, so the quote may be for its report data."""


def check_report_data(report_data: bytes) -> None:
    """Refuse report data of another size than 64 bytes with a ValueError."""
    if len(report_data) != REPORT_DATA_SIZE:
        raise ValueError(f"report data of {len(report_data)} bytes, expected {REPORT_DATA_SIZE}")


def read_file(path: Path) -> bytes:
    """Read a device file to its end.

    Raises:
        DeviceMissingError: it does not exist, or must not be opened.
        DeviceFailedError: reading fails.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, PermissionError) as error:
        raise DeviceMissingError(f"cannot open {path}: {error.strerror}") from error
    except OSError as error:
        raise DeviceFailedError(f"cannot read {path}: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write a device file in one call, without creating it. Raises as `read_file` does."""
    try:
        with open(
            path, "wb", buffering=0, opener=lambda name, _: os.open(name, os.O_WRONLY)
        ) as file:
            written = file.write(data)
    except (FileNotFoundError, PermissionError) as error:
        raise DeviceMissingError(f"cannot open {path}: {error.strerror}") from error
    except OSError as error:  # configfs refuses data only when the file is closed
        raise DeviceFailedError(f"cannot write {path}: {error.strerror}") from error
    if written != len(data):
        raise DeviceFailedError(f"{path} took {written} bytes, expected {len(data)}")
