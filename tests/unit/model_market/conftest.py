"""Who takes part, and a market for each module of tests, whose state every test starts from."""

import brownie
import pytest
from brownie import ConfigurableToken, PlainToken, accounts

from tests import sale
from tests.anvil import AnvilTrial, deploy_market, rpc
from tests.deployment import Deployment, Steps
from tests.unit.model_market.balances import Balances


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
def chain(module_isolation, guardian, provider) -> Deployment:
    rpc("anvil_setBlockTimestampInterval", 1)  # a block a second, whatever the wall clock says
    return deploy_market(guardian, provider)


@pytest.fixture(scope="module")
def trial(chain) -> Steps:
    """The steps of a sale as calls that change nothing."""
    return Steps(AnvilTrial(), chain.market, chain.owner)


@pytest.fixture(scope="module")
def market(chain):
    return chain.market


@pytest.fixture(scope="module")
def refused_task(trial):
    """Asserts that a task is refused for a reason."""

    def check(task, reason):
        with brownie.reverts(reason):
            trial.create(task)

    return check


@pytest.fixture(scope="module")
def parties(chain, provider, developer, rival, straggler, challenger, stranger):
    """Everybody whose balances are compared, by role."""
    operators = {f"operator {rank}": made.operator for rank, made in enumerate(chain.enclaves)}
    return {
        "provider": provider,
        "developer": developer,
        "rival": rival,
        "straggler": straggler,
        "challenger": challenger,
        "stranger": stranger,
        "guardian": chain.owner,
    } | operators


@pytest.fixture(scope="module")
def balances(chain, parties):
    """Takes all balances, in ether and a token, and of more parties by name."""
    return lambda token=None, **more: Balances(chain, parties | more, token)


@pytest.fixture(scope="module")
def token(chain, provider):
    """In which the provider is rich, and the market trusted."""
    made = provider.deploy(PlainToken, 6)
    made.mint(provider, 10**12, {"from": provider})
    made.approve(chain.market, 2**256 - 1, {"from": provider})
    return made


@pytest.fixture
def configurable_token(provider):
    """In which the provider is rich; honest until told otherwise."""
    made = provider.deploy(ConfigurableToken)
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


@pytest.fixture(scope="module")
def models(model, rival_model, straggler_model):
    return [model, rival_model, straggler_model]


# ── Of a module's report, its fixture `posted` ──


@pytest.fixture(scope="module")
def task(posted):
    return posted.task


@pytest.fixture(scope="module")
def opens(chain, posted):
    """When claims open."""
    return chain.progress(posted.task).time_a


@pytest.fixture(scope="module")
def closes(chain, posted):
    """When claims close."""
    return chain.progress(posted.task).time_b


@pytest.fixture(scope="module")
def deadline(opens):
    """When the verdict on a disputed report is due, which stands in the place of `opens`."""
    return opens
