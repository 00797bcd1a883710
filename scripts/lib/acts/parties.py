"""The demo's provider and developers: each is made of what `buy` and `sell` are made of."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from offchain.cli.purchases import report_lines
from offchain.cli.terms import parse_terms
from offchain.cli.units import ETHER, format_time
from offchain.developer.entries import EntryFolder
from offchain.developer.judgement import Judgement
from offchain.developer.publishing import Uploads
from offchain.developer.selling import Selling
from offchain.developer.state import Choices, Words
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.observer.scores import find_results
from offchain.protocol.keys import public_key
from offchain.protocol.task import Task
from offchain.provider.buying import Buyer
from offchain.provider.creation import Draft, TaskCreation
from offchain.provider.data import Data
from offchain.provider.hidden_set import BenchmarkTerms, draft
from offchain.provider.key_release import TestSetRelease
from offchain.provider.opening import ModelOpening
from offchain.provider.rosters import candidates, propose
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import PublicationFolder, TaskDocuments
from offchain.storage.store import Store
from offchain.storage.submissions import SubmissionSources
from scripts.lib.acts.stage import Stage
from scripts.lib.local_chain import now

TERMS = {
    "prices": {"0.85": "1 ether", "1.00": "3 ether"},
    "budget": "6 ether",
    "benchmark_fee": "0.2 ether",
    "max_awards": "2",
    "entry_fee": "0.001 ether",
    "commit": "1 hour",
    "reveal": "6 hours",
    "report": "1 day",
    "dispute": "1 day",
    "verdict": "1 day",
    "claim": "1 day",
    "quorum": "2",
    "spares": "0",
}
"""In the words of a file of terms (docs/PROVIDER.md)."""
BENCHMARK = BenchmarkTerms(
    metric="accuracy",
    sample_size=500,
    minimum_gain=2_000,
    description="Handwritten digits, 8 x 8 pixels (scikit-learn)",
)


@dataclass
class Provider:
    """Somebody who buys with one task."""

    stage: Stage
    buyer: Buyer
    name: str = "provider"

    @property
    def task(self) -> Task:
        """The terms."""
        return self.buyer.task

    @property
    def documents(self) -> TaskDocuments:
        """Manifest and roster."""
        return self.buyer.documents

    def step(self) -> Iterator[str]:
        """Go on with the purchase."""
        return self.buyer.step()

    def delivery(self) -> Iterator[str]:
        """Measure what was bought on the whole test set; yield the lines of the report."""
        history = self.stage.market.history(self.buyer.task_id)
        if history is None:
            raise RuntimeError("the task is gone, expected it on the chain")
        run = partial(run_model, run_limits=RunLimits())
        found = self.buyer.opening.deliver(history, self.stage.data.hidden, run)
        return report_lines(self.buyer.task_id, history, found, ETHER)


def post_task(stage: Stage, account: Any, nonce: int) -> Provider:
    """Encrypt the test set, propose a roster, publish, and escrow the money."""
    folder, sender = stage.folder / f"task {nonce}", stage.sender(account)
    secret, private = secrets.token_bytes(32), secrets.token_bytes(32)
    classes = tuple(map(str, range(10)))
    manifest, artifact = draft(Data(stage.data.hidden, classes), BENCHMARK, secret)
    published = PublicationFolder(str(folder / "published"))
    store = Store(published.url)
    store.put_bytes(artifact)

    terms = parse_terms(TERMS | {"nonce": str(nonce)}, lambda _: ETHER, now())
    market, registry = stage.market, stage.registry
    stake = terms.stake(stage.made.market.seat_bond(), stage.made.registry.platform_stake())
    measurement = stage.dishonest[0].measurement
    found = candidates(registry, measurement, stake, terms.last_verdict, account.address)
    roster = propose(list(found), terms.quorum, terms.spares)
    task = terms.task(account.address, manifest, measurement, roster, stake, public_key(private))
    documents = TaskDocuments(manifest, roster)
    creation = TaskCreation(
        market, sender, Draft(task, documents), published, published.url, local=True
    )
    creation.check_balance()
    creation.publish([store])
    creation.read_back()
    sources = SubmissionSources(Store(str(folder / "fetched")), local=True)
    release = TestSetRelease(market, published, sources, secret, secrets.token_bytes)
    opening = ModelOpening(
        market.domain, creation.task_id, manifest, private, sources, folder / "bought"
    )
    buyer = Buyer(market, sender, creation.task_id, task, documents, release, opening)
    made = Provider(stage, buyer)
    for line in creation.send():
        escrow = f"{ETHER.format(creation.escrow)} in escrow for at most {task.max_awards} models"
        stage.tell(made.name, f"{line}, {escrow}")
    return made


@dataclass
class Seller:
    """A developer with a model for one task."""

    name: str
    selling: Selling
    _is_done: bool = field(default=False)

    @property
    def address(self) -> str:
        """The account."""
        return self.selling.entry.developer

    @property
    def is_done(self) -> bool:
        """Return True once nothing is left to do."""
        return self._is_done

    def step(self) -> Iterator[str]:
        """Go on with the sale; say once how it ended."""
        if self._is_done:
            return
        yield from self.selling.step()
        outcome = self.selling.outcome
        if outcome is not None:
            self._is_done = True
            yield outcome.reason


def enter(
    stage: Stage, provider: Provider, models: Mapping[str, bytes], **offers: int
) -> list[Seller]:
    """Prepare the entry of each developer, by its name.

    Args:
        models: content of ONNX files.
        offers: min prices (wei) of those who want more than any price, spaces as underscores.
    """
    return [
        _seller(stage, provider, name, model, offers.get(name.replace(" ", "_"), 0))
        for name, model in models.items()
    ]


def _seller(stage: Stage, provider: Provider, name: str, model: bytes, min_price: int) -> Seller:
    market, sender = stage.market, stage.sender(stage.free.pop())
    folder = stage.folder / f"{name} {provider.task.nonce}"
    files = EntryFolder(PrivateFolder(folder), sender.address)
    entry = files.prepare(
        model,
        provider.task,
        provider.documents.roster,
        market.domain,
        min_price,
        secrets.token_bytes,
    )
    public = str(folder / "public")

    def results(_: object, report: Any) -> Any:
        return find_results(report, set(stage.registry.endpoints().values()), local_uris=True)[1]

    words = Words(ETHER.format, ETHER.format, format_time)
    bond = market.dispute_bond(provider.task)
    return Seller(
        name,
        Selling(
            market=market,
            sender=sender,
            files=files,
            entry=entry,
            documents=provider.documents,
            uploads=Uploads(public, public, local=True),
            judgement=Judgement(market, files, entry, provider.documents, results, ETHER.format),
            words=words,
            choices=Choices(highest_bond=bond),
        ),
    )
