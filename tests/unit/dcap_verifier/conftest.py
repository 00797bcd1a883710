"""A verifier under a simulated Intel, and one under the genuine root."""

from typing import Any

import pytest
from brownie import accounts, project

from offchain.attestation.evidence import Chain
from offchain.attestation.quote import TeeType
from offchain.attestation.trust import Trust
from offchain.simulation import Machine, SimulatedIntel, collateral
from offchain.simulation import trust as simulated_trust
from tests.dcap import BODIES, Attesting


@pytest.fixture(scope="module", autouse=True)
def _a_chain_per_file(module_isolation: None) -> None:
    """Undo after each file what it deployed."""


@pytest.fixture(autouse=True)
def _undone_after_each_test(fn_isolation: None) -> None:
    """A test starts where its file's deployments ended."""


@pytest.fixture(scope="module")
def owner() -> Any:
    return accounts[0]


@pytest.fixture(scope="module")
def stranger() -> Any:
    return accounts[1]


@pytest.fixture(scope="session")
def intel() -> SimulatedIntel:
    return SimulatedIntel.from_seed(b"verifier tests")


@pytest.fixture(scope="session")
def trust(intel: SimulatedIntel) -> Trust:
    return simulated_trust(intel)


@pytest.fixture(scope="session")
def machine(intel: SimulatedIntel) -> Machine:
    return Machine.simulate(intel, "machine")


@pytest.fixture(scope="session")
def chain_of(machine: Machine, trust: Trust) -> Chain:
    """The machine's certificates and records."""
    return Chain.of(machine.quote(BODIES["sgx v3"]), trust.root_key)


@pytest.fixture(scope="module")
def deploy(owner: Any) -> Any:
    """Deploys a contract by its name."""
    return lambda name, *args: owner.deploy(getattr(project.get_loaded_projects()[0], name), *args)


@pytest.fixture(scope="module")
def fresh(deploy: Any, trust: Trust) -> Attesting:
    """A policy and a verifier that know nothing yet."""
    return Attesting.deploy(deploy, trust.root_key)


@pytest.fixture(scope="module")
def attesting(deploy: Any, trust: Trust, intel: SimulatedIntel) -> Attesting:
    """Others, once everything that quotes need was brought."""
    made = Attesting.deploy(deploy, trust.root_key)
    return made.bring(*(collateral(intel, tee_type) for tee_type in TeeType))


@pytest.fixture(scope="module")
def verifier(attesting: Attesting) -> Any:
    return attesting.verifier


@pytest.fixture(scope="module")
def policy(attesting: Attesting) -> Any:
    return attesting.policy
