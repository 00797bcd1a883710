"""A provider's task as its commands find it again: keys, folders, and the tools made from them."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from offchain.chain.history import History
from offchain.chain.refusals import Refused
from offchain.cli import common, session
from offchain.cli.units import Currency, format_score
from offchain.enclave.benchmark import Run
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.protocol.errors import StorageError
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, artifact_bytes
from offchain.protocol.task import Task
from offchain.provider.creation import (
    DELIVERY_KEY,
    DRAFT,
    PUBLISHED,
    TEST_SET_KEY,
    Draft,
    open_test_set,
)
from offchain.provider.key_release import TestSetRelease
from offchain.provider.opening import Delivery, ModelOpening
from offchain.storage.files import write_bytes
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import PublicationFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import SubmissionSources


def add(parser: argparse.ArgumentParser, *, out: bool = True) -> None:
    """Declare the arguments of stores, and of the folder for what is bought."""
    parser.add_argument("--store", help="folder or URL that keeps fetched files (under --home)")
    parser.add_argument("--mirror", action="append", default=[], help="another store to try")
    common.add_fetching(parser)
    if out:
        parser.add_argument(
            "--out", type=Path, default=Path("bought"), help="folder for models (%(default)s)"
        )
        parser.add_argument(
            "--unconfined", action="store_true", help="run bought models without a sandbox"
        )


def sources_of(here: session.Session, arguments: argparse.Namespace) -> SubmissionSources:
    """Return the stores of submissions that the arguments of `add` name."""
    return SubmissionSources(
        keep=Store(arguments.store or str(here.files / "fetched")),
        mirrors=tuple(Store(url) for url in arguments.mirror),
        patience=RetryPolicy(arguments.fetch_seconds, attempts=2, total=arguments.fetch_total),
        local=here.local_uris,
        threads=arguments.threads,
    )


@dataclass(frozen=True)
class Purchase:
    """A task of this provider.

    Args:
        here: the session.
        task_id: bytes32.
        draft: task and documents.
        private: folder of its keys.
        arguments: of `add`.
    """

    here: session.Session
    task_id: bytes
    draft: Draft
    private: PrivateFolder
    arguments: argparse.Namespace

    @classmethod
    def of(cls, here: session.Session, task_id: bytes, arguments: argparse.Namespace) -> "Purchase":
        """Find a task that this machine created.

        Raises:
            Refused: its folder is not there.
        """
        private = here.private(task_id)
        draft = private.read_value(Draft, DRAFT)
        if draft is None:
            raise Refused(
                f"{private.path / DRAFT} is missing, expected the folder of a task that "
                "`golden-grain create` or `buy` made: bring it back from your backup"
            )
        return cls(here, task_id, draft, private, arguments)

    @property
    def task(self) -> Task:
        """The task."""
        return self.draft.task

    @property
    def documents(self) -> TaskDocuments:
        """The documents of the task."""
        return self.draft.documents

    @property
    def secret(self) -> bytes | None:
        """The test set's key, or None if it is lost."""
        secret = self.private.read(TEST_SET_KEY)
        commitment = self.documents.manifest.test_set.key_commitment
        return secret if secret and key_commitment(secret[:32]) == commitment else None

    @property
    def folder(self) -> PublicationFolder:
        """The folder that the provider publishes, as the creation of the task remembers it.

        Raises:
            Refused: it was not remembered.
        """
        path = self.private.read(PUBLISHED)
        if path is None:
            raise Refused(f"{self.private.path / PUBLISHED} is missing: write your folder into it")
        return PublicationFolder(path.decode())

    @property
    def sources(self) -> SubmissionSources:
        """The stores of submissions."""
        return sources_of(self.here, self.arguments)

    def release(self, random: Callable[[int], bytes]) -> TestSetRelease | None:
        """Return the tool that releases the test set, or None if its key is lost."""
        secret = self.secret
        if secret is None:
            return None
        return TestSetRelease(self.here.market, self.folder, self.sources, secret, random)

    def opening(self) -> ModelOpening:
        """Return the tool that opens what was bought.

        Raises:
            Refused: the private delivery key is lost.
        """
        private = self.private.read(DELIVERY_KEY)
        if private is None:
            raise Refused(
                f"{self.private.path / DELIVERY_KEY} is missing: without it no model of this task "
                "can be opened. Bring it back from your backup"
            )
        return ModelOpening(
            self.here.market.domain,
            self.task_id,
            self.documents.manifest,
            private,
            self.sources,
            self.arguments.out,
        )

    def samples(self) -> Samples | None:
        """Return the whole test set, or None if it or its key is lost."""
        secret, manifest = self.secret, self.documents.manifest
        if secret is None:
            return None
        digest, limit = manifest.test_set.artifact_digest, artifact_bytes(manifest)
        try:
            artifact = Store(self.folder.url).fetch_bytes(digest, limit)
        except (StorageError, Refused) as error:
            self.here.say(f"warning: the encrypted test set is missing: {error}")
            return None
        return open_test_set(manifest, artifact, secret)

    def run(self) -> Run:
        """Return the function that runs a model as an enclave does."""
        limits = RunLimits(require_sandbox=not self.arguments.unconfined)
        return partial(run_model, run_limits=limits)

    def deliver(self, history: History) -> Iterator[str]:
        """Open what was bought, measure it again, and write a report; yield the result."""
        opened = self.opening().deliver(history, self.samples(), self.run())
        money = self.here.currency(self.task.token)
        lines = [*report_lines(self.task_id, history, opened, money)]
        out: Path = self.arguments.out
        out.mkdir(parents=True, exist_ok=True)
        values = report(self.task_id, history, opened, money)
        write_bytes(out / "report.json", json.dumps(values, indent=2).encode())
        write_bytes(out / "report.txt", ("\n".join(lines) + "\n").encode())
        self.here.say(*lines)
        yield self.here.result(values if self.here.arguments.json else {"report": out})


def report(
    task_id: bytes, history: History, delivery: Delivery, money: Currency
) -> dict[str, object]:
    """Return what was paid for what, in values for a program: scores in ppm, prices as text."""
    return {
        "task": f"0x{task_id.hex()}",
        "ending": history.ending,
        "paid": money.format(sum(each.price for each in delivery.models)),
        "models": [
            {
                "index": each.index,
                "developer": each.developer,
                "price": money.format(each.price),
                "score_paid": each.paid_score,
                "score_whole": each.whole_score,
                "file": None if each.file is None else str(each.file),
                "problem": each.problem,
            }
            for each in delivery.models
        ],
        "team_score_whole": delivery.team_score,
        "unclaimed": {
            str(index): money.format(price) for index, price in delivery.unclaimed.items()
        },
    }


def report_lines(
    task_id: bytes, history: History, delivery: Delivery, money: Currency
) -> Iterator[str]:
    """Yield what was paid for what, in lines for people."""
    yield f"Task 0x{task_id.hex()}: {history.ending or 'not ended yet'}"
    for each in delivery.models:
        whole = "not measured" if each.whole_score is None else format_score(each.whole_score)
        yield (
            f"  model {each.index} of {each.developer}: paid {money.format(each.price)} for score "
            f"{format_score(each.paid_score)} on the sample; on the whole test set {whole}"
        )
        yield f"    {each.problem or each.file}"
    if delivery.team_score is not None:
        yield f"  all of them together, by the mean: {format_score(delivery.team_score)}"
    for index, price in delivery.unclaimed.items():
        yield f"  model {index} was not claimed: {money.format(price)} not spent"
    if not delivery.models:
        yield "  nothing was bought"
