"""TDX guests: configfs-tsm, Linux 6.7 and later.

Documentation/ABI/testing/configfs-tsm in the kernel's tree. Only tested against a look-alike.
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

    The report instance is made if it is not there and is kept. Configfs belongs to root: for a
    service without that right let root make the instance and hand its files over.
    """

    name: ClassVar[str] = "tdx"

    instance: Path = Path("/sys/kernel/config/tsm/report/golden-grain")

    def quote(self, report_data: bytes) -> bytes:
        """See `QuoteDevice.quote`."""
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
                f"generation went from {before} to {after} around one write:"
                f" somebody else writes to {self.instance}"
            )
        return data

    def _generation(self) -> int:
        return int(read_file(self.instance / "generation"))
