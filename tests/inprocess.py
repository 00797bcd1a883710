"""The contracts on titanoboa, in this process.

`Chain` is a registry, a verifier, a market and staked, registered enclaves, on which
`tests.deployment.Sale` plays a task. A conftest makes `chain` once a session; titanoboa's pytest
plugin undoes what a test does to it.
"""

import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from boa.interpret import set_search_paths
from eth_utils.address import to_checksum_address

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import sale as parts
from tests.compiled import cache_of, imported_sources, source_digest, use_cache
from tests.deployment import PLATFORM_STAKE, TERMS, Deployment
from tests.sale import DAY, ETHER, Model

ROOT = Path(__file__).parents[1]
WEALTH = 10**6 * ETHER
UNBONDING = 21 * DAY

NO_REASON = "Revert(b'')"
"""In place of a reason, where a call reverts without one."""

Contract = Any

# titanoboa describes a contract by all of its storage whenever a call reverts: that takes longer
# than the call, and fails where another contract had the address before.
VyperContract.__repr__ = lambda self: f"<{self.contract_name} at {self.address}>"


use_cache(ROOT)


def deployer(path: str) -> Any:
    """A contract's deployer, by its path in the project; compiled once for its sources."""
    return _deployer(path, source_digest(ROOT, imported_sources(ROOT, path)))


@cache
def _deployer(path: str, _sources: str) -> Any:
    set_search_paths([str(ROOT), sysconfig.get_path("purelib")])
    with cache_of(ROOT, path):
        return boa.load_partial(str(ROOT / path))


def deploy(name: str, *args: Any) -> Contract:
    """A contract of `contracts/`, deployed."""
    return deployer(f"contracts/{name}.vy").deploy(*args)


def account(name: str) -> str:
    """The same address for the same name; it starts with ether."""
    made = to_checksum_address(parts.word(f"account {name}")[12:])
    if ether(made) == 0:
        boa.env.set_balance(made, WEALTH)
    return made


def ether(of: str) -> int:
    """Wei that an account holds."""
    return int(boa.env.get_balance(of))


@contextmanager
def refuses(*reasons: str) -> Iterator[pytest.ExceptionInfo[boa.BoaError]]:
    """The call inside must revert, its caller seeing one of these reasons."""
    with pytest.raises(boa.BoaError) as raised:
        yield raised
    reason = reason_of(raised.value)
    assert reason in reasons, f"{reason}, expected one of {reasons}"


def reason_of(error: boa.BoaError) -> str:
    """The reason of a revert, as the caller sees it."""
    return str(error.stack_trace.last_frame.pretty_vm_reason)


class Titanoboa:
    """The driver of this process."""

    @property
    def now(self) -> int:
        return int(boa.env.timestamp)

    @property
    def known_block(self) -> int:
        return int(boa.env.evm.patch.block_number) - 1

    def send(self, method: Any, *args: Any, sender: str, value: int = 0) -> Any:
        return method(*args, sender=sender, value=value)

    def at(self, time: int) -> None:
        """Moves the clock to a time; it never goes back."""
        assert time >= self.now, f"{time} is before {self.now}"
        boa.env.timestamp = time

    def read(self, view: Any, *args: Any) -> Any:
        return view(*args)


class Chain(Deployment):
    """A deployment in this process, with one operator and one machine for each enclave."""

    def __init__(self, enclaves: int = 16, stake: int = 10 * ETHER) -> None:
        owner, verifier = account("guardian"), deploy("testing/MockVerifier")
        registry = deploy("EnclaveRegistry", owner, verifier, PLATFORM_STAKE)
        contracts = verifier, registry, deploy("ModelMarket", registry, *TERMS)
        operators = (account(f"operator {n}") for n in range(enclaves))
        super().__init__(Titanoboa(), contracts, owner, account("provider"), operators, stake)

    @property
    def now(self) -> int:
        return self.driver.now

    def at(self, time: int) -> None:
        self.driver.at(time)

    def credited(self, token: str, people: Iterable[str]) -> int:
        """Units that these accounts can withdraw together."""
        return sum(self.market.credits(token, person) for person in set(people))

    def worth(self, account: str, *tokens: Contract) -> int:
        """Return an account's wealth: ether, stake, tokens, and what is owed to it."""
        own = (
            ether(account) + self.registry.operator(account).stake + self.registry.credits(account)
        )
        own += self.market.credits(ZERO_ADDRESS, account)
        for token in tokens:
            own += token.balanceOf(account) + self.market.credits(token, account)
        return int(own)


def models(*names: str, developer: Callable[[str], str] = account, **terms: Any) -> list[Model]:
    """A model of each developer, by its name."""
    return [parts.model(developer(name), name, **terms) for name in names]
