"""Quotes of a SIMULATED machine: the default device of development. They prove nothing."""

from dataclasses import dataclass, replace
from typing import ClassVar

from offchain.attestation.quote import Body
from offchain.simulation.intel import DEVELOPMENT_SEED, SimulatedIntel
from offchain.simulation.machine import Machine, sgx_report


@dataclass(frozen=True)
class SimulatedDevice:
    """A simulated machine that runs whatever ``body`` says."""

    machine: Machine
    body: Body
    name: ClassVar[str] = "simulated"

    @classmethod
    def of_development(cls, machine: str) -> "SimulatedDevice":
        """Return the device of a named machine under the public seed of development."""
        intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
        return cls(Machine.simulate(intel, machine), sgx_report(bytes(64)))

    def quote(self, report_data: bytes) -> bytes:
        """See `offchain.enclave.devices.base.QuoteDevice`."""
        if len(report_data) != 64:
            raise ValueError(f"report data of {len(report_data)} bytes, expected 64")
        return self.machine.quote(replace(self.body, report_data=report_data)).encode()
