"""Contracts, operators with enclaves behind services, a provider, and developers.

Attestation is SIMULATED and goes through the real verifier. Models are tables, as in
`tests/offchain/market.py`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

from brownie import accounts
from brownie import web3 as brownie_web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.attestation.programs import measurement
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.transactions import NodeSender
from offchain.chain.verifier import Verifier
from offchain.developer.preparation import Entry, prepare_submission
from offchain.enclave.benchmark import Tools
from offchain.operator.client import EnclaveClient
from offchain.operator.operator import Operator
from offchain.operator.registration import attest
from offchain.protocol.eip712 import Domain
from offchain.protocol.errors import InvalidRequest
from offchain.protocol.messages import RunId, RunStage
from offchain.protocol.task import Task
from offchain.provider.key_release import TestSetRelease
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from scripts.deploy import deploy
from scripts.lib.documents import bring_documents
from scripts.lib.settings import load
from tests.anvil import Anvil, now, rpc
from tests.deployment import Steps
from tests.offchain.enclave.service.served import served
from tests.offchain.market import STORE, TOOLS, enclaves, make_manifest, make_task
from tests.sale import Model, Submission
from tests.sale import Task as AbiTask
from tests.vectors.generate import word

ETHER = 10**18
DAY = 86_400
QUORUM = 2
KEY = word("test set")
CONFIRMATIONS = 3
QUICK = RetryPolicy(seconds=5, attempts=1)


@dataclass
class Hosts:
    """The deployment and services that all tests share."""

    made: Any
    web3: Web3
    folder: Path
    clients: list[EnclaveClient]
    senders: list[NodeSender]
    measurement: bytes
    nonces: Iterator[int] = field(default_factory=count)
    """No task is like one of an earlier test, which the enclaves remember."""

    @property
    def steps(self) -> Steps:
        """The steps of developers and of whoever wants the sale to go on."""
        return Steps(Anvil(), self.made.market, accounts[8])

    def market(self, confirmations: int = CONFIRMATIONS) -> Market:
        return Market(Node(self.web3, confirmations), self.made.market.address)

    def endpoint(self, seat: int) -> str:
        """The folder that an operator has announced."""
        return str(self.folder / f"results {seat}")

    @property
    def documents(self) -> TaskDocuments:
        roster = tuple(client.identity() for client in self.clients)
        return TaskDocuments(make_manifest(KEY), roster)


@dataclass
class HostedSale:
    """One task, with what its parties hold."""

    hosts: Hosts
    task: Task
    documents: TaskDocuments
    uploads: Store
    published: PublicationFolder
    entries: list[Entry] = field(default_factory=list)
    artifacts: list[bytes] = field(default_factory=list)
    """The encrypted model of each entry."""
    models: list[Model] = field(default_factory=list)
    """The entries, as the steps of a sale take them."""

    @property
    def abi_task(self) -> AbiTask:
        return AbiTask(*self.task.to_abi())

    @property
    def domain(self) -> Domain:
        return self.hosts.steps.domain

    @property
    def task_id(self) -> bytes:
        return self.task.id(self.domain)

    def provider(self, confirmations: int = CONFIRMATIONS, secret: bytes = KEY) -> TestSetRelease:
        sources = SubmissionSources(Store(f"{self.published.url}/held"), (), QUICK, local=True)
        return TestSetRelease(
            self.hosts.market(confirmations), self.published, sources, secret, _random()
        )

    def operator(self, seat: int, **options: Any) -> Operator:
        hosts = self.hosts
        return Operator(
            market=hosts.market(),
            sources=SubmissionSources(STORE, (), QUICK, local=True),
            enclave=hosts.clients[seat],
            sender=hosts.senders[seat],
            results=self.results(seat),
            **options,
        )

    def enter(self, model: bytes, secret: bytes, min_price: int = 0) -> None:
        """Let a developer prepare an entry; it is not committed yet."""
        roster, salt = self.documents.roster, word(f"salt {len(self.entries)}")
        entry, artifact = prepare_submission(
            model, self.task, roster, self.domain, accounts[8].address, min_price, secret, salt
        )
        self.entries.append(entry)
        self.artifacts.append(artifact)
        self.models.append(
            Model(
                developer=entry.developer,
                submission=Submission(*entry.submission.to_abi()),
                keyring_digest=entry.keyring_digest,
                salt=entry.salt,
                uri=self.uploads.url,
                envelope=entry.envelope,
            )
        )

    def results(self, seat: int) -> ResultsFolder:
        """Where an operator publishes."""
        return ResultsFolder(self.hosts.endpoint(seat))

    def stage(self) -> int:
        return self.hosts.market().stage(self.task_id)

    def feed(self, *seats: int) -> None:
        """Lets enclaves measure, and nobody post."""
        for seat in seats:
            operator = self.operator(seat)
            while not self._is_measured(operator.enclave):
                list(operator.step())
                time.sleep(0.01)

    def _is_measured(self, client: EnclaveClient) -> bool:
        try:
            return client.status(RunId(self.task_id, 0)).stage is RunStage.MEASURED
        except InvalidRequest:
            return False

    def reports(self) -> list[Any]:
        """The logs of all that were ever posted."""
        event, only = self.hosts.market().contract.events.ReportPosted, {"task_id": self.task_id}
        return list(event.get_logs(from_block=0, argument_filters=only))


def _random() -> Callable[[int], bytes]:
    counter = count()
    return lambda size: word(f"random {next(counter)}")[:size]


@contextmanager
def run_hosts(folder: Path, tools_of: Callable[[int], Tools] = lambda _: TOOLS) -> Iterator[Hosts]:
    """Deploys, serves, attests, stakes and registers; each seat may have tools of its own."""
    made = deploy(accounts[0], load("development", live=False), Console(file=StringIO()))
    bring_documents(made.verifier.address, accounts[0].address, Console(file=StringIO()))
    web3 = Web3(HTTPProvider(brownie_web3.provider.endpoint_uri))
    with ExitStack() as stack:
        clients, senders = [], []
        for seat, enclave in enumerate(enclaves(3 * QUORUM + 1)):
            url = stack.enter_context(served(enclave, folder, tools_of(seat), f"machine {seat}"))
            clients.append(stack.enter_context(EnclaveClient(url)))
            senders.append(NodeSender(web3, accounts[seat + 1].address))
        market = Market(Node(web3, 0), made.market.address)
        attested = [
            register(market, made.verifier.address, client, sender)
            for client, sender in zip(clients, senders, strict=True)
        ]
        (program,) = set(attested)
        named = measurement(made.verifier.address, program)
        hosts = Hosts(made, web3, folder, clients, senders, named)
        functions = Registry(market.node, market.registry).contract.functions
        for seat, sender in enumerate(senders):
            sender.send(functions.announce(hosts.endpoint(seat)))
        yield hosts


def register(market: Market, verifier: str, client: EnclaveClient, sender: NodeSender) -> bytes:
    """Stakes and registers an operator's enclave; gives its program."""
    registry = Registry(market.node, market.registry)
    functions = registry.contract.functions
    sender.send(functions.stake(), 2 * ETHER)
    evidence = attest(client, registry, Verifier(market.node, verifier), sender.address)
    keys = evidence.entry.to_abi()
    sender.send(functions.register_enclave(verifier, evidence.packed, *keys, evidence.block_number))
    return evidence.verified.program


