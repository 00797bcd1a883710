"""One chain for the properties of the market."""

import pytest

from tests.inprocess import Chain


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain(enclaves=4)
