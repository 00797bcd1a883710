"""Parts shared by the commands of a developer: the task's documents, the entry, and its sale."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from web3.exceptions import Web3RPCError

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.refusals import Refused
from offchain.chain.roster_review import Review
from offchain.chain.tokens import balance_of
from offchain.chain.vetting import check_program, review_roster
from offchain.cli import common, failures, units
from offchain.cli.developer_options import sample_of
from offchain.cli.session import Session
from offchain.developer import plans
from offchain.developer.checking import Sample, check
from offchain.developer.entries import EntryFolder
from offchain.developer.judgement import Judgement
from offchain.developer.preparation import Entry
from offchain.developer.publishing import Uploads
from offchain.developer.selling import Lines, Selling
from offchain.developer.state import Choices, Outcome, View, Words, next_time
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.errors import StorageError
from offchain.protocol.manifest import Manifest
from offchain.protocol.reports import Report
from offchain.protocol.results import Results
from offchain.protocol.task import Task
from offchain.storage.publications import PublicationFolder, ResultsFolder, TaskDocuments

LOCAL_POLL, POLL = 1.0, 12.0
"""Seconds between two looks at the chain: at a local one, and at Ethereum's, which has a block
every 12 seconds."""
REMINDER = 3600.0
"""Seconds after which a sale that waits says so again."""
LOOKS = 5
"""How often a step by hand looks at the task while other commands send from the same account."""


# ── A task ──


@dataclass(frozen=True)
class Offer:
    """A task on the chain, with its documents and its token."""

    id: bytes
    history: History
    documents: TaskDocuments
    words: Words
    currency: units.Currency

    @property
    def task(self) -> Task:
        """The terms."""
        return self.history.task

    @property
    def manifest(self) -> Manifest:
        """The rules of the measurement."""
        return self.documents.manifest


def history_of(here: Session, task_id: bytes) -> History:
    """Return a task's history in the latest block.

    Raises:
        Refused: there is no such task.
    """
    latest = Market(replace(here.node, confirmations=0), here.market.contract.address)
    history = latest.history(task_id)
    if history is None:
        raise Refused(
            f"no task 0x{task_id.hex()} on network {here.network.name!r}: "
            "`golden-grain tasks` lists them"
        )
    return history


def documents_of(
    here: Session, history: History, task_id: bytes, folder: str | None
) -> TaskDocuments:
    """Fetch a task's documents and check them against its digests.

    Raises:
        Refused: they are nowhere.
        ValueError: they are malformed, or those of another task.
        OSError: the place does not answer.
    """
    if folder is not None:
        place = PublicationFolder(folder)
    elif history.uri:
        place = PublicationFolder.of_stranger(history.uri, local=here.local_uris)
    else:
        raise Refused("the task names no URI: name where the provider publishes with --folder")
    documents = place.documents(task_id)
    if documents is None:
        raise Refused(f"no documents of task 0x{task_id.hex()} in {place.url}")
    documents.check(history.task)
    return documents


def offer_of(here: Session, arguments: argparse.Namespace, kept: TaskDocuments | None) -> Offer:
    """Return the task that the arguments name; ``kept`` documents need no fetching.

    Errors: see `history_of` and `documents_of`.
    """
    history = history_of(here, arguments.task)
    if kept is None:
        kept = documents_of(here, history, arguments.task, arguments.folder)
    kept.check(history.task)
    token = here.currency(history.task.token)
    words = Words(token.format, units.ETHER.format, units.format_time)
    return Offer(arguments.task, history, kept, words, token)


# ── An entry ──


@contextmanager
def entry_files(here: Session, arguments: argparse.Namespace) -> Iterator[EntryFolder]:
    """Hold the files of the entry that the arguments name.

    Raises:
        BlockingIOError: another process holds them; the message names it.
    """
    name = arguments.entry
    files = EntryFolder(here.private(arguments.task), here.sender.address, name)
    with files.lock():
        yield files


def prepared(
    here: Session,
    arguments: argparse.Namespace,
    files: EntryFolder,
    offer: Offer,
    random: Callable[[int], bytes],
) -> Entry:
    """Return the entry: the one that is kept, or a new one once the developer agrees to the plan.

    A new one is checked, shown, written and synced. Nothing is sent.

    Raises:
        Refused: the roster, the deadline, the balance or the kept entry speak against it, or the
            developer declined.
        ValueError: the model would have no score, or an argument is malformed.
        OSError: a file cannot be read or written.
    """
    entry, task = files.read(), offer.task
    min_price = offer.currency.parse(arguments.min_price)
    model = arguments.model.read_bytes() if entry is None else b""
    if entry is not None:
        if _is_committed(here, entry, offer.history):
            asked = offer.words.amount(entry.submission.min_price)
            here.say(f"goes on with the committed entry in {files.path}, min price {asked}")
            return entry
        _check_kept(entry, files, arguments.model, min_price, offer)
        model = files.model(entry)
    now = next_time(here.market)
    if now >= task.commit_deadline:
        raise Refused(f"commits ended {offer.words.time(task.commit_deadline, now)}")
    review, program = vetted(here, offer)
    score = _checked(here, model, offer.manifest, sample_of(arguments, offer.manifest.model))
    _check_balance(here, offer)
    made = plans.plan(task, offer.manifest, review, program, min_price, score, offer.words, now)
    here.confirm([f"plan for task 0x{offer.id.hex()}, as {here.sender.address}", *made])
    if entry is None:
        files.keep_documents(offer.documents)
        entry = files.prepare(
            model, task, offer.documents.roster, here.market.domain, min_price, random
        )
    here.say(
        f"written: {files.path}",
        f"backup: copy the folder {files.folder.path} to another machine. Without it the model can "
        "be neither revealed nor sold, and the bond is lost",
    )
    return entry


def _checked(here: Session, model: bytes, manifest: Manifest, sample: Sample | None) -> int | None:
    """Say what a check finds; return the score on the developer's own rows, or None without."""
    scores: list[int | None] = []

    def lines() -> Iterator[str]:
        scores.append((yield from check(model, manifest, sample)))

    for line in lines():
        here.say(line)
    return scores[0]


