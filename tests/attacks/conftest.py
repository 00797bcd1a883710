"""One chain for all attack tests, and the roles."""

import pytest

from tests.inprocess import Chain, account


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain()


@pytest.fixture
def provider() -> str:
    return account("provider")


@pytest.fixture
def developer() -> str:
    return account("developer")


@pytest.fixture
def challenger() -> str:
    return account("challenger")


@pytest.fixture
def stranger() -> str:
    return account("stranger")
