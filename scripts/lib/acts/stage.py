"""The stage of all acts: contracts, a provider with a hidden test set, operators, a console."""

from dataclasses import dataclass, field
from typing import Any

from brownie import accounts, chain
from rich.console import Console

from offchain.protocol.eip712 import Domain
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.model_spec import ModelLimits
from offchain.protocol.task import Roster
from offchain.storage.store import Store
from scripts.deploy import Deployment, deploy
from scripts.lib.acts import exhibits
from scripts.lib.acts.operators import DishonestOperator, HonestOperator, Operator
from scripts.lib.acts.roles import Developer, Provider
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load

ETHER = 10**18
NATIVE = "0x" + 40 * "0"
QUORUM = 2


@dataclass
class Stage:
    """Contracts, people and console of all acts."""

    console: Console
    made: Deployment
    store: Store
    provider: Provider
    manifest: Manifest
    data: exhibits.Data
    dishonest: list[DishonestOperator] = field(default_factory=list)
    honest: list[HonestOperator] = field(default_factory=list)
    free: list[Any] = field(default_factory=list)

    @property
    def market(self) -> Any:
        return self.made.market

    @property
    def domain(self) -> Domain:
        return Domain(chain.id, self.market.address)

    @property
    def operators(self) -> list[Operator]:
        return [*self.dishonest, *self.honest]

    @property
    def roster(self) -> Roster:
        entries = (operator.entry for operator in self.operators)
        return tuple(sorted(entries, key=lambda entry: int(entry.signing_key, 16)))

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)

    def done(self, what: str, receipt: Any) -> None:
        self.say(f"  {what} [dim]({receipt.gas_used:,} gas)[/dim]")

    def developer(self, name: str, model: bytes, min_price: int = 0) -> Developer:
        return Developer(name, self.free.pop(), model, min_price)


def ether(wei: int) -> str:
    """Wei for people."""
    return f"{wei / ETHER:.4f} ether"


def set_up(console: Console, store: Store) -> Stage:
    console.rule("The stage: contracts, a provider with a hidden test set")
    made = deploy(accounts[0], load("development", live=False), console)
    bring_documents(made.verifier.address, accounts[0].address, console)
    data, provider = exhibits.digits(), Provider(accounts[1], store)
    manifest = Manifest(
        description="Handwritten digits, 8 x 8 pixels (scikit-learn)",
        metric="accuracy",
        model=exhibits.DIGITS,
        limits=ModelLimits(),
        test_set=provider.hide(data.hidden, exhibits.DIGITS),
        sample_size=500,
        selection=Selection.ENSEMBLE,
        minimum_gain=2_000,
    )
    console.print(f"test set: {len(data.hidden.targets)} digits, encrypted; 500 will be drawn")
    return Stage(console, made, store, provider, manifest, data, free=list(accounts[10:30]))
