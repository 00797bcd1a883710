"""The roles around a registry, and a deployment to act on it."""

from typing import Any

import pytest
from brownie import (
    EnclaveRegistry,
    HostileAccount,
    HostileVerifier,
    MockVerifier,
    ModelMarket,
    accounts,
)

from tests.deployment import PLATFORM_STAKE, TERMS
from tests.sale import Enclave, enclave
from tests.unit.enclave_registry.registry_deployment import RegistryDeployment


@pytest.fixture(scope="module", autouse=True)
def _a_chain_per_file(module_isolation: None) -> None:
    """Undo after each file what it deployed."""


@pytest.fixture(autouse=True)
def _undone_after_each_test(fn_isolation: None) -> None:
    """A test starts where its file's deployments ended."""


@pytest.fixture(scope="module")
def deployer() -> Any:
    return accounts[0]


@pytest.fixture(scope="module")
def owner() -> Any:
    return accounts[1]


@pytest.fixture(scope="module")
def operator() -> Any:
    return accounts[2]


@pytest.fixture(scope="module")
def rival() -> Any:
    """Another operator."""
    return accounts[3]


@pytest.fixture(scope="module")
def stranger() -> Any:
    return accounts[4]


@pytest.fixture(scope="module")
def challenger() -> Any:
    return accounts[5]


@pytest.fixture(scope="module")
def prover() -> Any:
    return accounts[6]


@pytest.fixture(scope="module")
def verifier(deployer: Any) -> Any:
    return deployer.deploy(MockVerifier)


@pytest.fixture(scope="module")
def second_verifier(deployer: Any) -> Any:
    return deployer.deploy(MockVerifier)


@pytest.fixture(scope="module")
def registry(deployer: Any, owner: Any, verifier: Any) -> Any:
    return deployer.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)


@pytest.fixture(scope="module")
def market(deployer: Any, owner: Any, registry: Any) -> Any:
    """The market that may slash, as an account to send from."""
    deployed = deployer.deploy(ModelMarket, registry, *TERMS)
    registry.set_market(deployed, {"from": owner})
    return accounts.at(deployed.address, force=True)


@pytest.fixture(scope="module")
def deployment(registry: Any, verifier: Any, market: Any) -> RegistryDeployment:
    return RegistryDeployment(registry, verifier, market)


@pytest.fixture
def enlisted(deployment: RegistryDeployment, operator: Any) -> Enclave:
    """An active enclave of the operator, who staked 10 ether."""
    return deployment.enlist(enclave("first", operator.address))


@pytest.fixture(scope="module")
def hostile_verifier(deployer: Any) -> Any:
    return deployer.deploy(HostileVerifier)


@pytest.fixture(scope="module")
def hostile_account(deployer: Any) -> Any:
    return deployer.deploy(HostileAccount)