def _check_kept(
    entry: Entry, files: EntryFolder, model: Path, min_price: int, offer: Offer
) -> None:
    """Refuse another model or price than those of the entry that is kept."""
    kept = entry.submission
    if kept.min_price != min_price:
        raise Refused(
            f"{files.path} has a min price of {offer.words.amount(kept.min_price)}, which stays: "
            "name another entry with --entry to sell the model at another price too"
        )
    if model.exists() and model.read_bytes() != files.model(entry):
        raise Refused(
            f"{files.path} holds another model than {model}, and stays: name another entry with "
            "--entry to sell this one too, or bring the former file back"
        )


def _is_committed(here: Session, entry: Entry, history: History) -> bool:
    own = entry.developer, entry.commitment(here.market.domain)
    return own in zip(history.commits, history.commitments, strict=True)


def vetted(here: Session, offer: Offer) -> tuple[Review, str]:
    """Vet those who would measure and could open the model.

    Raises:
        Refused: the program is not allowed, or the roster has faults; the message has them all.
    """
    task = offer.task
    program = check_program(here.registry, task.measurement, here.allow_list)
    review = review_roster(here.market, here.registry, task, offer.documents.roster)
    faults = plans.faults(review)
    if faults:
        raise Refused("\n".join(["do not commit to this task:", *faults]))
    return review, str(program)


def _check_balance(here: Session, offer: Offer) -> None:
    needed = offer.task.commit_bond + offer.task.entry_fee
    held = balance_of(here.node.web3, ZERO_ADDRESS, here.sender.address)
    if held <= needed:
        raise Refused(
            f"{here.sender.address} has {offer.words.ether(held)}, expected more than "
            f"{offer.words.ether(needed)} for bond and entry fee, and the network's fees"
        )


# ── The sale ──