def open_sale(hosts: Hosts, models: Sequence[bytes], **terms: Any) -> HostedSale:
    """A task, with other terms if they are given, and models that are committed to it."""
    documents, start, nonce = hosts.documents, now(), next(hosts.nonces)
    task = replace(
        make_task(documents.roster, documents.manifest),
        provider=accounts[0].address,
        measurement=hosts.measurement,
        quorum=QUORUM,
        min_stake=ETHER,
        nonce=nonce,
        commit_deadline=start + DAY,
        reveal_deadline=start + 2 * DAY,
        report_deadline=start + 4 * DAY,
        dispute_window=DAY,
        verdict_window=2 * DAY,
        claim_window=3 * DAY,
        **terms,
    )
    folder = hosts.folder / f"sale {nonce}"
    sale = HostedSale(
        hosts, task, documents, Store(str(folder / "up")), PublicationFolder(str(folder))
    )
    test_set = STORE.fetch_bytes(documents.manifest.test_set.artifact_digest, 10**6)
    Store(sale.published.url).put_bytes(test_set)
    sale.published.put_documents(sale.task_id, documents)
    create(sale, sale.published.url)
    for index, model in enumerate(models):
        sale.enter(model, word(f"key {index} of {nonce}"))
    hosts.steps.commit(sale.abi_task, *sale.models)
    return sale


def create(sale: HostedSale, uri: str) -> None:
    """Create the task; its event has the URI."""
    create_task, terms = sale.hosts.made.market.create_task, sale.abi_task
    create_task(terms, uri, {"from": sale.task.provider, "value": terms.escrow()})


def close_sale(sale: HostedSale, unpublished: Sequence[int] = ()) -> None:
    """Everybody reveals, and the reveals are closed; some artifacts are nowhere."""
    close_sales([sale], unpublished)


def close_sales(sales: Sequence[HostedSale], unpublished: Sequence[int] = ()) -> None:
    """Close sales that were opened one right after another; see `close_sale`."""
    for sale in sales:
        publish(sale, unpublished)
        sale.hosts.steps.reveal(sale.abi_task, *enumerate(sale.models))
    for sale in sales:
        sale.hosts.steps.close(sale.abi_task)


def publish(sale: HostedSale, unpublished: Sequence[int] = ()) -> None:
    """Let developers publish, all but some of the artifacts."""
    for index, (entry, artifact) in enumerate(zip(sale.entries, sale.artifacts, strict=True)):
        if index not in unpublished:
            sale.uploads.put_bytes(artifact)
        keyring = Path(sale.uploads.url) / entry.keyring_digest.hex()
        keyring.parent.mkdir(parents=True, exist_ok=True)
        keyring.write_bytes(entry.keyring)


def mine(blocks: int = CONFIRMATIONS) -> None:
    """Confirms what is on the chain."""
    rpc("anvil_mine", hex(blocks))
