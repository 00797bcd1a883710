"""A provider with its command line, on the market of `tests/e2e/hosts.py`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brownie import accounts

from offchain.provider.creation import DRAFT, Draft
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import PublicationFolder
from offchain.storage.store import Store
from tests.e2e.hosts import HostedSale, Hosts
from tests.offchain.market import TARGETS
from tests.vectors.generate import word

NETWORK = "hosted"
SEAT = 9
"""Number of the provider's account."""

TERMS = """
prices:
  0.30: 0.5 ether
  1.00: 1 ether
max_awards: 2
quorum: 2
spares: 0
commit: 1 day
reveal: 1 day
report: 2 days
dispute: 1 day
verdict: 2 days
claim: 1 day
"""


@dataclass
class Provider:
    """Files and options of a provider.

    Args:
        hosts: the market and its operators.
        folder: of all its files.
    """

    hosts: Hosts
    folder: Path
    terms: str = TERMS
    account: str = str(SEAT)
    confirmations: int | None = None
    extra: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        made, web3 = self.hosts.made, self.hosts.web3
        names = ("market", "registry", "verifier", "policy")
        book: dict[str, Any] = {name: getattr(made, name).address for name in names}
        book |= {"chain_id": web3.eth.chain_id, "block": 0, "rpc": web3.provider.endpoint_uri}
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{NETWORK}.json").write_text(json.dumps(book))
        rows = "\n".join(f"{row},{target}" for row, target in enumerate(TARGETS))
        (self.folder / "data.csv").write_text(f"row,parity\n{rows}\n")
        (self.folder / "terms.yaml").write_text(self.terms)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def address(self) -> str:
        return str(accounts[int(self.account)].address)

    @property
    def network(self) -> list[str]:
        """The options of a session."""
        options = ["--network", NETWORK, "--home", str(self.home)]
        if self.confirmations is not None:
            options += ["--confirmations", str(self.confirmations)]
        return options

    @property
    def paid(self) -> list[str]:
        return [*self.network, "--account", self.account, "--yes"]

    def manifest(self) -> list[str]:
        data, out = str(self.folder / "data.csv"), str(self.folder / "out")
        options = ["--metric", "accuracy", "--target", "parity", "--sample-size", "20"]
        history = ["--history", str(self.folder / "used.json")]
        return ["manifest", data, out, *options, *history]

    def create(self, *more: str) -> list[str]:
        manifest = ["--manifest", str(self.folder / "out" / "manifest.json")]
        return ["create", str(self.folder / "terms.yaml"), *manifest, *self._places(), *more]

    def buy(self, *more: str) -> list[str]:
        data = ["--data", str(self.folder / "data.csv"), "--metric", "accuracy"]
        data += ["--target", "parity", "--sample-size", "20", "--poll", "0.05"]
        return ["buy", str(self.folder / "terms.yaml"), *data, *self._places(), *self.out, *more]

    @property
    def out(self) -> list[str]:
        return ["--out", str(self.folder / "bought")]

    def _places(self) -> list[str]:
        published = ["--publish", str(self.folder / "published")]
        return [*published, *self.paid, *self.extra]

    def drafts(self) -> list[PrivateFolder]:
        """The private folders of all tasks."""
        return [PrivateFolder(path) for path in sorted((self.home / NETWORK).glob("0x*"))]

    def sale(self, models: Sequence[bytes] = (), offers: Sequence[int] = ()) -> HostedSale:
        """The sale of the one task that was created, with models that are committed to it."""
        (private,) = self.drafts()
        draft = private.read_value(Draft, DRAFT)
        folder = PublicationFolder(str(self.folder / "published"))
        uploads = Store(str(self.folder / "uploads"))
        made = HostedSale(self.hosts, draft.task, draft.documents, uploads, folder)
        for index, model in enumerate(models):
            offer = offers[index] if offers else 0
            made.enter(model, word(f"key {index} of {made.task_id.hex()}"), offer)
        self.hosts.steps.commit(made.abi_task, *made.models)
        return made
