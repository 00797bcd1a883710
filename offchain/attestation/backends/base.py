"""What every backend promises, and how it fails."""

import os
from pathlib import Path
from typing import Protocol

from offchain.attestation.errors import RejectedError
from offchain.attestation.quote import TeeType, parse, trim

REPORT_DATA_SIZE = 64


class Backend(Protocol):
    """An enclave's way to its quote."""

    def quote(self, report_data: bytes) -> bytes:
        """A quote (without padding) whose report data are these 64 bytes.

        Raises:
            ValueError: not 64 bytes.
            BackendError: one of its kinds below.
        """


class BackendError(RuntimeError):
    """No quote could be had; the kinds below say why."""


class DeviceMissingError(BackendError):
    """The interface is not there: another TEE, no TEE, or not the right to open it."""


class DeviceFailedError(BackendError):
    """The interface is there and reports an error."""


class AttestationTypeError(BackendError):
    """The interface makes another kind of attestation than the backend is for."""


class QuoteRaceError(BackendError):
    """Somebody else used the interface in between: the quote is not for our report data."""


class BadQuoteError(BackendError):
    """What came back is no quote: cut short, or malformed."""


def check_report_data(report_data: bytes) -> None:
    """Refuse report data of another size than 64 bytes."""
    if len(report_data) != REPORT_DATA_SIZE:
        raise ValueError(f"report data of {len(report_data)} bytes, expected {REPORT_DATA_SIZE}")


def read_file(path: Path) -> bytes:
    """Read a device file to its end."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, PermissionError) as error:
        raise DeviceMissingError(f"cannot open {path}: {error.strerror}") from error
    except OSError as error:
        raise DeviceFailedError(f"cannot read {path}: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write a device file in one call, without creating it."""
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
        raise DeviceFailedError(f"{path} took {written} bytes of {len(data)}")


def accept(data: bytes, report_data: bytes, tee_type: TeeType) -> bytes:
    """Trim what a device returned and make sure that it is the quote that was asked for."""
    try:
        trimmed = trim(data)
        quote = parse(trimmed)
    except RejectedError as error:
        raise BadQuoteError(f"{len(data)} bytes are no quote: {error}") from error
    if quote.tee_type is not tee_type:
        raise AttestationTypeError(
            f"quote of a {quote.tee_type.name} enclave, expected {tee_type.name}"
        )
    if quote.body.report_data != report_data:
        raise QuoteRaceError(
            f"quote for report data {quote.body.report_data.hex()}, expected {report_data.hex()}"
        )
    return trimmed
