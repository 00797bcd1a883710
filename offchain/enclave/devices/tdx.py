"""TDX guests: configfs-tsm, Linux 6.7 and later.

Documentation/ABI/testing/configfs-tsm in the kernel's tree. Never tested on hardware, only with a
look-alike of the files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from offchain.enclave.devices.base import (
    DeviceMissingError,
    QuoteRaceError,
    WrongDeviceError,
    check_report_data,
    read_file,
    write_file,
)


@dataclass(frozen=True)
class Tdx:
    """The trust domain that this process runs in.

    The report instance is created if it is missing, and is not removed. Only root may write to
    configfs: for a service under another user, root must create the instance and change the owner
    of its files.
    """

    name: ClassVar[str] = "tdx"

    instance: Path = Path("/sys/kernel/config/tsm/report/golden-grain")

    def quote(self, report_data: bytes) -> bytes:
        """Return a raw quote as `QuoteDevice.quote` does."""
        check_report_data(report_data)
        try:
            self.instance.mkdir(exist_ok=True)
        except OSError as error:
            raise DeviceMissingError(f"cannot make {self.instance}: {error.strerror}") from error
        provider = read_file(self.instance / "provider").decode(errors="replace").strip()
        if provider != "tdx_guest":
            raise WrongDeviceError(f"provider {provider!r}, expected 'tdx_guest'")
        before = self._generation()
        write_file(self.instance / "inblob", report_data)
        data = read_file(self.instance / "outblob")
        after = self._generation()
        if after != before + 1:
            raise QuoteRaceError(
                f"generation went from {before} to {after}, expected {before + 1}: another process "
                f"writes to {self.instance}"
            )
        return data

    def _generation(self) -> int:
        return int(read_file(self.instance / "generation"))
