"""A market on anvil with seven operators, whose enclaves are served from this process."""

import pytest
from brownie import accounts

from tests.e2e.ground import Ground, lay
from tests.unit.chain import rpc


@pytest.fixture(autouse=True)
def _isolation(fn_isolation):
    """Undoes what a test does."""


@pytest.fixture(scope="module")
def ground(module_isolation, tmp_path_factory) -> Ground:
    rpc("anvil_setBlockTimestampInterval", 1)
    with lay(accounts, tmp_path_factory.mktemp("ground")) as made:
        yield made
    rpc("anvil_removeBlockTimestampInterval")
