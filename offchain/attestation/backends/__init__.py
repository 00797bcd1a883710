"""Where an enclave's quotes come from: one protocol, four ways."""

from offchain.attestation.backends.base import (
    AttestationTypeError,
    Backend,
    BackendError,
    BadQuoteError,
    DeviceFailedError,
    DeviceMissingError,
    QuoteRaceError,
)
from offchain.attestation.backends.dstack import Dstack
from offchain.attestation.backends.gramine import Gramine
from offchain.attestation.backends.simulated import Simulated
from offchain.attestation.backends.tdx import Tdx

__all__ = [
    "AttestationTypeError",
    "Backend",
    "BackendError",
    "BadQuoteError",
    "DeviceFailedError",
    "DeviceMissingError",
    "Dstack",
    "Gramine",
    "QuoteRaceError",
    "Simulated",
    "Tdx",
]
