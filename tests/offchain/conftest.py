"""A simulated Intel with one machine, and trust in it."""

import pytest

from offchain.attestation.trust import Trust
from offchain.simulation import Machine, SimulatedIntel
from offchain.simulation import trust as simulated_trust


@pytest.fixture(scope="session")
def intel() -> SimulatedIntel:
    return SimulatedIntel.from_seed(b"attestation tests")


@pytest.fixture(scope="session")
def machine(intel: SimulatedIntel) -> Machine:
    return Machine.simulate(intel, "machine")


@pytest.fixture(scope="session")
def trust(intel: SimulatedIntel) -> Trust:
    return simulated_trust(intel)
