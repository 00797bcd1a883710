"""SGX under Gramine: the pseudo-files of /dev/attestation.

https://gramine.readthedocs.io/en/stable/attestation.html. Never tested on hardware, only with a
look-alike of the files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from offchain.enclave.devices.base import WrongDeviceError, check_report_data, read_file, write_file


@dataclass(frozen=True)
class Gramine:
    """The enclave that this process runs in."""

    name: ClassVar[str] = "gramine"

    device: Path = Path("/dev/attestation")

    def quote(self, report_data: bytes) -> bytes:
        """Return a raw quote; Gramine's manifest must set ``sgx.remote_attestation = "dcap"``."""
        check_report_data(report_data)
        kind = read_file(self.device / "attestation_type").decode(errors="replace").strip("\0\n ")
        if kind != "dcap":
            raise WrongDeviceError(f"{self.device} makes {kind!r} attestations, expected 'dcap'")
        write_file(self.device / "user_report_data", report_data)
        return read_file(self.device / "quote")
