"""A developer of a hosted sale by the project's commands, and reports that the test signs itself.

Real models go through the real check; the enclaves measure nothing here. A report's signatures are
made with the keys of the roster's enclaves, its results by the enclaves' own function.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from brownie import accounts

from offchain.chain.history import History
from offchain.chain.packing import by_signer
from offchain.chain.registry import Registry
from offchain.cli import developer_options, sell
from offchain.cli import entry as entries
from offchain.cli.session import Session
from offchain.developer.selling import Selling
from offchain.operator.posting import report_terms
from offchain.protocol.encoding import ZERO_ADDRESS, to_json
from offchain.protocol.manifest import Manifest
from offchain.protocol.messages import Signed
from offchain.protocol.pricing import Award, Knot
from offchain.protocol.reports import Cosignature, Report, sign
from offchain.protocol.results import Result, Results, make_results
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import PublicationFolder, ResultsFolder
from offchain.storage.store import Store
from tests.anvil import at, now, rpc
from tests.e2e.hosts import DAY, ETHER, KEY, QUORUM, HostedSale, Hosts, create
from tests.offchain.enclave.models.onnx_files import two_classes
from tests.offchain.market import enclaves, make_task

GWEI = 10**9
BOND, FEE = 40_000_000 * GWEI, 10_000_000 * GWEI
HOUR = 3_600


def address_book(
    hosts: Hosts, folder: Path, rpc_url: str | None = None, name: str = "local"
) -> Path:
    """Write the address book of a network into a folder of address books; return the folder."""
    made = hosts.made
    book = {
        "chain_id": 31337,
        "block": 0,
        "rpc": rpc_url or hosts.web3.provider.endpoint_uri,
        "market": made.market.address,
        "registry": made.registry.address,
        "verifier": made.verifier.address,
        "policy": made.policy.address,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(book))
    return folder


def open_task(
    hosts: Hosts, token: str = ZERO_ADDRESS, manifest: Manifest | None = None, **terms: Any
) -> HostedSale:
    """A task that pays up to an ether, or a million units of a token, with its documents."""
    documents, start, nonce = hosts.documents, now(), next(hosts.nonces)
    if manifest is not None:
        documents = replace(documents, manifest=manifest)
    unit = ETHER if token == ZERO_ADDRESS else 10**6
    task = replace(
        make_task(documents.roster, documents.manifest),
        provider=accounts[0].address,
        token=token,
        budget=2 * unit,
        benchmark_fee=unit // 10,
        max_awards=2,
        measurement=hosts.measurement,
        quorum=QUORUM,
        min_stake=ETHER,
        nonce=nonce,
        commit_bond=BOND,
        entry_fee=FEE,
        curve=(Knot(500_000, unit // 10), Knot(1_000_000, unit)),
        commit_deadline=start + DAY,
        reveal_deadline=start + 2 * DAY,
        report_deadline=start + 4 * DAY,
        dispute_window=DAY,
        verdict_window=2 * DAY,
        claim_window=3 * DAY,
    )
    task = replace(task, **terms)
    folder = hosts.folder / f"sale {nonce}"
    published = PublicationFolder(str(folder))
    sale = HostedSale(hosts, task, documents, Store(str(folder / "up")), published)
    sale.published.put_documents(sale.task_id, documents)
    create(sale, sale.published.url)
    return sale


def wait_until(time: int) -> None:
    """Mine a block at a time, unless it has passed."""
    if time > now():
        at(time)
    rpc("evm_mine")


@dataclass
class Developer:
    """A developer with one model, whose steps the test takes."""

    sale: HostedSale
    folder: Path
    options: Sequence[str] = ()
    account: int = 8
    model: bytes = field(default_factory=two_classes)
    said: list[str] = field(default_factory=list)

    @property
    def line(self) -> list[str]:
        """The arguments of `golden-grain sell`."""
        target = self.folder / "model.onnx"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_bytes(self.model)
        return [
            *(str(target), "--task", "0x" + self.sale.task_id.hex(), "--min-price"),
            *("0.2 ether" if self.sale.task.token == ZERO_ADDRESS else "0.2 PLAIN",),
            *("--network", "local", "--account", accounts[self.account].address, "--yes"),
            *("--home", str(self.folder / "home"), "--poll", "0.05", *self.options),
        ]

    @property
    def results_folder(self) -> Path:
        """The URI that an operator that signs has announced."""
        return Path(self.sale.hosts.endpoint(0))

    def arguments(self) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        sell.add(parser)
        return parser.parse_args(self.line)

    def start(self, stack: ExitStack) -> Selling:
        """All of `golden-grain sell` up to its first step; the lock is held by the stack."""
        arguments = self.arguments()
        here = Session.of(arguments)
        uploads = developer_options.uploads_of(here, arguments)
        files = stack.enter_context(entries.entry_files(here, arguments))
        offer = entries.offer_of(here, arguments, files.documents())
        made = entries.prepared(here, arguments, files, offer, _random)
        bond = arguments.highest_bond
        return entries.selling_of(here, arguments, files, offer, made, uploads, bond)


def _random(size: int) -> bytes:
    return np.random.default_rng().bytes(size)


def step(selling: Selling, times: int = 1) -> list[str]:
    """Take steps; return what was said."""
    return [line for _ in range(times) for line in selling.step()]


# ── Reports ──


def transcript_of(sale: HostedSale) -> Transcript:
    market = sale.hosts.market(0)
    return market.transcript(market.history(sale.task_id), sale.documents.roster)


def results_of(sale: HostedSale, results: Sequence[Result], chosen: Sequence[int] = ()) -> Results:
    return make_results(sale.task_id, transcript_of(sale).leaves, KEY, results, chosen)


def report_of(
    sale: HostedSale, results: Results, *awards: Award, panel: bool = False
) -> tuple[Report, list[Cosignature]]:
    """A report with the signatures of a quorum, or of a panel; its inventory is everything."""
    transcript = transcript_of(sale)
    inventory = transcript.inventory_digest(list(transcript.by_index))
    choices = tuple(award.index for award in awards)
    report = Report(
        sale.task_id, int(panel), transcript.seed, inventory, results.root(), choices, awards
    )
    market = sale.hosts.market(0)
    registry, digest = Registry(market.node, market.registry), report.digest(market.domain)
    made, seats = enclaves(len(sale.documents.roster)), slice(QUORUM)
    if panel:
        seats = slice(QUORUM, 3 * QUORUM + 1)
    signatures = []
    for enclave in made[seats]:
        known = registry.registered(enclave.identity.signing_key, sale.task.measurement)
        signatures.append(sign(digest, enclave._signing_key, known.platform))
    return report, by_signer(digest, signatures)


def post(
    sale: HostedSale, results: Sequence[Result], *awards: Award, into: Path | None = None
) -> Report:
    """Post a report; write its results file into a folder."""
    made = results_of(sale, results)
    report, signatures = report_of(sale, made, *awards)
    sale.hosts.made.market.post_report(
        *report_terms(sale.task, sale.domain),
        [entry.to_abi() for entry in sale.documents.roster],
        *report.to_abi()[3:],
        [each.to_abi() for each in signatures],
        {"from": accounts[0]},
    )
    if into is not None:
        ResultsFolder(str(into)).put(report, made)
    return report


def panel_signatures(
    sale: HostedSale, results: Sequence[Result], *awards: Award, folder: Path
) -> None:
    """Write what the seats of a panel sign, as their operators would publish it."""
    verdict, signatures = report_of(sale, results_of(sale, results), *awards, panel=True)
    folder.mkdir()
    for seat, signature in enumerate(signatures):
        (folder / f"{seat}.json").write_bytes(to_json(Signed(verdict, signature, None)))


def resolve(sale: HostedSale, results: Sequence[Result], *awards: Award, into: Path) -> Report:
    """Post a panel's verdict."""
    made, history = results_of(sale, results), history_of(sale)
    verdict, signatures = report_of(sale, made, *awards, panel=True)
    sale.hosts.made.market.resolve_dispute(
        sale.task.to_abi(),
        [entry.to_abi() for entry in sale.documents.roster],
        history.report(sale.task_id).to_abi(),
        [signer.to_abi() for signer in history.posted.signers],
        history.challenger,
        verdict.to_abi(),
        [each.to_abi() for each in signatures],
        {"from": accounts[0]},
    )
    ResultsFolder(str(into)).put(verdict, made)
    return verdict


def history_of(sale: HostedSale) -> History:
    """The history in the latest block."""
    return sale.hosts.market(0).history(sale.task_id)
