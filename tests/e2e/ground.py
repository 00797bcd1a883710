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

from brownie import web3 as brownie_web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.attestation.programs import measurement
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.transactions import NodeSender
from offchain.chain.verifier import Verifier
from offchain.developer.preparation import PreparedSubmission, prepare_submission
from offchain.operator.client import EnclaveClient
from offchain.operator.operator import Operator
from offchain.operator.registration import attest
from offchain.protocol import hashes
from offchain.protocol.errors import InvalidRequest
from offchain.protocol.messages import RunId, RunStage
from offchain.protocol.task import Task
from offchain.provider.key_release import TestSetRelease
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources
from scripts.deploy import deploy
from scripts.lib.settings import load
from tests.offchain.enclave.service.served import served
from tests.offchain.market import STORE, enclaves, make_manifest, make_task
from tests.unit.chain import now, rpc
from tests.vectors.generate import word

ETHER = 10**18
DAY = 86_400
QUORUM = 2
KEY = word("test set")
CONFIRMATIONS = 3
QUICK = RetryPolicy(seconds=5, attempts=1)


@dataclass
class Ground:
    """What all tests share."""

    made: Any
    web3: Web3
    folder: Path
    clients: list[EnclaveClient]
    senders: list[NodeSender]
    measurement: bytes
    nonces: Iterator[int] = field(default_factory=count)
    """No task is like one of an earlier test, which the enclaves remember."""

    def market(self, confirmations: int = CONFIRMATIONS) -> Market:
        return Market(Node(self.web3, confirmations), self.made.market.address)

    @property
    def documents(self) -> TaskDocuments:
        roster = tuple(client.identity() for client in self.clients)
        return TaskDocuments(make_manifest(KEY), roster)


@dataclass
class Sale:
    """One task, with what its parties hold."""

    ground: Ground
    task: Task
    documents: TaskDocuments
    uploads: Store
    published: PublicationFolder
    entries: list[PreparedSubmission]

    @property
    def task_id(self) -> bytes:
        return self.task.id(self.ground.market().domain)

    def provider(self, confirmations: int = CONFIRMATIONS, secret: bytes = KEY) -> TestSetRelease:
        sources = SubmissionSources(Store(f"{self.published.url}/held"), (), QUICK, local=True)
        return TestSetRelease(
            self.ground.market(confirmations), self.published, sources, secret, _random()
        )

    def operator(self, seat: int, *peers: int, **options: Any) -> Operator:
        ground = self.ground
        return Operator(
            market=ground.market(),
            folder=self.published,
            sources=SubmissionSources(STORE, (), QUICK, local=True),
            enclave=ground.clients[seat],
            peers=tuple(ground.clients[peer] for peer in peers),
            sender=ground.senders[seat],
            results=self.results(seat),
            **options,
        )

    def results(self, seat: int) -> ResultsFolder:
        """Where an operator publishes."""
        return ResultsFolder(str(self.ground.folder / f"results {seat}"))

    def stage(self) -> int:
        return self.ground.market().stage(self.task_id)

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
        event, only = self.ground.market().contract.events.ReportPosted, {"task_id": self.task_id}
        return list(event.get_logs(from_block=0, argument_filters=only))


def _random() -> Callable[[int], bytes]:
    counter = count()
    return lambda size: word(f"random {next(counter)}")[:size]


@contextmanager
def lay(accounts: Any, folder: Path) -> Iterator[Ground]:
    """Deploys, serves, attests, stakes and registers."""
    made = deploy(accounts[0], load("development", live=False), Console(file=StringIO()))
    web3 = Web3(HTTPProvider(brownie_web3.provider.endpoint_uri))
    with ExitStack() as stack:
        clients, senders = [], []
        for seat, enclave in enumerate(enclaves(3 * QUORUM + 1)):
            url = stack.enter_context(served(enclave, folder, machine=f"machine {seat}"))
            clients.append(stack.enter_context(EnclaveClient(url)))
            senders.append(NodeSender(web3, accounts[seat + 1].address))
        market = Market(Node(web3, 0), made.market.address)
        attested = [
            register(market, made.verifier.address, client, sender)
            for client, sender in zip(clients, senders, strict=True)
        ]
        (program,) = set(attested)
        yield Ground(
            made, web3, folder, clients, senders, measurement(made.verifier.address, program)
        )


