"""A sale step by step, from the task to its settlement."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from brownie import accounts
from rich.table import Table

from offchain.enclave.models.runner import RunLimits, run_model
from offchain.protocol import metrics
from offchain.protocol.hashes import signed as signed_digest
from offchain.protocol.messages import Posted, Signed
from offchain.protocol.passes import order
from offchain.protocol.pricing import Award, Knot, payout_words
from offchain.protocol.reports import Cosignature, Report, by_signer
from offchain.protocol.results import Result
from offchain.protocol.sample import draw_sample
from offchain.protocol.task import Task, roster_digest
from offchain.protocol.transcript import Transcript
from scripts.lib.acts.operators import HonestOperator, Operator, measure
from scripts.lib.acts.roles import Developer, read_transcript
from scripts.lib.acts.stage import ETHER, QUORUM, Stage, ether
from scripts.lib.local_chain import now, send, warp

HOUR = 3_600
DAY = 24 * HOUR
"""The bits of the index in an award."""


@dataclass
class Sale:
    """A task whose reveals are closed."""

    task: Task
    developers: list[Developer]
    transcript: Transcript

    @property
    def id(self) -> bytes:
        return self.transcript.task_id


@dataclass(frozen=True)
class Standing:
    """The report that stands, as later calls have to name it; an overturned one has no signers."""

    sale: Sale
    report: Report
    signers: tuple[tuple[str, str, bytes], ...] = ()
    cosignatures: tuple[Cosignature, ...] = ()

    @property
    def digest(self) -> bytes:
        return self.report.digest(self.sale.transcript.domain)

    @property
    def payouts(self) -> list[int]:
        return payout_words(self.sale.task.curve, self.report.awards)

    @property
    def prices(self) -> dict[int, int]:
        """The price of each awarded submission, by index."""
        return {Award.of_payout(payout).index: payout % 2**128 for payout in self.payouts}


def open_sale(stage: Stage, developers: list[Developer], silent: Sequence[str] = ()) -> Sale:
    """From the task to its seed."""
    start, market, provider = now(), stage.market, stage.provider
    task = Task(
        provider=provider.account.address,
        token="0x" + 40 * "0",
        budget=6 * ETHER,
        benchmark_fee=ETHER // 5,
        max_awards=2,
        benchmark=stage.manifest.digest(),
        measurement=stage.operators[0].measurement,
        roster=roster_digest(stage.roster),
        quorum=QUORUM,
        tolerance=2_000,
        min_stake=ETHER // 2,
        delivery_key=provider.delivery_key(),
        max_submissions=20,
        commit_bond=ETHER // 100,
        entry_fee=ETHER // 1000,
        commit_deadline=start + HOUR,
        reveal_deadline=start + 7 * HOUR,
        report_deadline=start + 31 * HOUR,
        dispute_window=DAY,
        verdict_window=DAY,
        claim_window=DAY,
        nonce=secrets.randbits(64),
        curve=(Knot(850_000, ETHER), Knot(1_000_000, 3 * ETHER)),
    )
    escrow = task.budget + task.benchmark_fee
    receipt = send(market.create_task, task.to_abi(), "", account=provider.account, value=escrow)
    stage.done(f"provider escrowed {ether(escrow)} for at most {task.max_awards} models", receipt)
    for each in developers:
        receipt = each.commit(market, task, stage.roster, stage.domain)
        stage.done(f"{each.name} committed, {ether(task.commit_bond + task.entry_fee)}", receipt)
    warp(task.commit_deadline)
    for each in developers:
        if each.name not in silent:
            receipt = each.reveal(market, task.id(stage.domain), stage.store)
            stage.done(f"{each.name} revealed, {ether(task.commit_bond)} back", receipt)
    warp(task.reveal_deadline)
    receipt = send(market.close_reveals, task.id(stage.domain), account=accounts[0])
    stage.done(f"reveals closed, seed {receipt.return_value.hex()[:12]}…", receipt)
    return Sale(task, developers, read_transcript(market, task, stage.roster, stage.domain))


def benchmark(
    stage: Stage, sale: Sale, judges: Sequence[HonestOperator], posted: Posted | None = None
) -> list[Signed]:
    """Release the test set, let every enclave measure for itself, and let all of them co-sign."""
    entries = {each.index: each.entry for each in sale.developers if each.entry is not None}
    bundles = [
        replace(
            stage.provider.release(sale.transcript, stage.manifest, entries, judge.entry),
            posted=posted,
        )
        for judge in judges
    ]
    count = len(sale.transcript.by_index)
    stage.say(f"  {len(judges)} enclaves measure {count} submissions each, behind their services")
    return measure(judges, bundles)


def post(
    stage: Stage,
    sale: Sale,
    report: Report,
    cosignatures: Sequence[Cosignature],
    judges: Sequence[Operator],
) -> Standing:
    """Put a report on record; it stands unless it is disputed."""
    ordered = by_signer(report.digest(stage.domain), cosignatures)
    receipt = send(
        stage.market.post_report,
        sale.task.to_abi(),
        [entry.to_abi() for entry in stage.roster],
        report.to_abi(),
        [each.to_abi() for each in ordered],
        account=judges[0].account,
    )
    names = " and ".join(judge.name for judge in judges)
    stage.done(f"{names} posted a report, awards: {len(report.awards)}", receipt)
    signers = ((judge.entry.signing_key, judge.account.address, judge.platform) for judge in judges)
    by_key = sorted(signers, key=lambda signer: int(signer[0], 16))
    return Standing(sale, report, tuple(by_key), tuple(ordered))


def table(stage: Stage, standing: Standing, signed: Signed) -> None:
    """Every submission, its score, and its award or the reason for none."""
    made = Table(title="Submissions")
    for column in ("index", "developer", "score", "award"):
        made.add_column(column, no_wrap=True)
    results = {entry.result.index: entry.result for entry in signed.file.entries}
    for each in sorted(standing.sale.developers, key=lambda developer: developer.index):
        result = results.get(each.index)
        score = "" if result is None or result.score is None else f"{result.score:,}"
        made.add_row(str(each.index), each.name, score, _award(standing, each, result))
    stage.console.print(made)


def _award(standing: Standing, each: Developer, result: Result | None) -> str:
    if result is None:
        return "not revealed: bond forfeited"
    if result.reason is not None:
        return f"none: {result.reason}"
    if each.index in standing.prices:
        return ether(standing.prices[each.index])
    if each.min_price > standing.sale.task.budget:
        return f"none: asks {ether(each.min_price)}"
    return "none: adds too little"


def claim_all(stage: Stage, standing: Standing) -> dict[int, bytes]:
    """Each awarded developer delivers and is paid; the envelopes published, by index."""
    task, signed = standing.sale.task, signed_digest(standing.digest, standing.signers)
    envelopes = {}
    for award, index in enumerate(standing.prices):
        (developer,) = (each for each in standing.sale.developers if each.index == index)
        before = developer.account.balance()
        receipt = developer.claim(stage.market, task, award, standing.payouts, signed)
        paid = developer.account.balance() - before
        stage.done(f"{developer.name} delivered and was paid {ether(paid)}", receipt)
        envelopes[index] = bytes(receipt.events["AwardClaimed"][0]["envelope"])
    return envelopes


def measure_again(
    stage: Stage, standing: Standing, signed: Signed, envelopes: dict[int, bytes]
) -> None:
    """The provider opens what it bought and measures it on the same sample."""
    transcript, manifest = standing.sale.transcript, stage.manifest
    hidden = stage.data.hidden
    drawn = draw_sample(transcript.seed, manifest, hidden.targets)
    sample = hidden.rows(drawn[order(transcript.seed, 1, len(drawn))])
    scores = {entry.result.index: entry.result.score for entry in signed.file.entries}
    for index, envelope in envelopes.items():
        submission = transcript.by_index[index].submission
        model = stage.provider.open(standing.sale.id, submission, envelope)
        predictions = run_model(
            model, sample.inputs, manifest.model, manifest.limits, RunLimits(), index
        )
        score = metrics.score(manifest.metric, sample.targets, predictions.optimised)
        if score != scores[index]:
            raise RuntimeError(f"submission {index} scores {score}, expected {scores[index]}")
        stage.say(f"  provider opened submission {index}: score {score:,}, as paid for")


def settle(stage: Stage, standing: Standing) -> None:
    """End the task; the provider gets back what was not claimed."""
    provider = stage.provider.account
    before = provider.balance()
    receipt = send(
        stage.market.settle,
        standing.sale.task.to_abi(),
        standing.payouts,
        standing.digest,
        standing.signers,
        account=provider,
    )
    fee = "the fee to the signers" if standing.signers else "the fee with it"
    refund = provider.balance() - before
    stage.done(f"settled: {ether(refund)} back to the provider, {fee}", receipt)
