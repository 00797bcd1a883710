"""The SIMULATED quote device, the default in development. Its quotes prove nothing."""

from dataclasses import dataclass, replace
from typing import ClassVar

from offchain.attestation.quote import Body
from offchain.simulation.intel import DEVELOPMENT_SEED, SimulatedIntel
from offchain.simulation.machine import Machine, sgx_report


@dataclass(frozen=True)
class SimulatedDevice:
    """A device that signs ``body`` with any report data, on a simulated machine."""

    machine: Machine
    body: Body
    name: ClassVar[str] = "simulated"

    @classmethod
    def of_development(cls, machine: str) -> "SimulatedDevice":
        """Return the device of a named machine under the public seed of development."""
        intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
        return cls(Machine.simulate(intel, machine), sgx_report(bytes(64)))

    def quote(self, report_data: bytes) -> bytes:
        """Return a quote for 64 bytes of report data.

        See `offchain.enclave.devices.base.QuoteDevice`.
        """
        if len(report_data) != 64:
            raise ValueError(f"report data of {len(report_data)} bytes, expected 64")
        return self.machine.quote(replace(self.body, report_data=report_data)).encode()