def register(market: Market, verifier: str, client: EnclaveClient, sender: NodeSender) -> bytes:
    """Stakes and registers an operator's enclave; gives its program."""
    registry = Registry(market.node, market.registry)
    functions = registry.contract.functions
    sender.send(functions.stake(), 2 * ETHER)
    evidence = attest(client, registry, Verifier(market.node, verifier), sender.address)
    keys = evidence.entry.to_abi()
    sender.send(functions.register_enclave(verifier, evidence.packed, *keys, evidence.block_number))
    return evidence.verified.program


def open_sale(ground: Ground, accounts: Any, models: Sequence[bytes]) -> Sale:
    """A task, and models that are committed to it."""
    documents, start, nonce = ground.documents, now(), next(ground.nonces)
    task = replace(
        make_task(documents.roster, documents.manifest),
        provider=accounts[0].address,
        measurement=ground.measurement,
        quorum=QUORUM,
        min_stake=ETHER,
        nonce=nonce,
        commit_deadline=start + DAY,
        reveal_deadline=start + 2 * DAY,
        report_deadline=start + 4 * DAY,
        dispute_window=DAY,
        verdict_window=2 * DAY,
        claim_window=3 * DAY,
    )
    folder = ground.folder / f"sale {nonce}"
    sale = Sale(
        ground, task, documents, Store(str(folder / "up")), PublicationFolder(str(folder)), []
    )
    sale.published.put_documents(sale.task_id, documents)
    market, domain = ground.market().contract, ground.market().domain
    escrow = task.budget + task.benchmark_fee
    NodeSender(ground.web3, task.provider).send(market.functions.create_task(task.to_abi()), escrow)
    for index, model in enumerate(models):
        developer = accounts[8].address
        secret, salt = word(f"key {index} of {nonce}"), word(f"salt {index}")
        entry = prepare_submission(
            model, task, documents.roster, domain, developer, 0, secret, salt
        )
        commitment = _commitment(sale, developer, entry)
        NodeSender(ground.web3, developer).send(
            market.functions.commit_model(sale.task_id, commitment)
        )
        sale.entries.append(entry)
    return sale


def _commitment(sale: Sale, developer: str, entry: PreparedSubmission) -> bytes:
    domain, submission = sale.ground.market().domain, entry.submission.digest()
    return hashes.commitment(
        domain.chain_id, domain.market, sale.task_id, developer, submission, entry.salt
    )


def close_sale(sale: Sale, accounts: Any, unpublished: Sequence[int] = ()) -> None:
    """Everybody reveals, and the reveals are closed; some artifacts are nowhere."""
    close_sales([sale], accounts, unpublished)


def close_sales(sales: Sequence[Sale], accounts: Any, unpublished: Sequence[int] = ()) -> None:
    """As `close_sale`, of sales that were opened one right after another."""
    rpc("evm_mine", sales[-1].task.commit_deadline)
    for sale in sales:
        _reveal(sale, accounts, unpublished)
    rpc("evm_mine", sales[-1].task.reveal_deadline)
    for sale in sales:
        market, sender = sale.ground.market().contract, accounts[8].address
        NodeSender(sale.ground.web3, sender).send(market.functions.close_reveals(sale.task_id))


def _reveal(sale: Sale, accounts: Any, unpublished: Sequence[int]) -> None:
    market = sale.ground.market().contract
    sender = NodeSender(sale.ground.web3, accounts[8].address)
    for index, entry in enumerate(sale.entries):
        if index not in unpublished:
            sale.uploads.put_bytes(entry.artifact)
        keyring = Path(sale.uploads.url) / entry.keyring_digest.hex()
        keyring.parent.mkdir(parents=True, exist_ok=True)
        keyring.write_bytes(entry.keyring)
        sender.send(
            market.functions.reveal_model(
                sale.task_id,
                index,
                entry.submission.to_abi(),
                entry.keyring_digest,
                entry.salt,
                sale.uploads.url,
            )
        )


def mine(blocks: int = CONFIRMATIONS) -> None:
    """Confirms what is on the chain."""
    rpc("anvil_mine", hex(blocks))
