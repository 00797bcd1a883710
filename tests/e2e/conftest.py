"""A market on anvil with seven operators, whose enclaves are served from this process."""

import pytest

from tests.anvil import rpc
from tests.e2e.hosts import Hosts, run_hosts


@pytest.fixture(autouse=True)
def _isolation(fn_isolation):
    """Undoes what a test does."""


@pytest.fixture(scope="module")
def hosts(module_isolation, tmp_path_factory) -> Hosts:
    rpc("anvil_setBlockTimestampInterval", 1)
    with run_hosts(tmp_path_factory.mktemp("hosts")) as made:
        yield made
    rpc("anvil_removeBlockTimestampInterval")
