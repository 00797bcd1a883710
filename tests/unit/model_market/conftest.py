"""Who takes part, and a market for each module of tests, whose state every test starts from."""

import pytest
from brownie import MoodyToken, PlainToken, accounts

from tests import sale
from tests.unit.chain import refuses, rpc
from tests.unit.model_market.books import Books
from tests.unit.model_market.ground import Ground, lay


@pytest.fixture(autouse=True)
def _isolation(fn_isolation):
    """Undoes what a test does."""


@pytest.fixture(scope="module")
def guardian():
    return accounts[0]


@pytest.fixture(scope="module")
def provider():
    return accounts[1]


@pytest.fixture(scope="module")
def developer():
    return accounts[2]


@pytest.fixture(scope="module")
def rival():
    """Another developer."""
    return accounts[3]


@pytest.fixture(scope="module")
def straggler():
    """A developer who commits and does not reveal."""
    return accounts[4]


@pytest.fixture(scope="module")
def challenger():
    return accounts[5]


@pytest.fixture(scope="module")
def stranger():
    return accounts[6]


@pytest.fixture(scope="module")
def ground(module_isolation, guardian) -> Ground:
    rpc("anvil_setBlockTimestampInterval", 1)  # a block a second, whatever the wall clock says
    return lay(guardian)


@pytest.fixture(scope="module")
def market(ground):
    return ground.market


@pytest.fixture(scope="module")
def refused_task(ground, market):
    """Asserts that a task is refused for a reason."""
    return lambda task, reason: refuses(reason, market.create_task, *ground.creation(task))


@pytest.fixture(scope="module")
def parties(ground, provider, developer, rival, straggler, challenger, stranger):
    """Everybody whose money the books follow, by role."""
    operators = {f"operator {rank}": made.operator for rank, made in enumerate(ground.enclaves)}
    return {
        "provider": provider,
        "developer": developer,
        "rival": rival,
        "straggler": straggler,
        "challenger": challenger,
        "stranger": stranger,
        "guardian": ground.guardian,
    } | operators


@pytest.fixture(scope="module")
def books(ground, parties):
    """Opens the books, in ether and a token, and of more parties by name."""
    return lambda token=None, **more: Books(ground, parties | more, token)


@pytest.fixture(scope="module")
def token(ground, provider):
    """In which the provider is rich, and the market trusted."""
    made = provider.deploy(PlainToken, 6)
    made.mint(provider, 10**12, {"from": provider})
    made.approve(ground.market, 2**256 - 1, {"from": provider})
    return made


@pytest.fixture
def moody_token(provider):
    """In which the provider is rich; honest until told otherwise."""
    made = provider.deploy(MoodyToken)
    made.mint(provider, 100 * sale.ETHER, {"from": provider})
    return made


@pytest.fixture(scope="module")
def model(developer):
    return sale.model(developer.address, "of the developer")


@pytest.fixture(scope="module")
def rival_model(rival):
    return sale.model(rival.address, "of the rival")


@pytest.fixture(scope="module")
def straggler_model(straggler):
    return sale.model(straggler.address, "of the straggler")
