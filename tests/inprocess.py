"""The contracts on titanoboa, in this process, and sales played on them.

`Chain` is a registry, a verifier, a market and staked, registered enclaves. `Sale` plays one task
on it: each step moves the clock into the time in which the market takes it, and keeps what later
steps need. A conftest makes `chain` once a session; titanoboa's pytest plugin undoes what a test
does to it.
"""

import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from boa.interpret import set_search_paths
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from tests import sale as parts
from tests.sale import DAY, ETHER, Enclave, Model, Posted, Report, Task

ROOT = Path(__file__).parents[1]
SEAT_BOND = ETHER // 10 + 1  # odd, so that its half has a rest
MIN_TOLERANCE = 1_000
PROGRAM = parts.word("program")
WEALTH = 10**6 * ETHER
UNBONDING = 21 * DAY

Contract = Any

# titanoboa describes a contract by all of its storage whenever a call reverts: that takes longer
# than the call, and fails where another contract had the address before.
VyperContract.__repr__ = lambda self: f"<{self.contract_name} at {self.address}>"


@cache
def deployer(path: str) -> Any:
    """A contract's deployer, by its path in the project; compiled once."""
    set_search_paths([str(ROOT), sysconfig.get_path("purelib")])
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
    return boa.env.get_balance(of)


@contextmanager
def refuses(*reasons: str) -> Iterator[None]:
    """The call inside must revert, its caller seeing one of these reasons."""
    with pytest.raises(boa.BoaError) as raised:
        yield
    assert raised.value.stack_trace[0].pretty_vm_reason in reasons


class Chain:
    """Registry, market and enclaves, with one operator and one machine for each enclave."""

    def __init__(self, enclaves: int = 16, stake: int = 10 * ETHER) -> None:
        self.owner = account("guardian")
        self.verifier = deploy("testing/MockVerifier")
        self.registry = deploy("EnclaveRegistry", self.owner, self.verifier)
        self.market = deploy("ModelMarket", self.registry, SEAT_BOND, MIN_TOLERANCE)
        self.registry.set_market(self.market, sender=self.owner)
        self.measurement = keccak(encode(["address", "bytes32"], [self.verifier.address, PROGRAM]))
        self.domain = Domain(self.market.eip712Domain()[3], str(self.market.address))
        made = (
            self.enlist(f"enclave {n}", account(f"operator {n}"), stake) for n in range(enclaves)
        )
        self.enclaves = parts.ordered(made)

    def enlist(self, name: str, operator: str, stake: int = 0, lifetime: int = 30 * DAY) -> Enclave:
        """Stakes for an operator and registers an enclave of its."""
        made = parts.enclave(name, operator)
        if stake:
            self.registry.stake(value=stake, sender=operator)
        self.register(made, lifetime)
        return made

    def register(self, made: Enclave, lifetime: int = 30 * DAY, by: Contract = None) -> None:
        """Registers an enclave, or renews it, with what a verifier attests."""
        verifier = by or self.verifier
        block = boa.env.evm.patch.block_number - 1
        bound = self.registry.report_data(made.operator, made.signing_key, made.sealing_key, block)
        evidence = encode(
            ["bytes32", "bytes32", "uint256", "bytes32"],
            [PROGRAM, made.platform, self.now + lifetime, bound],
        )
        self.registry.register_enclave(
            verifier, evidence, made.signing_key, made.sealing_key, block, sender=made.operator
        )

    @property
    def now(self) -> int:
        return boa.env.timestamp

    def at(self, time: int) -> None:
        """Moves the clock to a time; it never goes back."""
        assert time >= self.now, f"{time} is before {self.now}"
        boa.env.timestamp = time

    def worth(self, account: str, *tokens: Contract) -> int:
        """What is an account's own: ether, stake, what market and registry owe it, and tokens."""
        own = (
            ether(account) + self.registry.operator(account).stake + self.registry.credits(account)
        )
        own += self.market.credits(ZERO_ADDRESS, account)
        for token in tokens:
            own += token.balanceOf(account) + self.market.credits(token, account)
        return own


