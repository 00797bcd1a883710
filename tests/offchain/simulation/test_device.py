"""The simulated device: its quotes verify under the simulated root."""

import pytest

from offchain.attestation.quote import parse
from offchain.attestation.trust import Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.simulation import Machine, SimulatedDevice
from tests.offchain.attestation.support import BODIES, REPORT_DATA, outcome


@pytest.mark.parametrize("name", BODIES)
def test_quote__two_requests__each_verifies_for_its_own_report_data(
    machine: Machine, trust: Trust, name: str
) -> None:
    device = SimulatedDevice(machine, BODIES[name])
    for report_data in (REPORT_DATA, bytes(64)):
        verified = outcome(parse(device.quote(report_data)), trust)
        assert isinstance(verified, VerifiedQuote)
        assert verified.report_data == report_data


def test_quote__report_data_of_another_size__is_refused(machine: Machine) -> None:
    with pytest.raises(ValueError, match="report data of 65 bytes, expected 64"):
        SimulatedDevice(machine, BODIES["sgx v3"]).quote(bytes(65))
