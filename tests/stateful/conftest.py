"""One chain for all stateful tests."""

import pytest

from tests.inprocess import Chain


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain()