class Sale:
    """One task, from its creation on."""

    def __init__(self, chain: Chain, enclaves: Sequence[Enclave] = (), **terms: Any) -> None:
        self.chain, self.market = chain, chain.market
        self.enclaves = parts.ordered(enclaves or chain.enclaves)
        self.roster = parts.roster(self.enclaves)
        self.provider = terms.setdefault("provider", account("provider"))
        terms.setdefault("measurement", chain.measurement)
        self.task: Task = parts.task(entries=self.roster, now=chain.now, **terms)
        self.id = self.task.id(chain.domain)
        self.models: list[Model] = []
        self.seed = bytes(32)
        self.challenger = ""

    # ── Up to the seed ──

    def create(self) -> "Sale":
        escrow = self.task.budget + self.task.benchmark_fee
        value = escrow if self.task.token == ZERO_ADDRESS else 0
        assert self.market.create_task(self.task, sender=self.provider, value=value) == self.id
        return self

    def commit(self, *models: Model) -> "Sale":
        for model in models:
            index = self.market.commit_model(
                self.id,
                model.commitment(self.chain.domain, self.id),
                sender=model.developer,
                value=self.task.commit_bond + self.task.entry_fee,
            )
            assert index == len(self.models)
            self.models.append(model)
        return self

    def reveal(self, *indices: int) -> "Sale":
        self._until(self.task.commit_deadline)
        for index in indices:
            model = self.models[index]
            self.market.reveal_model(*model.reveal(self.id, index), sender=model.developer)
        return self

    def close(self) -> "Sale":
        self._until(self.task.reveal_deadline)
        self.seed = self.market.close_reveals(self.id)
        return self

    def enter(self, *models: Model) -> "Sale":
        """From nothing to the seed, with these models revealed."""
        return self.create().commit(*models).reveal(*range(len(models))).close()

    # ── The report ──

    @property
    def signing(self) -> list[Enclave]:
        """The enclaves that sign the report."""
        return self.enclaves[: self.task.quorum]

    @property
    def panel(self) -> list[Enclave]:
        """The enclaves that sit on the panel."""
        return self.enclaves[self.task.quorum : 3 * self.task.quorum + 1]

    def measured(self, *pairs: tuple[int, int], panel: bool = False, **changed: Any) -> Report:
        """A report that awards pairs of index and score, best first."""
        return parts.report(self.id, self.seed, *pairs, panel=panel)._replace(**changed)

    def post(self, *pairs: tuple[int, int]) -> Posted:
        report = self.measured(*pairs)
        digest = report.digest(self.chain.domain)
        self.market.post_report(self.task, self.roster, report, parts.cosign(digest, self.signing))
        return parts.posted(self.chain.domain, self.task, report, self.signing)

    def dispute(self, challenger: str) -> int:
        """The verdict deadline."""
        bond = self.task.bond(SEAT_BOND)
        self.challenger = challenger
        self.market.dispute_report(self.task, sender=challenger, value=bond)
        return self.time_a

    def resolve(self, stands: Posted, *pairs: tuple[int, int], **how: Any) -> Posted:
        """The report that stands after the panel's verdict."""
        verdict = self.measured(*pairs, panel=True)
        panel = how.pop("panel", self.panel)
        upheld = self.market.resolve_dispute(
            *stands.resolve(self.roster, self.challenger, verdict, panel), **how
        )
        return stands if upheld else parts.posted(self.chain.domain, self.task, verdict, [])

    def expire(self, stands: Posted, **how: Any) -> bool:
        self._until(self.time_a)
        return self.market.expire_dispute(*stands.expire(self.challenger), **how)

    # ── The end ──

    def claim(self, stands: Posted, award: int) -> None:
        self._until(self.time_a)
        model = self.models[stands.report.awards[award] % 2**32]
        self.market.claim_award(*stands.claim(award, model), sender=model.developer)

    def settle(self, stands: Posted, **how: Any) -> None:
        claimed = self.market.progress(self.id).claimed == (1 << len(stands.payouts)) - 1
        self._until(self.time_a if claimed else self.time_b)
        self.market.settle(*stands.settle(), **how)

    def void(self, **how: Any) -> None:
        revealed = self.market.progress(self.id).reveals > 0
        self._until(self.task.report_deadline if revealed else self.task.reveal_deadline)
        self.market.void(self.task, **how)

    def share(self, index: int) -> None:
        self.market.claim_share(*self.models[index].share(self.task, index))

    @property
    def time_a(self) -> int:
        return self.market.progress(self.id).time_a

    @property
    def time_b(self) -> int:
        return self.market.progress(self.id).time_b

    @property
    def stage(self) -> int:
        return self.market.progress(self.id).stage

    def _until(self, time: int) -> None:
        self.chain.at(max(self.chain.now, time))


def models(*names: str, developer: Callable[[str], str] = account, **terms: Any) -> list[Model]:
    """A model of each developer, by its name."""
    return [parts.model(developer(name), name, **terms) for name in names]
