"""SIMULATED quotes: the default for development. They prove nothing."""

from dataclasses import dataclass, replace

from offchain.attestation.backends.base import check_report_data
from offchain.attestation.bodies import Body
from offchain.attestation.simulated import Machine


@dataclass(frozen=True)
class Simulated:
    """A simulated machine that runs whatever ``body`` says."""

    machine: Machine
    body: Body

    def quote(self, report_data: bytes) -> bytes:
        """See ``Backend.quote``."""
        check_report_data(report_data)
        return self.machine.quote(replace(self.body, report_data=report_data)).encode()