def take_step(selling: Selling, step: Callable[[View], Lines]) -> list[str]:
    """Take a step of a sale by hand; return the lines about it.

    A step rests on the task and the nonce as they were looked up before. When another command of
    the account, or an earlier run, came into a block since then, both are looked up again.

    Raises whatever the step raises.
    """
    for _ in range(LOOKS - 1):
        try:
            return list(step(selling.look()))
        except Web3RPCError as error:
            if "nonce too low" not in str(error):
                raise
    return list(step(selling.look()))


def selling_of(
    here: Session,
    arguments: argparse.Namespace,
    files: EntryFolder,
    offer: Offer,
    entry: Entry,
    uploads: Uploads | None,
    highest_bond: int | None = None,
) -> Selling:
    """Return the sale of an entry."""
    named = [ResultsFolder(each) for each in getattr(arguments, "results", [])]

    def find_results(history: History, report: Report) -> Results | None:
        return find([*named, *announced(here, history)], report)

    return Selling(
        market=here.market,
        sender=here.sender,
        files=files,
        entry=entry,
        documents=offer.documents,
        uploads=uploads,
        judgement=Judgement(
            here.market, files, entry, offer.documents, find_results, offer.words.amount
        ),
        words=offer.words,
        choices=Choices(highest_bond, getattr(arguments, "reveal_anyway", False)),
    )


def announced(here: Session, history: History) -> Iterator[ResultsFolder]:
    """Yield the folders that those who signed the report, or sat on the panel, have announced."""
    signers = () if history.posted is None else history.posted.signers
    panel = () if history.verdict is None else history.verdict.panel
    endpoints = here.registry.endpoints()
    for signer in (*panel, *signers):
        uri = endpoints.get(signer.operator)
        if uri:
            with suppress(ValueError):  # a URI that is not followed
                yield ResultsFolder.of_stranger(uri, local=here.local_uris)


def find(folders: Iterable[ResultsFolder], report: Report) -> Results | None:
    """Return the results of a report from the first folder that has them, or None."""
    for folder in folders:
        try:
            return folder.find(report)
        except (OSError, ValueError):
            continue
    return None


def kept_entry(files: EntryFolder) -> Entry:
    """Return the entry that is kept.

    Raises:
        Refused: there is none.
    """
    entry = files.read()
    if entry is None:
        raise Refused(
            f"no entry in {files.path}, expected the one that `golden-grain commit` wrote: "
            "bring your backup back, or name --account, --entry and --home as you did then"
        )
    return entry


def warn_of_uploads(here: Session, uploads: Uploads) -> None:
    """Say so now if what is published cannot be read by others: the bond depends on it."""
    try:
        uploads.probe()
    except (StorageError, OSError) as error:
        here.say(
            f"warning: what is written to {uploads.place} cannot be read at {uploads.uri} now: "
            f"{error}. Mend it before the reveal, or the bond is lost"
        )


def follow(
    here: Session,
    selling: Selling,
    poll: float | None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Let a sale take its steps until nothing is left to do; say what happens.

    A failure of the node or of a store is said and tried again. Nothing but the end, or a refusal,
    ends this.
    """
    pause = poll or (LOCAL_POLL if here.is_local else POLL)
    previous: frozenset[str] = frozenset()
    said: str | None = None
    since = clock()
    while selling.outcome is None:
        lines: list[str] = []
        try:
            for line in map(common.on_one_line, selling.step()):
                lines.append(line)
                if line not in previous:
                    here.say(f"{time.strftime('%H:%M:%S')} {line}")
        except Refused:
            raise
        except failures.EXPECTED as error:
            lines.append(f"{common.on_one_line(failures.in_words(error))}; tries again")
            if lines[-1] not in previous:
                here.say(f"{time.strftime('%H:%M:%S')} {lines[-1]}")
        previous = frozenset(lines)
        waits = selling.waits_for
        if waits is not None and (waits[0] != said or clock() - since >= REMINDER):
            here.say(f"{time.strftime('%H:%M:%S')} waits for {waits[0]}: {waits[1]}")
            said, since = waits[0], clock()
        if selling.outcome is None:
            sleep(pause)
    return selling.outcome
