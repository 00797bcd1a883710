"""TDX guests: configfs-tsm, Linux 6.7 and later.

Documentation/ABI/testing/configfs-tsm in the kernel's tree. Only tested against a look-alike.
"""

from dataclasses import dataclass
from pathlib import Path

from offchain.attestation.backends.base import (
    AttestationTypeError,
    DeviceMissingError,
    QuoteRaceError,
    accept,
    check_report_data,
    read_file,
    write_file,
)
from offchain.attestation.quote import TeeType


@dataclass(frozen=True)
class Tdx:
    """A quote for the trust domain that this process runs in.

    The report instance is made if it is not there and is kept. Configfs belongs to root: for a
    service without that right let root make the instance and hand its files over.
    """

    instance: Path = Path("/sys/kernel/config/tsm/report/golden-grain")

    def quote(self, report_data: bytes) -> bytes:
        """See ``Backend.quote``."""
        check_report_data(report_data)
        try:
            self.instance.mkdir(exist_ok=True)
        except OSError as error:
            raise DeviceMissingError(f"cannot make {self.instance}: {error.strerror}") from error
        provider = read_file(self.instance / "provider").decode(errors="replace").strip()
        if provider != "tdx_guest":
            raise AttestationTypeError(f"provider {provider!r}, expected 'tdx_guest'")
        before = self._generation()
        write_file(self.instance / "inblob", report_data)
        data = read_file(self.instance / "outblob")
        after = self._generation()
        if after != before + 1:
            raise QuoteRaceError(
                f"generation went from {before} to {after} around one write:"
                f" somebody else writes to {self.instance}"
            )
        return accept(data, report_data, TeeType.TDX)

    def _generation(self) -> int:
        return int(read_file(self.instance / "generation"))
